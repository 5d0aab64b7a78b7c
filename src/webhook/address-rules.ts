import { isIP } from 'node:net';
import { StartError } from '../app/start-error.ts';
import { createNetworks, isLoopbackAddress, isNetwork } from '../std/networks.ts';

/** Which hosts and addresses may be called; read from `CSMS_WEBHOOK_HOSTS`. */
export interface AddressRules {
  /** Why a URL must not be called, as the end of a sentence; undefined when it may be. Judges only the text. */
  refuseUrl(url: URL): string | undefined;
  /** True when a connection to this address, which a host name led to, is allowed. */
  allowsAddress(address: string): boolean;
}

/** The only part of IPv6 from which public addresses are given out. @see IANA IPv6 global unicast assignments; RFC 4291 */
const GLOBAL_NETWORKS: readonly string[] = ['2000::/3'];
/** An IPv4 address in IPv6 form, which is judged as IPv4. @see RFC 4291, 2.5.5.2 */
const MAPPED_NETWORKS: readonly string[] = ['::ffff:0:0/96'];
/**
 * What is not a public unicast address although it is IPv4 or among the global ones of IPv6; 100.64/10 holds the metadata
 * service of some clouds, 6to4 and Teredo lead to IPv4 addresses. @see IANA special-purpose address registries; RFC 6890
 */
const SPECIAL_NETWORKS: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

/** The word in `CSMS_WEBHOOK_HOSTS` for this machine: `localhost` and its addresses, any port, plain HTTP too. */
export const LOOPBACK_WORD = 'loopback';

const isGlobal = createNetworks([...GLOBAL_NETWORKS, ...MAPPED_NETWORKS]);
const isSpecial = createNetworks(SPECIAL_NETWORKS);

/**
 * Reads a list such as `ops.example,ops.example:8443,10.2.0.0/16,loopback`. A host name allows its port 443, or the port
 * behind it; a network allows addresses that are otherwise refused (private ones and the like), also as hosts in URLs.
 * Throws StartError (configuration).
 */
export function parseAddressRules(text: string): AddressRules {
  const hosts = new Set<string>();
  const ranges: string[] = [];
  let allowsLoopback = false;
  for (const part of text.split(',').map((entry) => entry.trim().toLowerCase())) {
    if (part === '') continue;
    if (part === LOOPBACK_WORD) allowsLoopback = true;
    else if (isNetwork(part)) ranges.push(part);
    else hosts.add(parseHost(part));
  }
  return createRules({ hosts, isAllowed: createNetworks(ranges), allowsLoopback });
}

function createRules({
  hosts,
  isAllowed,
  allowsLoopback,
}: {
  readonly hosts: ReadonlySet<string>;
  readonly isAllowed: (address: string) => boolean;
  readonly allowsLoopback: boolean;
}): AddressRules {
  const isLoopback = (host: string): boolean =>
    allowsLoopback && (host === 'localhost' || isLoopbackAddress(host));
  return {
    refuseUrl(url) {
      if (url.username !== '' || url.password !== '') return 'must not hold credentials';
      if (url.hash !== '') return 'must not hold a fragment';
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (isLoopback(host)) {
        return url.protocol === 'http:' || url.protocol === 'https:'
          ? undefined
          : 'must be an http or https URL';
      }
      if (url.protocol !== 'https:') return 'must be an https URL';
      if (hosts.has(`${host} ${url.port || '443'}`)) return undefined;
      if (url.port === '' && isAllowed(host)) return undefined;
      return 'has a host or port that CSMS_WEBHOOK_HOSTS does not allow';
    },
    allowsAddress(address) {
      if (isIP(address) === 0) return false;
      if (allowsLoopback && isLoopbackAddress(address)) return true;
      return isAllowed(address) || isPublic(address);
    },
  };
}

function isPublic(address: string): boolean {
  return (isIP(address) === 4 || isGlobal(address)) && !isSpecial(address);
}

/** `<host> <port>`, the host as a URL spells it. */
function parseHost(text: string): string {
  const [, host = '', port = '443'] = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const parsed = host === '' ? null : URL.parse(`https://${host}/`);
  if (parsed === null || Number(port) < 1 || Number(port) > 65_535) {
    throw new StartError(
      'configuration',
      `CSMS_WEBHOOK_HOSTS must be a list of host, host:port, network or ${LOOPBACK_WORD}, such as ops.example,10.2.0.0/16`,
    );
  }
  return `${parsed.hostname.replace(/^\[|\]$/g, '')} ${Number(port)}`;
}
