import { hostname } from 'node:os';
import type { Place } from './banner.ts';

/** Set by the image. @see the "container interface" of systemd, where the variable and this value are from */
export function isContained(env: Readonly<Record<string, string | undefined>>): boolean {
  return env.container === 'oci';
}

/**
 * A container, seen from the machine that runs it: `program` is in it, and only there. `baseUrl` is the address inside; where
 * its port is published cannot be known in here, so `publicUrl` tells, or an example does.
 */
export function placeOutside({
  baseUrl,
  publicUrl,
  projectId,
  credentialsFile,
}: {
  readonly baseUrl: string;
  readonly publicUrl: string | undefined;
  readonly projectId: string;
  readonly credentialsFile: string;
}): Place {
  // Unless it was given another name, a container goes by the first digits of its id, which name it for the engine.
  const container = hostname();
  const { port, protocol } = new URL(baseUrl);
  const example = `${protocol}//127.0.0.1:${port}`;
  return {
    endpoint:
      publicUrl ??
      `where port ${port} of this container is published, which is not known in here;
               ${example} with docker run -p 127.0.0.1:${port}:${port}`,
    credentials: `docker cp ${container}:${credentialsFile} .`,
    preparation: `CSMS_ENDPOINT=${publicUrl ?? example}`,
    program: `docker exec ${container} csms-server`,
    projectId,
  };
}
