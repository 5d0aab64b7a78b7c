/** How the path on the wire becomes the canonical one: decoded and encoded again, or encoded as it is. */
export type PathMode = 'decode' | 'raw';

/** What a `+` in the query means: itself, or a space (form encoders). */
export type PlusMode = 'literal' | 'blank';

/** One way in which a target may have been signed. */
export interface CanonicalMode {
  readonly path: PathMode;
  readonly plus: PlusMode;
}

/** The parts of a canonical request that are the same in all modes. */
export interface CanonicalParts {
  readonly method: string;
  /** Request target as received, before routing. */
  readonly target: string;
  /** Lower-case names, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** Their values, trimmed, in the same order; characters stand for bytes (latin1), as Node provides them. */
  readonly values: readonly string[];
  readonly payloadHash: string;
}

/** A request's headers of some names. */
export interface HeaderValues {
  /** In the order of the names; undefined where the header is absent. Of a repeated one, the first. */
  readonly values: readonly (string | undefined)[];
  /** The first of these names that is repeated. */
  readonly doubled: string | undefined;
}

const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/;
const UNRESERVED_PATH = /^[A-Za-z0-9\-_.~/]*$/;
const RESERVED = /[^A-Za-z0-9\-_.~]/g;
/** An invalid escape, a fragment (routers cut it off), and bytes that a client must escape. */
const UNREADABLE = /%(?![0-9A-Fa-f]{2})|#|[^ -~]/;
/** The placeholder of a client without a project id; no real project has that name. */
const PLACEHOLDER = /^\/v\d+(?:\.\d+)?\/%7B\w+%7D(?:\/|$)/;
const DECODE: CanonicalMode = { path: 'decode', plus: 'literal' };
const DECODE_BLANK: CanonicalMode = { path: 'decode', plus: 'blank' };
const RAW: CanonicalMode = { path: 'raw', plus: 'literal' };
const DECODE_LITERAL = [DECODE];
const DECODE_BOTH = [DECODE, DECODE_BLANK];
const WITH_RAW = [DECODE, RAW];
const ENCODED: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

/**
 * Finds headers in Node's flat list of names and values, without Node's rules for repeated names.
 * `names`: lower-case, distinct. Values are trimmed of spaces and tabs only (a latin1 0xA0 may be half of a UTF-8
 * character).
 */
export function readHeaders(rawHeaders: readonly string[], names: readonly string[]): HeaderValues {
  const values: (string | undefined)[] = names.map(() => undefined);
  let doubledAt = names.length;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const at = names.indexOf((rawHeaders[index] ?? '').toLowerCase());
    if (at < 0) continue;
    if (values[at] === undefined) values[at] = trimBlanks(rawHeaders[index + 1] ?? '');
    else doubledAt = Math.min(doubledAt, at);
  }
  return { values, doubled: names[doubledAt] };
}

/**
 * The ways in which this target may have been signed, most likely first; at most two, and distinct. They depend on the
 * target alone, so a wrong key costs the same as a wrong signature. Mode `raw` is for the literal `{project_id}` of the
 * Node SDK, which then gets an error that says what is missing; no such request is carried out.
 */
export function canonicalModes(target: string): readonly CanonicalMode[] {
  if (target.includes('%7B') && PLACEHOLDER.test(splitTarget(target).path)) return WITH_RAW;
  return splitTarget(target).query.includes('+') ? DECODE_BOTH : DECODE_LITERAL;
}

/**
 * Builds the canonical request, whose hash is signed.
 * Undefined when the target is ambiguous: not starting with `/`, with an invalid escape, a `#`, or characters beyond
 * ASCII.
 * @see API Gateway, AK/SK signing; docs/behaviour/signatures.md
 */
export function canonicalRequest(parts: CanonicalParts, mode: CanonicalMode): string | undefined {
  const { path, query } = splitTarget(parts.target);
  if (!path.startsWith('/') || UNREADABLE.test(parts.target)) return undefined;
  const { signedHeaders, values } = parts;
  let text = `${parts.method}\n${canonicalUri(path, mode.path)}\n${canonicalQuery(query, mode.plus)}\n`;
  let names = '';
  // Every signed request gets here; `entries` and `join` would cost as much as all the rest.
  for (let index = 0; index < signedHeaders.length; index += 1) {
    const name = signedHeaders[index] ?? '';
    text += `${name}:${values[index] ?? ''}\n`;
    names += index === 0 ? name : `;${name}`;
  }
  return `${text}\n${names}\n${parts.payloadHash}`;
}

/** Without spaces and tabs at both ends; all other white space of Unicode is part of a value. */
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

/** One character per byte, so that comparing characters compares bytes. */
function decodeBytes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function encodeBytes(bytes: string): string {
  if (UNRESERVED.test(bytes)) return bytes;
  // Node never provides characters above 0xFF; `?` is in no canonical path or value, so they match nothing.
  return bytes.replace(RESERVED, (character) => ENCODED[character.charCodeAt(0)] ?? '?');
}

function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
