import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';

/** Where a server listens. */
export interface Bound {
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly port: number;
}

const LOOPBACK_OF_ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The bound address, as a client on the same machine writes it. */
export function localUrl(bound: Bound): string {
  return urlOf(bound, LOOPBACK_OF_ANY[bound.address] ?? bound.address);
}

/**
 * The bound address as other machines write it, where no public address is configured. A server that listens on all
 * addresses goes by the machine's name: loopback would lead others to their own machines.
 */
export function remoteUrl(bound: Bound): string {
  return urlOf(bound, LOOPBACK_OF_ANY[bound.address] === undefined ? bound.address : hostname());
}

function urlOf({ scheme, port }: Bound, host: string): string {
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
