import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { StartError } from '../../app/start-error.ts';
import { readHost, readHosts } from '../../http/connections/host.ts';
import { ControlError } from './control-error.ts';

/** Refuses a request to the control API. Throws ControlError: forbidden, then unauthorized. */
export type CheckAccess = (headers: IncomingHttpHeaders) => void;

const BEARER = /^bearer +(\S+)$/i;
const OWN_NAME = /(?:^|\.)(?:localhost|internal)$/;

/**
 * Creates the check. A page in a browser gets nothing, neither its own way (Origin, Sec-Fetch-Site) nor under a name that
 * its owner has led to this machine: such a name has a dot. `hosts`: more names, by commas.
 * Throws StartError for an invalid list of hosts.
 */
export function createProtection({
  token,
  hosts,
}: {
  readonly token: string;
  readonly hosts: string;
}): CheckAccess {
  const names = new Set(parseNames(hosts));
  const wanted = Buffer.from(token);

  function isOwnHost(text: string): boolean {
    const name = readHost(text)?.name;
    if (name === undefined) return false;
    const address = name.replace(/^\[|\]$/g, '');
    return isIP(address) !== 0 || !name.includes('.') || OWN_NAME.test(name) || names.has(name);
  }

  return ({ host = '', origin, 'sec-fetch-site': site, authorization = '' }) => {
    if (origin !== undefined || site !== undefined) {
      throw new ControlError('forbidden', 'a page in a browser may not call the control API');
    }
    if (!isOwnHost(host)) {
      throw new ControlError('forbidden', 'Host is not one of the control API; see CSMS_CONTROL_HOSTS');
    }
    const given = Buffer.from(BEARER.exec(authorization)?.[1] ?? '');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new ControlError('unauthorized', 'Authorization must be Bearer and the control token');
    }
  };
}

function parseNames(text: string): string[] {
  const hosts = readHosts(text);
  if (hosts?.every(({ port }) => port === '')) return hosts.map(({ name }) => name);
  throw new StartError(
    'configuration',
    'CSMS_CONTROL_HOSTS must be a list of host names, such as csms.example',
  );
}
