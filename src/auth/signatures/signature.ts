import { hash } from 'node:crypto';
import type { RawRequest } from '../../app/ports/deps.ts';
import { type Algorithm, hasSm3, type RequestKey } from './algorithms.ts';
import { type ParsedAuthorization, SIGNATURE_LIMITS } from './authorization.ts';
import {
  type CanonicalParts,
  canonicalModes,
  canonicalRequest,
  type PathMode,
  type PlusMode,
  readHeaders,
} from './canonical.ts';

/** The operator's choice about unsigned bodies. */
export type UnsignedPayload = 'allow' | 'refuse';

/** The outcome of a verification; `reason` is text for the caller, without the gateway's sentence. */
export type Verdict =
  | {
      readonly isAuthentic: true;
      /** `raw` only for the Node SDK's double encoding of a literal `{project_id}` in the path. */
      readonly mode: PathMode;
      /** What a `+` in the query means: the query must be read as it was signed. */
      readonly plus: PlusMode;
      readonly canonicalHash: string;
      /** Value of X-Sdk-Date; its format is unchecked. */
      readonly date: string;
    }
  | { readonly isAuthentic: false; readonly reason: string };

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const FAILED = 'verify aksk signature fail';
const EMPTY_HASHES = { sha256: hash('sha256', '', 'hex'), sm3: hasSm3 ? hash('sm3', '', 'hex') : '' };
const NOT_ECHOED = /[^\x20-\x7e]/g;
/** Credentials that may be among the signed headers: their values are not echoed. */
const REDACTED: ReadonlySet<string> = new Set([
  'x-security-token',
  'x-auth-token',
  'authorization',
  'cookie',
]);

/**
 * Checks that the owner of `key` has signed the request. The work depends on the request alone, never on the key. The age
 * of the date is the caller's to check, afterwards.
 * Refuses signed headers that are absent or repeated, a stated body hash that is not the body's, and a V11 credential of
 * another day than the date.
 * @see docs/behaviour/signatures.md
 */
export function verifySignature(input: {
  readonly request: Omit<RawRequest, 'headers'>;
  readonly authorization: ParsedAuthorization;
  readonly key: RequestKey;
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
      return { isAuthentic: true, mode: mode.path, plus: mode.plus, canonicalHash, date };
    }
  }
  return refused(`${FAILED}, canonicalRequest:${echoCanonical(parts)}`);
}

/** The canonical parts and the date, or the reason for a refusal. */
function readSignedParts(
  input: Parameters<typeof verifySignature>[0],
): { readonly parts: CanonicalParts; readonly date: string } | string {
  const { request, authorization } = input;
  const { method, target, rawHeaders, body } = request;
  if (target.length > SIGNATURE_LIMITS.target) return 'the request target is too long';
  const { algorithm, signedHeaders, headersRead } = authorization;
  const headers = readHeaders(rawHeaders, headersRead);
  if (headers.doubled !== undefined) return `header ${headers.doubled} is doubled`;
  const valueOfHeader = (name: string) => headers.values[headersRead.indexOf(name)];
  const values: string[] = [];
  for (const name of signedHeaders) {
    const value = valueOfHeader(name);
    if (value === undefined) return `signed header ${name} is absent`;
    values.push(value);
  }
  const bodyHash = hashBody(algorithm.digest, body);
  const stated = valueOfHeader(algorithm.payloadHeader);
  if (stated === UNSIGNED && input.unsignedPayload === 'refuse') return `${UNSIGNED} is refused`;
  if (stated !== undefined && stated !== UNSIGNED && stated !== bodyHash) {
    return `${algorithm.payloadHeader} is not the hash of the body`;
  }
  const parts = { method, target, signedHeaders, values, payloadHash: stated ?? bodyHash };
  return { parts, date: valueOfHeader('x-sdk-date') ?? '' };
}

/** Reads have no body, and nearly every request is a read. */
function hashBody(digest: Algorithm['digest'], body: Buffer): string {
  return body.length === 0 ? EMPTY_HASHES[digest] : hash(digest, body, 'hex');
}

/** What the server computed, on one line; it only holds what the caller has sent. */
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
