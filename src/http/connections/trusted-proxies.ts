import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { StartError } from '../../app/start-error.ts';
import { createNetworks, isNetwork } from '../../std/networks.ts';

/** True for the address of a proxy whose `X-Forwarded-For` counts; false for texts that are not addresses. */
export type IsTrustedProxy = (address: string) => boolean;

/** Entries of one header that are read: real chains of proxies are shorter. */
const HOPS_MAX = 32;
/** An IPv6 address with a zone, for which net.isIP has no limit. */
const ADDRESS_CHARACTERS_MAX = 64;

/**
 * Reads `CSMS_TRUSTED_PROXIES`: addresses and networks, such as `10.0.0.5,10.2.0.0/16,2001:db8::/32`; the empty text
 * trusts none. Throws StartError (configuration).
 */
export function parseTrustedProxies(text: string): IsTrustedProxy {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) return () => false;
  const isAddress = (entry: string) => isIP(entry) !== 0 && !entry.includes('%');
  if (entries.every((entry) => isAddress(entry) || isNetwork(entry))) return createNetworks(entries);
  throw new StartError(
    'configuration',
    'CSMS_TRUSTED_PROXIES must be a list of addresses and networks, such as 10.0.0.5,10.2.0.0/16',
  );
}

/**
 * The sender's address: that of the connection, unless it is a trusted proxy; then the right-most address of
 * `X-Forwarded-For` that is not one, since everything to its left is only the sender's claim. Where an entry is not an
 * address, the proxy that passed it on is the best known. Undefined for a connection that is gone.
 */
export function peerAddress(
  { headers, socket }: IncomingMessage,
  isTrusted: IsTrustedProxy,
): string | undefined {
  let peer = socket.remoteAddress;
  const header = headers['x-forwarded-for'];
  if (peer === undefined || typeof header !== 'string' || !isTrusted(peer)) return peer;
  let end = header.length;
  for (let hop = 0; hop < HOPS_MAX && end >= 0; hop += 1) {
    const comma = end === 0 ? -1 : header.lastIndexOf(',', end - 1);
    const entry = header.slice(comma + 1, end).trim();
    end = comma;
    if (entry === '') continue;
    const address = readAddress(entry);
    if (address === undefined) return peer;
    peer = address;
    if (!isTrusted(peer)) return peer;
  }
  return peer;
}

/** An entry's address without the port and brackets that some proxies add; undefined when it has none. */
function readAddress(entry: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(entry) ?? [];
  const address = bracketed ?? dotted ?? entry;
  return address.length <= ADDRESS_CHARACTERS_MAX && isIP(address) !== 0 ? address : undefined;
}
