import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Federation } from '../../app/ports/deps.ts';
import { createPolicies, type Policies } from '../../core/policy/policies.ts';
import { type BoundedMap, createBoundedMap } from '../../std/bounded-map.ts';
import { readPolicyJson } from '../identities/policy-document.ts';
import { createRequestKey, type RequestKey } from '../signatures/algorithms.ts';
import { unreadableToken } from './token.ts';

/** What a security token says of its temporary access key. Times are epoch milliseconds. */
export interface SessionClaims {
  /** The user's world. */
  readonly world: string;
  /** The temporary one, which is good for nothing without the token. */
  readonly accessKeyId: string;
  readonly userId: string;
  readonly domainId: string;
  /** The one project that it reaches; undefined: all of the user's. */
  readonly projectId: string | undefined;
  readonly expiresAtMs: number;
  /** The permanent access key that it was obtained with; undefined: it was a token. */
  readonly sourceKeyId: string | undefined;
  /** Ties it to that key's secret, or to the user's password. */
  readonly mark: string;
  /** That of the token that it was obtained with. */
  readonly federation: Federation | undefined;
  /** A policy document as JSON, checked; undefined: it may do what its user may. */
  readonly policy: string | undefined;
}

/** A temporary access key that has been verified. */
export interface Session {
  readonly claims: SessionClaims;
  readonly key: RequestKey;
  /** What has to allow a request beside the user's own policies. */
  readonly narrowing: Policies | undefined;
}

/** A temporary access key as its user gets it. */
export interface TemporaryKey {
  readonly secretKey: string;
  readonly securityToken: string;
}

/** Sessions that are remembered: each holds the statements of its policy. */
const KNOWN_MAX = 512;
const FORMAT = 1;
const FIELDS = 11;
const SECRET_CHARACTERS = 40;
/** A policy of the greatest length, with the rest, has two thirds of it. */
const CHARACTERS_MAX = 6_144;
const TOKEN = /^([A-Za-z0-9_-]{1,6000})\.([A-Za-z0-9_-]{43})$/;

/** By the key that verified them, and a digest: the tokens themselves are not kept in memory. */
const knownSessions = new WeakMap<KeyObject, BoundedMap<string, Session>>();

/**
 * Issues a temporary access key. Its security token holds the claims in plaintext and an HMAC over them; its secret key is
 * another HMAC over the same, so that it follows from the token for who has the installation's key, and for nobody else.
 */
export function issueSecurityToken(key: KeyObject, claims: SessionClaims): TemporaryKey {
  const { federation, policy } = claims;
  const fields = [
    FORMAT,
    claims.world,
    claims.accessKeyId,
    claims.userId,
    claims.domainId,
    claims.projectId ?? null,
    claims.expiresAtMs,
    claims.sourceKeyId ?? null,
    claims.mark,
    federation ? [federation.providerId, federation.ruleId, federation.subject] : null,
    policy === undefined ? null : JSON.parse(policy),
  ];
  const payload = Buffer.from(JSON.stringify(fields)).toString('base64url');
  return {
    secretKey: secretOf(key, payload),
    securityToken: `${payload}.${macOf(key, 'security-token', payload)}`,
  };
}

/** Verifies a security token, whatever has become of its user. Throws unauthenticated for all that this key has not issued. */
export function verifySecurityToken(key: KeyObject, token: string): Session {
  if (token.length > CHARACTERS_MAX) throw unreadableToken();
  const known = knownSessions.get(key) ?? createBoundedMap<string, Session>(KNOWN_MAX);
  const digest = hash('sha256', token, 'base64');
  const session = known.get(digest) ?? readGenuine(key, token);
  known.set(digest, session);
  knownSessions.set(key, known);
  return session;
}

/** Drops what is remembered of a world that has ended. */
export function forgetSecurityTokens(key: KeyObject, world: string): void {
  knownSessions.get(key)?.deleteIf(({ claims }) => claims.world === world);
}

/** Ties a session to a permanent access key: another secret under the same id has another mark, and so has another world. */
export function accessKeyMark(
  key: KeyObject,
  { accessKeyId, secret }: RequestKey,
  { nonce }: { readonly nonce: string },
): string {
  const bytes = secret.export();
  const mark = createHmac('sha256', key)
    .update(`access-key-mark\0${accessKeyId}\0${nonce}\0`)
    .update(bytes)
    .digest('base64url');
  bytes.fill(0);
  return mark.slice(0, 16);
}

function readGenuine(key: KeyObject, token: string): Session {
  const [, payload, mac] = TOKEN.exec(token) ?? [];
  if (payload === undefined || mac === undefined) throw unreadableToken();
  // The text of the MAC is compared, not its bytes: the last base64 character has two bits that decode to nothing.
  const expected = macOf(key, 'security-token', payload);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(mac))) throw unreadableToken();
  const claims = readClaims(payload);
  return {
    claims,
    key: createRequestKey({ accessKeyId: claims.accessKeyId, secretKey: secretOf(key, payload) }),
    narrowing: claims.policy === undefined ? undefined : narrowingOf(claims.policy),
  };
}

/** The policy of temporary credentials, compiled. Throws FileError for a text that is no policy document. */
export function narrowingOf(policy: string): Policies {
  const document = readPolicyJson({ file: 'policy', text: policy });
  return createPolicies([{ name: 'of the temporary access key', via: 'user', document }]);
}

function macOf(key: KeyObject, use: string, payload: string): string {
  return createHmac('sha256', key).update(`${use}\0${payload}`).digest('base64url');
}

function secretOf(key: KeyObject, payload: string): string {
  return macOf(key, 'secret-key', payload).slice(0, SECRET_CHARACTERS);
}

/** The MAC was right, so `issueSecurityToken` of some release has written this; an unknown format is refused. */
function readClaims(payload: string): SessionClaims {
  const fields: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!Array.isArray(fields) || fields.length !== FIELDS || fields[0] !== FORMAT) throw unreadableToken();
  // The cast is what `issueSecurityToken` writes for this format.
  const [
    ,
    world,
    accessKeyId,
    userId,
    domainId,
    projectId,
    expiresAtMs,
    sourceKeyId,
    mark,
    federation,
    policy,
  ] = fields as [
    number,
    string,
    string,
    string,
    string,
    string | null,
    number,
    string | null,
    string,
    readonly [string, string, string] | null,
    object | null,
  ];
  return {
    world,
    accessKeyId,
    userId,
    domainId,
    projectId: projectId ?? undefined,
    expiresAtMs,
    sourceKeyId: sourceKeyId ?? undefined,
    mark,
    federation: federation
      ? { providerId: federation[0], ruleId: federation[1], subject: federation[2] }
      : undefined,
    policy: policy === null ? undefined : JSON.stringify(policy),
  };
}
