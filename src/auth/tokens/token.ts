import { createHmac, createSecretKey, hash, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Federation } from '../../app/ports/deps.ts';
import { SecretError } from '../../core/errors.ts';
import { type BoundedMap, createBoundedMap } from '../../std/bounded-map.ts';

/** What a token gives access to. */
export type TokenScope = 'project' | 'domain' | 'unscoped';

/** What a token was issued for. */
export type TokenMethod = 'password' | 'token' | 'mapped';

/** What a token says. Times are epoch milliseconds. */
export interface TokenClaims {
  /** Its own name, by which it is revoked; 32 hex digits that tell nothing about it. */
  readonly id: string;
  /** The user's world. */
  readonly world: string;
  readonly method: TokenMethod;
  readonly userId: string;
  readonly domainId: string;
  /** Present exactly when the scope is a project. */
  readonly projectId: string | undefined;
  readonly scope: TokenScope;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Ties the token to the password it was issued for. @see credentialMark */
  readonly credentialMark: string;
  /** Undefined for the token of a user of the identities. It stays through every exchange. */
  readonly federation: Federation | undefined;
}

/** Tokens that are cached as genuine. */
const KNOWN_TOKENS_MAX = 4_096;

const FORMAT = 5;
const ID_BYTES = 16;
const TOKEN_CHARACTERS_MAX = 4_096;
/** Unpadded base64url, a dot, 32 bytes of MAC: no character needs escaping in a header. */
const TOKEN = /^([A-Za-z0-9_-]{1,4000})\.([A-Za-z0-9_-]{43})$/;

/** By the key that verified them, and a digest: tokens themselves are not kept in memory. */
const knownTokens = new WeakMap<KeyObject, BoundedMap<string, TokenClaims>>();
/** What a mark was made with. */
interface KnownMark {
  readonly key: KeyObject;
  readonly nonce: string;
  readonly mark: string;
}

/** A user object never changes; a reload creates new ones. */
const knownMarks = new WeakMap<object, KnownMark>();

/**
 * Creates the key of one installation's tokens from the root key's share for them: a copy with the same root key and
 * identities, such as a test system, accepts none of them.
 */
export function createTokenKey(share: KeyObject, installationId: string): KeyObject {
  const bytes = createHmac('sha256', share).update(`installation\0${installationId}`).digest();
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/**
 * Issues a token: the claims in plaintext (ids and times, nothing secret) and an HMAC-SHA256 over them. key: of the
 * installation, so that any replica can verify what another has issued. No two tokens are the same.
 */
export function issueToken(key: KeyObject, claims: Omit<TokenClaims, 'id'>): string {
  const payload = Buffer.from(
    JSON.stringify([
      FORMAT,
      claims.method,
      claims.userId,
      claims.domainId,
      claims.projectId ?? null,
      claims.scope,
      claims.issuedAtMs,
      claims.expiresAtMs,
      claims.credentialMark,
      claims.world,
      federationFields(claims.federation),
      randomBytes(ID_BYTES).toString('hex'),
    ]),
  ).toString('base64url');
  return `${payload}.${macOf(key, payload)}`;
}

/**
 * Verifies a token and returns its claims; the caller checks whether it has expired by its world's clock, and whether its
 * user and project still exist. Throws unauthenticated for everything that this key has not issued.
 */
export function verifyToken(key: KeyObject, token: string): TokenClaims {
  if (token.length > TOKEN_CHARACTERS_MAX) throw unreadableToken();
  const digest = hash('sha256', token, 'base64');
  return knownTokens.get(key)?.get(digest) ?? remember(key, digest, readGenuine(key, token));
}

/** Drops what is cached of the tokens of a world that has ended. */
export function forgetTokens(key: KeyObject, world: string): void {
  knownTokens.get(key)?.deleteIf((claims) => claims.world === world);
}

function remember(key: KeyObject, digest: string, claims: TokenClaims): TokenClaims {
  const known = knownTokens.get(key) ?? createBoundedMap<string, TokenClaims>(KNOWN_TOKENS_MAX);
  known.set(digest, claims);
  knownTokens.set(key, known);
  return claims;
}

function readGenuine(key: KeyObject, token: string): TokenClaims {
  const [, payload, mac] = TOKEN.exec(token) ?? [];
  if (payload === undefined || mac === undefined) throw unreadableToken();
  // The text of the MAC is compared, not its bytes: the last base64 character has two bits that decode to nothing.
  if (!timingSafeEqual(Buffer.from(macOf(key, payload)), Buffer.from(mac))) throw unreadableToken();
  return readClaims(payload);
}

/**
 * A short fingerprint of the user's password hash and the nonce of the world, if it has one: a token whose mark is no
 * longer the user's is invalid. 16 characters, which reveal nothing about the hash without the key.
 */
export function credentialMark(
  key: KeyObject,
  user: Readonly<{ id: string; passwordHash: string | undefined }>,
  { nonce }: { readonly nonce: string },
): string {
  const known = knownMarks.get(user);
  if (known?.key === key && known.nonce === nonce) return known.mark;
  const ofWorld = nonce === '' ? '' : `\0${nonce}`;
  const mark = createHmac('sha256', key)
    .update(`credential-mark\0${user.id}\0${user.passwordHash ?? ''}${ofWorld}`)
    .digest('base64url')
    .slice(0, 16);
  knownMarks.set(user, { key, nonce, mark });
  return mark;
}

function federationFields(federation: Federation | undefined): readonly [string, string, string] | null {
  return federation ? [federation.providerId, federation.ruleId, federation.subject] : null;
}

/** The one error for every token that cannot be verified. @see API Gateway, error codes, APIGW.0301 */
export function unreadableToken(): SecretError {
  return new SecretError('unauthenticated', 'decrypt token fail', { logReason: 'the token is not valid' });
}

function macOf(key: KeyObject, payload: string): string {
  return createHmac('sha256', key).update(`token\0${payload}`).digest('base64url');
}

/** The MAC was right, so `issueToken` of some release has written this; an unknown format is refused. */
function readClaims(payload: string): TokenClaims {
  const fields: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!Array.isArray(fields) || fields.length !== 12 || fields[0] !== FORMAT) throw unreadableToken();
  // The cast is what `issueToken` writes for this format.
  const [, method, userId, domainId, projectId, scope, issuedAtMs, expiresAtMs, mark, world, federation, id] =
    fields as [
      number,
      TokenMethod,
      string,
      string,
      string | null,
      TokenScope,
      number,
      number,
      string,
      string,
      ReturnType<typeof federationFields>,
      string,
    ];
  return {
    id,
    world,
    method,
    userId,
    domainId,
    projectId: projectId ?? undefined,
    scope,
    issuedAtMs,
    expiresAtMs,
    credentialMark: mark,
    federation: federation
      ? { providerId: federation[0], ruleId: federation[1], subject: federation[2] }
      : undefined,
  };
}
