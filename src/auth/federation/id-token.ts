import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { KeySets } from './key-sets.ts';
import type { IdentityProvider, MappingRule, PublicKey } from './providers.ts';

/** How far the clocks of issuers may be from the world's, either way. */
export const SKEW_SECONDS = 60;
/** Kubernetes has the longest subjects: a namespace and an account of 63 and 253 characters behind 22. */
const SUBJECT = /^(?! )[^\p{Cc}\p{Cs}]{1,512}(?<! )$/u;
/** Types of the header; other kinds of tokens of an issuer, such as those for a logout, name theirs. */
const TYPES: ReadonlySet<unknown> = new Set([undefined, 'JWT', 'jwt', 'application/jwt']);

/** Why an ID token is refused: for the operator's log, without anything of the token but its checked subject. */
export class IdTokenFault extends Error {
  /** True when it is not the token's fault: its issuer's keys cannot be had. */
  readonly isOfIssuer: boolean;

  constructor(reason: string, isOfIssuer = false) {
    super(reason);
    this.name = 'IdTokenFault';
    this.isOfIssuer = isOfIssuer;
  }
}

/** What a verified ID token says. */
export interface IdTokenClaims {
  readonly subject: string;
  /** Every claim; read own members only. */
  readonly claims: Readonly<JWTPayload>;
}

/** Key objects are made once for each set. */
const lookUps = new WeakMap<readonly PublicKey[], Promise<JWTVerifyGetKey>>();

/**
 * Verifies an ID token of a provider: signature, `iss`, `aud`, `exp` and, where there, `nbf` and `iat`. Keys and addresses of
 * keys in its header are ignored. `nowMs`: the world's time. Throws IdTokenFault.
 * @see OpenID Connect Core 1.0, 3.1.3.7; RFC 8725
 */
export async function verifyIdToken(
  token: string,
  provider: IdentityProvider,
  { keySets, nowMs }: { readonly keySets: KeySets; readonly nowMs: number },
): Promise<IdTokenClaims> {
  const keys = await keySets.present(provider.keys);
  if (keys === undefined) throw new IdTokenFault('the keys of its issuer cannot be had', true);
  const { errors } = await import('jose');
  try {
    return await verifyWith(keys, { token, provider, nowMs });
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw faultOf(error);
  }
  const later = await keySets.later(provider.keys);
  try {
    return await verifyWith(later ?? keys, { token, provider, nowMs });
  } catch (error) {
    throw faultOf(error);
  }
}

async function verifyWith(
  keys: readonly PublicKey[],
  {
    token,
    provider,
    nowMs,
  }: { readonly token: string; readonly provider: IdentityProvider; readonly nowMs: number },
): Promise<IdTokenClaims> {
  const { jwtVerify } = await import('jose');
  const { payload, protectedHeader } = await jwtVerify(token, await lookUpOf(keys), {
    algorithms: [...provider.algorithms],
    issuer: provider.issuer,
    audience: [...provider.audiences],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: SKEW_SECONDS,
    currentDate: new Date(nowMs),
  });
  if (!TYPES.has(protectedHeader.typ)) throw new IdTokenFault('it is another kind of token');
  const { iat, sub } = payload;
  if (iat !== undefined && iat > Math.floor(nowMs / 1_000) + SKEW_SECONDS)
    throw new IdTokenFault('it was issued in the future');
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new IdTokenFault('its subject is no name');
  return { subject: sub, claims: payload };
}

function lookUpOf(keys: readonly PublicKey[]): Promise<JWTVerifyGetKey> {
  const known = lookUps.get(keys);
  if (known !== undefined) return known;
  // The keys were checked when they were read; the library's type asks for a member that those have.
  const set = { keys: [...keys] as (PublicKey & { kty: string })[] };
  const made = import('jose').then(({ createLocalJWKSet }) => createLocalJWKSet(set));
  lookUps.set(keys, made);
  return made;
}

/** The library's texts name claims and header members, never what is in them. */
function faultOf(error: unknown): IdTokenFault {
  if (error instanceof IdTokenFault) return error;
  return new IdTokenFault(error instanceof Error ? error.message.slice(0, 200) : 'it cannot be verified');
}

/** The first rule that fits the claims; undefined: none. */
export function findRule(
  rules: readonly MappingRule[],
  claims: Readonly<Record<string, unknown>>,
): MappingRule | undefined {
  return rules.find((rule) =>
    [...rule.claims].every(([name, values]) => {
      if (!Object.hasOwn(claims, name)) return false;
      return [claims[name]].flat().some((value) => isPlain(value) && values.includes(String(value)));
    }),
  );
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
}
