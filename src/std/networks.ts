import { BlockList, isIP } from 'node:net';

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** True for a network such as `10.2.0.0/16` or `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (BITS[isIP(address)] ?? -1);
  return isPrefix && rest.length === 0 && !address.includes('%');
}

/**
 * Prepares the check whether an address is in one of these networks, or is one of these addresses; false for texts that
 * are no addresses. An IPv4 address in IPv6 form (`::ffff:…`) is judged as IPv4.
 */
export function createNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix ?? BITS[isIP(address)]), familyOf(address));
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

/** True for a loopback address in any form; false for all other texts. */
export const isLoopbackAddress = createNetworks(['127.0.0.0/8', '::1/128']);

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
