/** A network, or one address: the bits that count, in groups of 16. */
export interface Network {
  /** Two groups for IPv4, eight for IPv6. */
  readonly groups: readonly number[];
  readonly prefix: number;
}

const MAPPED_BITS = 96;

/** True for an IPv4 or IPv6 address, also with a zone. */
export function isAddress(text: string): boolean {
  return readPeer(text) !== undefined;
}

/** Reads an address or a network such as `10.0.0.0/8`; undefined for any other text. IPv6 forms of IPv4 are IPv4. */
export function readNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const written = groupsOf(address);
  if (written === undefined || rest.length > 0) return undefined;
  const bits = written.length * 16;
  if (length !== undefined && (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits))
    return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (isMapped(written) && prefix >= MAPPED_BITS) {
    return { groups: written.slice(6), prefix: prefix - MAPPED_BITS };
  }
  return { groups: written, prefix };
}

/** True when the address is in the network; false for a text that is none. */
export function isWithin(address: string, { groups, prefix }: Network): boolean {
  const own = readPeer(address);
  if (own?.length !== groups.length) return false;
  for (let index = 0; index * 16 < prefix; index += 1) {
    const dropped = Math.max((index + 1) * 16 - prefix, 0);
    if ((own[index] ?? 0) >> dropped !== (groups[index] ?? 0) >> dropped) return false;
  }
  return true;
}

/** The last one is kept: the networks of a policy are all compared with the same peer. */
let last: { readonly text: string; readonly groups: readonly number[] | undefined } | undefined;

function readPeer(text: string): readonly number[] | undefined {
  if (last?.text !== text) last = { text, groups: readAddress(withoutZone(text)) };
  return last.groups;
}

function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}

function readAddress(text: string): readonly number[] | undefined {
  const groups = groupsOf(text);
  return groups !== undefined && isMapped(groups) ? groups.slice(6) : groups;
}

function isMapped(groups: readonly number[]): boolean {
  return groups.length === 8 && groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

function groupsOf(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return readIpv4(text);
  const [head = '', tail, ...rest] = text.split('::');
  const before = readGroups(head);
  const after = tail === undefined ? [] : readGroups(tail);
  if (before === undefined || after === undefined || rest.length > 0) return undefined;
  // An IPv4 address can only be at the very end.
  if (tail !== undefined && head.includes('.')) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** Groups with colons between them, of which the last may be an IPv4 address. */
function readGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const read = isLast && part.includes('.') ? readIpv4(part) : readGroup(part);
    if (read === undefined) return undefined;
    groups.push(...read);
  }
  return groups;
}

function readGroup(part: string): readonly number[] | undefined {
  return /^[0-9a-f]{1,4}$/i.test(part) ? [Number.parseInt(part, 16)] : undefined;
}

function readIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d];
}
