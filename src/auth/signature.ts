import { hash } from 'node:crypto';
import { SecretError } from '../core/errors.ts';
import { type Algorithm, findAlgorithm, type SigningKey } from './algorithms.ts';
import {
  type CanonicalParts,
  canonicalModes,
  canonicalRequest,
  type PathMode,
  readHeaders,
} from './canonical.ts';

/** A request as it came off the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, raw. */
  readonly target: string;
  /** Node's flat list: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  /** The exact bytes, also of a GET. */
  readonly body: Buffer;
}

/** A well-formed Authorization header of one of the signing schemes. */
export interface ParsedAuthorization {
  readonly algorithm: Algorithm;
  /** 1 to 128 printable ASCII characters. */
  readonly accessKeyId: string;
  /** `<YYYYMMDD>/<region>/<service>`; undefined unless the algorithm derives its key from it. */
  readonly scope: string | undefined;
  /** Lower-case, distinct, in the order given, with `x-sdk-date` among them. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What the operator decides about bodies that are left out of the signature. */
export type UnsignedPayload = 'allow' | 'refuse';

/** The outcome of a verification; `reason` is text for the caller, without the gateway's sentence. */
export type Verdict =
  | {
      readonly isAuthentic: true;
      /** `raw` only for the Node SDK's double encoding, such as a literal `{project_id}` in the path. */
      readonly mode: PathMode;
      readonly canonicalHash: string;
      /** Value of X-Sdk-Date; its format is unchecked. */
      readonly date: string;
    }
  | { readonly isAuthentic: false; readonly reason: string };

/** Bounds of what is read and echoed, in characters, except for the number of header names. */
export const SIGNATURE_LIMITS = Object.freeze({
  authorization: 8_192,
  accessKeyId: 128,
  signature: 256,
  signedHeaders: 64,
  target: 32_768,
  echo: 4_096,
});

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const FAILED = 'verify aksk signature fail';
const ACCESS_KEY_ID = /^[\x21-\x2b\x2d-\x2e\x30-\x3c\x3e-\x7e]{1,128}$/;
const SCOPE = /^\d{8}\/[A-Za-z0-9_.-]{1,64}\/[A-Za-z0-9_.-]{1,64}$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]{1,128}$/;
const SDK_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const NOT_ECHOED = /[^\x20-\x7e]/g;
/** Credentials that may be among the signed headers: their values are not sent back. */
const REDACTED: ReadonlySet<string> = new Set([
  'x-security-token',
  'x-auth-token',
  'authorization',
  'cookie',
]);

/**
 * Reads an Authorization header. Pure. Undefined when its scheme is none of ours (Bearer, Basic).
 * Throws credentials-unsupported with the reason when the scheme is SDK-* or V11-* and anything about it is not as
 * the SDKs write it.
 * @see auth-and-clients.md 1.3, steps 2 and 3
 */
export function parseAuthorization(header: string): ParsedAuthorization | undefined {
  const text = header.trim();
  const blank = text.indexOf(' ');
  const scheme = blank < 0 ? text : text.slice(0, blank);
  if (!/^(?:SDK|V11)-/i.test(scheme)) return undefined;
  if (text.length > SIGNATURE_LIMITS.authorization) throw unsupported('the Authorization header is too long');
  const algorithm = findAlgorithm(scheme);
  const identity = algorithm.isScoped ? 'Credential' : 'Access';
  const fields = parseFields(blank < 0 ? '' : text.slice(blank + 1), [
    identity,
    'SignedHeaders',
    'Signature',
  ]);
  const credential = splitCredential(fields.get(identity) ?? '', algorithm);
  const signature = fields.get('Signature') ?? '';
  if (signature.length > SIGNATURE_LIMITS.signature) throw unsupported('Signature is too long');
  const signedHeaders = parseSignedHeaders(fields.get('SignedHeaders') ?? '');
  return { algorithm, ...credential, signedHeaders, signature };
}

/**
 * Checks that the request is what the owner of `key` has signed. Pure; the work depends on the request alone,
 * never on the key. The age of the date is the caller's to check, afterwards.
 * Refuses signed headers that are absent or doubled, a stated body hash that is not the body's, and a V11
 * credential of another day than the date.
 * @see auth-and-clients.md 1.3, steps 3 to 7
 */
