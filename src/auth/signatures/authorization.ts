import { SecretError } from '../../core/errors.ts';
import { TARGET_CHARACTERS } from '../../core/limits.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { type Algorithm, findAlgorithm } from './algorithms.ts';

/** What precedes the signature in an Authorization header: the same for every request of a client on one day. */
interface AuthorizationHead {
  readonly algorithm: Algorithm;
  /** 1 to 128 printable ASCII characters. */
  readonly accessKeyId: string;
  /** Begins with the day, `YYYYMMDD`; undefined unless the algorithm derives its key from it. */
  readonly scope: string | undefined;
  /** Lower-case, distinct, in the order given, with `x-sdk-date` among them. */
  readonly signedHeaders: readonly string[];
  /** The headers that verification reads: Authorization, the stated hash of the body, the signed ones. Distinct. */
  readonly headersRead: readonly string[];
}

/** A well-formed Authorization header of one of the signing schemes. */
export interface ParsedAuthorization extends AuthorizationHead {
  readonly signature: string;
}

/** Bounds of what is read and echoed, in characters, except for the number of header names. */
export const SIGNATURE_LIMITS = Object.freeze({
  authorization: 8_192,
  accessKeyId: 128,
  signature: 256,
  signedHeaders: 64,
  /** Every target that is accepted can be signed, with the longest query. */
  target: TARGET_CHARACTERS.path + TARGET_CHARACTERS.query + 1,
  echo: 4_096,
});

const ACCESS_KEY_ID = /^[\x21-\x2b\x2d-\x2e\x30-\x3c\x3e-\x7e]{1,128}$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]{1,128}$/;
const SIGNATURE = 'Signature=';
const KNOWN_HEADS_MAX = 1_000;
/** Heads that were parsed before. Parsing is pure, so an entry is valid for ever. */
const knownHeads = createBoundedMap<string, AuthorizationHead>(KNOWN_HEADS_MAX);

/**
 * Reads an Authorization header. Undefined for other schemes (Bearer, Basic).
 * Throws credentials-unsupported with the reason when the scheme is SDK-* or V11-* and the rest is not as the SDKs write
 * it.
 * @see API Gateway, AK/SK signing
 */
export function parseAuthorization(header: string): ParsedAuthorization | undefined {
  const text = header.trim();
  const signatureAt = text.lastIndexOf(SIGNATURE) + SIGNATURE.length;
  const known = knownHeads.get(text.slice(0, signatureAt));
  const signature = text.slice(signatureAt);
  const isShort = text.length <= SIGNATURE_LIMITS.authorization;
  if (known !== undefined && isShort && isSignature(signature)) return { ...known, signature };
  const parsed = parseAnew(text);
  // Only if the signature is last, as every client writes it.
  if (parsed?.signature === signature) knownHeads.set(text.slice(0, signatureAt), parsed);
  return parsed;
}

function isSignature(text: string): boolean {
  return text !== '' && text.length <= SIGNATURE_LIMITS.signature && !text.includes(',');
}

function parseAnew(text: string): ParsedAuthorization | undefined {
  const blank = text.indexOf(' ');
  const scheme = blank < 0 ? text : text.slice(0, blank);
  if (!/^(?:SDK|V11)-/i.test(scheme)) return undefined;
  if (text.length > SIGNATURE_LIMITS.authorization) throw unsupported('the Authorization header is too long');
  const rest = blank < 0 ? '' : text.slice(blank + 1);
  const usual = findAlgorithm(scheme);
  const algorithm = rest.includes('Credential=') ? (usual.older ?? usual) : usual;
  const identity = algorithm.scope === undefined ? 'Access' : 'Credential';
  const fields = parseFields(rest, [identity, 'SignedHeaders', 'Signature']);
  const credential = splitCredential(fields.get(identity) ?? '', algorithm);
  const signature = fields.get('Signature') ?? '';
  if (signature.length > SIGNATURE_LIMITS.signature) throw unsupported('Signature is too long');
  const signedHeaders = parseSignedHeaders(fields.get('SignedHeaders') ?? '');
  const headersRead = [...new Set(['authorization', algorithm.payloadHeader, ...signedHeaders])];
  return { algorithm, ...credential, signedHeaders, headersRead, signature };
}

function parseFields(text: string, names: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(',', names.length + 1)) {
    const field = part.trim();
    const equals = field.indexOf('=');
    const name = field.slice(0, Math.max(equals, 0));
    if (!names.includes(name) || fields.has(name)) {
      throw unsupported(
        `the Authorization header must hold ${names.join(', ')}, each once, and nothing else`,
      );
    }
    fields.set(name, field.slice(equals + 1));
  }
  const absent = names.find((name) => (fields.get(name) ?? '') === '');
  if (absent !== undefined) throw unsupported(`${absent} is missing in the Authorization header`);
  return fields;
}

function splitCredential(
  text: string,
  algorithm: Algorithm,
): { readonly accessKeyId: string; readonly scope: string | undefined } {
  const slash = algorithm.scope === undefined ? -1 : text.indexOf('/');
  const accessKeyId = slash < 0 ? text : text.slice(0, slash);
  if (!ACCESS_KEY_ID.test(accessKeyId)) throw unsupported('the access key id is malformed');
  if (algorithm.scope === undefined) return { accessKeyId, scope: undefined };
  const scope = text.slice(slash + 1);
  const { pattern, shown } = algorithm.scope;
  if (slash < 0 || !pattern.test(scope)) throw unsupported(`Credential must be ${shown}`);
  return { accessKeyId, scope };
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';', SIGNATURE_LIMITS.signedHeaders + 1);
  if (names.length > SIGNATURE_LIMITS.signedHeaders) throw unsupported('SignedHeaders holds too many names');
  if (!names.every((name) => HEADER_NAME.test(name))) {
    throw unsupported('SignedHeaders must be lower-case header names with ; between them');
  }
  if (new Set(names).size !== names.length) throw unsupported('SignedHeaders names a header twice');
  if (!names.includes('x-sdk-date')) throw unsupported('SignedHeaders must name x-sdk-date');
  return names;
}

function unsupported(reason: string): SecretError {
  return new SecretError('credentials-unsupported', reason);
}
