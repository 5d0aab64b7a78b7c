import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { StartError } from '../../app/start-error.ts';
import { SecretError } from '../../core/errors.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { isLoopbackAddress } from '../../std/networks.ts';
import { type Host, isLoopback, readHost, readHosts } from './host.ts';

/** The names under which the server is reached, and the pages that may call it. */
export interface Site {
  /**
   * Refuses what a browser sends for a foreign page, and a Host that is not one of this server's.
   * Throws request-malformed, host-foreign, origin-foreign.
   */
  check(request: IncomingMessage): void;
  /** The server's address in the response to a checked request: `scheme://host[:port]` and no final slash. */
  baseUrlOf(request: IncomingMessage): string;
}

/** The settings of a site, as the operator wrote them. */
export interface SiteSettings {
  /** The URL under which clients reach the server; absent: what their requests say. */
  readonly publicUrl: string | undefined;
  /** Hosts beside those of loopback, such as `csms.example,csms.example:8080`. */
  readonly allowedHosts: string;
  /** The address at which the server listens; read when an unknown host comes. */
  listenAddress(): string;
  readonly tls: boolean;
}

/** Host headers that are cached as accepted: clients have few, and an attacker may send many. */
const KNOWN_HOSTS_MAX = 64;
const FOREIGN_PAGE = /cross-site|same-site/i;

/**
 * Creates the rules of a site. A page whose name was rebound to this machine sends its own name as Host, so plain HTTP on
 * loopback accepts only loopback names and the operator's; elsewhere the network decides who gets there. Throws
 * StartError (configuration) for an invalid list of hosts.
 */
export function createSite({ publicUrl, allowedHosts, listenAddress, tls }: SiteSettings): Site {
  const allowed = parseHosts(allowedHosts);
  if (publicUrl !== undefined) allowed.add(readHost(new URL(publicUrl).host)?.name ?? '');
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  const known = createBoundedMap<string, true>(KNOWN_HOSTS_MAX);

  function isForeign(host: Host): boolean {
    if (isLoopback(host) || allowed.has(host.name) || allowed.has(nameWithPort(host))) return false;
    return !tls && isLoopbackAddress(listenAddress());
  }

  function checkHost(text: string): void {
    if (known.get(text) === true) return;
    const host = readHost(text);
    if (host === undefined) throw new SecretError('request-malformed', 'The header host is not a host.');
    if (isForeign(host)) throw new SecretError('host-foreign', '', { logReason: `host ${host.name}` });
    known.set(text, true);
  }

  function isOwnOrigin(origin: string, host: string): boolean {
    if (origin === publicOrigin) return true;
    const page = URL.parse(origin);
    if (page === null || !/^https?:$/.test(page.protocol) || (tls && page.protocol === 'http:')) return false;
    // Under the page's own scheme, so that its default port may be omitted on both sides.
    return page.host === URL.parse(`${page.protocol}//${host}`)?.host;
  }

  return {
    check({ headers }) {
      const { host = '', origin } = headers;
      // No browser omits it.
      if (host !== '') checkHost(host);
      const site = headers['sec-fetch-site'];
      if (site !== undefined && FOREIGN_PAGE.test(String(site))) throw new SecretError('origin-foreign');
      if (origin !== undefined && !isOwnOrigin(origin, host)) throw new SecretError('origin-foreign');
    },
    baseUrlOf({ headers, socket }) {
      return publicUrl ?? `${tls ? 'https' : 'http'}://${headers.host || localAddress(socket)}`;
    },
  };
}

function parseHosts(text: string): Set<string> {
  const hosts = readHosts(text);
  if (hosts !== undefined)
    return new Set(hosts.map((host) => (host.port === '' ? host.name : nameWithPort(host))));
  throw new StartError(
    'configuration',
    'CSMS_ALLOWED_HOSTS must be a list of hosts, such as csms.example,csms.example:8080',
  );
}

function nameWithPort({ name, port }: Host): string {
  return `${name}:${port}`;
}

/** The address that a request without a Host was sent to. */
function localAddress({ localAddress: address = '', localPort }: IncomingMessage['socket']): string {
  const host = address.replace(/^::ffff:/, '');
  return `${isIPv6(host) ? `[${host}]` : host}:${localPort}`;
}