export function verifySignature(input: {
  readonly request: SignedRequest;
  readonly authorization: ParsedAuthorization;
  readonly key: SigningKey;
  readonly unsignedPayload: UnsignedPayload;
}): Verdict {
  const { request, authorization, key } = input;
  const { algorithm, scope, signature } = authorization;
  const read = readSignedParts(input);
  if (typeof read === 'string') return refused(`${FAILED}, ${read}`);
  const { parts, date } = read;
  if (scope !== undefined && scope.slice(0, 8) !== date.slice(0, 8)) {
    return refused(`${FAILED}, the date of Credential is not the date of X-Sdk-Date`);
  }
  for (const mode of canonicalModes(request.target)) {
    const canonical = canonicalRequest(parts, mode);
    if (canonical === undefined) return refused(`${FAILED}, the request target is malformed`);
    const canonicalHash = hash(algorithm.digest, Buffer.from(canonical, 'latin1'), 'hex');
    const scopeLine = scope === undefined ? '' : `${scope}\n`;
    const stringToSign = `${algorithm.name}\n${date}\n${scopeLine}${canonicalHash}`;
    if (algorithm.matches({ key, scope, stringToSign, signature })) {
      return { isAuthentic: true, mode: mode.path, canonicalHash, date };
    }
  }
  return refused(`${FAILED}, canonicalRequest:${echoCanonical(parts)}`);
}

/** Epoch milliseconds of `YYYYMMDDTHHMMSSZ`; undefined for anything else. Pure. */
export function parseSdkDate(text: string): number | undefined {
  const match = SDK_DATE.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  // A thirteenth month or a 31st of June comes back as another day, hour 24 as the next one.
  const date = new Date(timeMs);
  const isSame = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  return isSame && minute < 60 && second < 60 && date.getUTCFullYear() === year ? timeMs : undefined;
}

/** `YYYYMMDDTHHMMSSZ` of epoch milliseconds, rounded down to the second. Pure. */
export function formatSdkDate(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
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
  const slash = algorithm.isScoped ? text.indexOf('/') : -1;
  const accessKeyId = slash < 0 ? text : text.slice(0, slash);
  if (!ACCESS_KEY_ID.test(accessKeyId)) throw unsupported('the access key id is malformed');
  if (!algorithm.isScoped) return { accessKeyId, scope: undefined };
  const scope = text.slice(slash + 1);
  if (slash < 0 || !SCOPE.test(scope)) throw unsupported('Credential must be AK/YYYYMMDD/region/service');
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

/** The canonical parts and the date, or the reason why there are none. */
function readSignedParts(
  input: Parameters<typeof verifySignature>[0],
): { readonly parts: CanonicalParts; readonly date: string } | string {
  const { request, authorization } = input;
  if (request.target.length > SIGNATURE_LIMITS.target) return 'the request target is too long';
  const headers = readHeaders(request.rawHeaders);
  const { algorithm, signedHeaders } = authorization;
  if (headers.doubled.size > 0) {
    const once = ['authorization', algorithm.payloadHeader, ...signedHeaders];
    const doubled = once.find((name) => headers.doubled.has(name));
    if (doubled !== undefined) return `header ${doubled} is doubled`;
  }
  const absent = signedHeaders.find((name) => !headers.values.has(name));
  if (absent !== undefined) return `signed header ${absent} is absent`;
  const bodyHash = hash(algorithm.digest, request.body, 'hex');
  const stated = headers.values.get(algorithm.payloadHeader);
  if (stated === UNSIGNED && input.unsignedPayload === 'refuse') return `${UNSIGNED} is refused`;
  if (stated !== undefined && stated !== UNSIGNED && stated !== bodyHash) {
    return `${algorithm.payloadHeader} is not the hash of the body`;
  }
  const values = signedHeaders.map((name) => headers.values.get(name) ?? '');
  const parts = {
    method: request.method,
    target: request.target,
    signedHeaders,
    values,
    payloadHash: stated ?? bodyHash,
  };
  return { parts, date: headers.values.get('x-sdk-date') ?? '' };
}

/** What the server computed, on one line; it holds nothing but what the caller has sent. */
function echoCanonical(parts: CanonicalParts): string {
  const values = parts.values.map((value, index) =>
    REDACTED.has(parts.signedHeaders[index] ?? '') ? '***' : value,
  );
  const text = canonicalRequest({ ...parts, values }, { path: 'decode', plus: 'literal' }) ?? '';
  const line = text.slice(0, SIGNATURE_LIMITS.echo).replaceAll('\n', '|').replaceAll(NOT_ECHOED, '?');
  return text.length > SIGNATURE_LIMITS.echo ? `${line}...` : line;
}

function refused(reason: string): Verdict {
  return { isAuthentic: false, reason };
}

function unsupported(reason: string): SecretError {
  return new SecretError('credentials-unsupported', reason);
}
