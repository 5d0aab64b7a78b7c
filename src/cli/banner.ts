import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RESOURCES } from '../std/resources.ts';
import type { KnownIdentity } from './credentials.ts';

/** Where the server runs, as the person sees it who reads what it prints. */
export interface Place {
  readonly endpoint: string;
  readonly credentials: string;
  /** Lines for a shell, before all others. */
  readonly preparation: string;
  /** What they start the program with. */
  readonly program: string;
  /** In a shell that has run the preparation. */
  readonly projectId: string;
}

/** The folder where this program was started. */
export function placeHere({
  baseUrl,
  credentialsFile,
}: {
  readonly baseUrl: string;
  readonly credentialsFile: string;
}): Place {
  return {
    endpoint: baseUrl,
    credentials: `${credentialsFile}, for a shell or --env-file`,
    preparation: source(credentialsFile),
    program: program(),
    projectId: '$HUAWEICLOUD_SDK_PROJECT_ID',
  };
}

/**
 * What `dev` prints when it listens: credentials, and lines to paste into a POSIX shell at the place. No line is longer
 * than a terminal of 100 columns unless a path is, and none can fetch a program from a registry.
 */
export function banner(identity: KnownIdentity, place: Place): string {
  const isKnown = identity.password !== '';
  const password = isKnown ? `password ${identity.password}` : 'password not known here: it was changed';
  return `
csms-server, for development: what is stored is encrypted, but its key lies beside it.

  endpoint     ${place.endpoint}
  access key   ${identity.accessKeyId}
  secret key   ${identity.secretKey}
  project id   ${identity.projectId}
  user         ${identity.userName}, domain ${identity.domainName}, ${password}
  credentials  ${place.credentials}

${isKnown ? linesWithToken(place) : signedLines(place)}
`;
}

function linesWithToken({ preparation, program, projectId }: Place): string {
  const name = `demo-${randomBytes(3).toString('hex')}`;
  const token = `-H "X-Auth-Token: $TOKEN"`;
  return `Store a secret, read it back, list all (the token lasts a day):

${preparation}
TOKEN=$(${program} token)
SECRETS=$CSMS_ENDPOINT/v1/${projectId}/secrets
curl -sSw '\\n' "$SECRETS" ${token} -H 'Content-Type: application/json' \\
  -d '{"name":"${name}","secret_string":"correct horse"}'
curl -sSw '\\n' "$SECRETS/${name}/versions/latest" ${token}
curl -sSw '\\n' "$SECRETS" ${token}

The same, signed as the SDKs do:

${program} call GET '/v1/{project_id}/secrets'
`;
}

function signedLines({ preparation, program }: Place): string {
  return `List all secrets, signed as the SDKs do:

${preparation}
${program} call GET '/v1/{project_id}/secrets'
`;
}

/** Exported, so that programs started from this shell see them too. */
function source(file: string): string {
  const path = file.startsWith('/') ? file : `./${file}`;
  return `set -a; . ${shellWord(path)}; set +a`;
}

/** How this program is started from here; without an installed package `npx` would fetch a stranger's. */
export function program(): string {
  const launcher = fileURLToPath(RESOURCES.launcher);
  const near = relative(process.cwd(), launcher);
  return `node ${shellWord(near.startsWith('..') ? launcher : near)}`;
}

/** The text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
