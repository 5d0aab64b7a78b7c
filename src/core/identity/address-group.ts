const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The group of peers that count as one: an IPv4 address itself, also when written as IPv6, and the /64 of an IPv6
 * address, since one host may use all of it. Any other text is its own group.
 */
export function addressGroup(address: string): string {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ''] = address.split('%', 1);
  if (!bare.includes(':')) return address;
  const [head = '', tail] = bare.split('::', 2).map((half) => half.toLowerCase());
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two parts; it is never among the first four of a full address.
  const width = before.length + after.length + (bare.includes('.') ? 1 : 0);
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - width }, () => '0');
  const parts = [...before, ...zeros, ...after].slice(0, 4);
  return `${parts.map((part) => part.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
