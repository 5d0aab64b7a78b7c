/** How the path on the wire becomes the canonical one: decoded and encoded again, or encoded as it stands. */
export type PathMode = 'decode' | 'raw';

/** What a `+` in the query means: itself, or a blank (form encoders). */
export type PlusMode = 'literal' | 'blank';

/** The parts of a canonical request that are the same in all modes. */
export interface CanonicalParts {
  readonly method: string;
  /** Request target as received, before any router has touched it. */
  readonly target: string;
  /** Lower-case names, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** Their values, trimmed, in the same order; characters stand for bytes (latin1), as Node hands them over. */
  readonly values: readonly string[];
  readonly payloadHash: string;
}

/** Header fields as received; a name that came more than once is in `doubled`, and `values` has its first. */
export interface HeaderFields {
  readonly values: ReadonlyMap<string, string>;
  readonly doubled: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();
const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/;
const UNRESERVED_PATH = /^[A-Za-z0-9\-_.~/]*$/;
const RESERVED = /[^A-Za-z0-9\-_.~]/g;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** What the Node SDK escapes before its signer encodes a second time; nothing else ever needs mode `raw`. */
const PRE_ESCAPED = /^(?:[^%]|%(?:20|22|27|3C|3E|5C|5E|60|7B|7C|7D))*$/;
const ENCODED: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

/**
 * Reads Node's flat list of header names and values, without its rules for repeated names. Pure.
 * Names are lowered; values are trimmed of blanks and tabs only (a latin1 0xA0 may be half of a UTF-8 character).
 */
export function readHeaders(rawHeaders: readonly string[]): HeaderFields {
  const values = new Map<string, string>();
  let doubled: Set<string> | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (values.has(name)) {
      doubled ??= new Set();
      doubled.add(name);
    } else {
      values.set(name, trimBlanks(rawHeaders[index + 1] ?? ''));
    }
  }
  return { values, doubled: doubled ?? NONE };
}

/**
 * The ways in which this target may have been signed, most likely first; at most four. Pure: it depends on the
 * target alone, so a wrong key costs the same as a wrong signature.
 */
export function canonicalModes(
  target: string,
): readonly { readonly path: PathMode; readonly plus: PlusMode }[] {
  const { path, query } = splitTarget(target);
  const paths: readonly PathMode[] =
    path.includes('%') && PRE_ESCAPED.test(path) ? ['decode', 'raw'] : ['decode'];
  const pluses: readonly PlusMode[] = query.includes('+') ? ['literal', 'blank'] : ['literal'];
  return paths.flatMap((mode) => pluses.map((plus) => ({ path: mode, plus })));
}

/**
 * Builds the canonical request, whose hash is signed. Pure.
 * Undefined when the target cannot be read: not starting with `/`, or with a percent sign that starts no escape.
 * @see auth-and-clients.md 1.1 and 1.3, steps 3 to 6
 */
export function canonicalRequest(
  parts: CanonicalParts,
  mode: { readonly path: PathMode; readonly plus: PlusMode },
): string | undefined {
  const { path, query } = splitTarget(parts.target);
  if (!path.startsWith('/') || BAD_ESCAPE.test(parts.target)) return undefined;
  let text = `${parts.method}\n${canonicalUri(path, mode.path)}\n${canonicalQuery(query, mode.plus)}\n`;
  for (const [index, name] of parts.signedHeaders.entries()) text += `${name}:${parts.values[index] ?? ''}\n`;
  return `${text}\n${parts.signedHeaders.join(';')}\n${parts.payloadHash}`;
}

/** Without blanks and tabs at both ends; all other white space of Unicode is part of a value. Pure. */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

function canonicalUri(path: string, mode: PathMode): string {
  const encoded = UNRESERVED_PATH.test(path)
    ? path
    : path
        .split('/')
        .map((segment) => encodeBytes(mode === 'decode' ? decodeBytes(segment) : segment))
        .join('/');
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string, plus: PlusMode): string {
  if (query === '') return '';
  const pairs: { readonly name: string; readonly value: string }[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const text = plus === 'blank' ? part.replaceAll('+', ' ') : part;
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    pairs.push({ name: decodeBytes(name), value: equals < 0 ? '' : decodeBytes(text.slice(equals + 1)) });
  }
  pairs.sort((a, b) => compareBytes(a.name, b.name) || compareBytes(a.value, b.value));
  return pairs.map((pair) => `${encodeBytes(pair.name)}=${encodeBytes(pair.value)}`).join('&');
}

/** One character per byte, so that comparing characters is comparing bytes. */
function decodeBytes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function encodeBytes(bytes: string): string {
  if (UNRESERVED.test(bytes)) return bytes;
  // Node never hands over characters above 0xFF; `?` is in no canonical path or value, so they match nothing.
  return bytes.replace(RESERVED, (character) => ENCODED[character.charCodeAt(0)] ?? '?');
}

function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
