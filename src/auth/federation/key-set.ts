import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { PublicKey, TokenAlgorithm } from './providers.ts';

/** Bounds of a key set: real ones have a handful of keys in a few thousand bytes. */
export const KEY_SET_LIMITS = Object.freeze({ bytes: 262_144, keys: 100 });

/** What is kept of a key: certificates and addresses of certificates, which other programs go by, are not. */
const MEMBERS = ['kty', 'kid', 'use', 'key_ops', 'alg', 'n', 'e', 'crv', 'x', 'y'] as const;
/** Members that hold what nobody but the issuer may know. */
const PRIVATE_MEMBERS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth'] as const;
/** Shorter RSA keys are not safe. @see RFC 7518, 3.3 */
const MODULUS_BITS_MIN = 2_048;

/** What was read: the keys that can be used, and whether there was any that should not be in such a set. */
export interface KeySet {
  readonly keys: readonly PublicKey[];
  readonly hasPrivateKey: boolean;
}

/**
 * Reads a JSON Web Key Set. Keys for encryption, of unknown kinds and unusable ones are left out, as RFC 7517, 5 demands;
 * undefined when the text is no key set or has too many keys.
 */
export function readKeySet(text: string): KeySet | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list: unknown = isRecord(parsed) ? parsed.keys : undefined;
  if (!Array.isArray(list) || list.length > KEY_SET_LIMITS.keys) return undefined;
  const keys: PublicKey[] = list.filter(isRecord);
  const usable = keys.map(publicKeyOf).filter((key) => key !== undefined);
  return {
    keys: usable,
    hasPrivateKey: keys.some((key) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name))),
  };
}

/** True when a key of the set can verify a signature of one of these algorithms. */
export function hasKeyFor(keys: readonly PublicKey[], algorithms: readonly TokenAlgorithm[]): boolean {
  return keys.some((key) => {
    const usable = algorithms.filter((name) => kindOf(name) === `${key.kty} ${key.crv ?? ''}`);
    return usable.some((name) => key.alg === undefined || key.alg === name);
  });
}

function kindOf(algorithm: TokenAlgorithm): string {
  switch (algorithm) {
    case 'ES256':
      return 'EC P-256';
    case 'ES384':
      return 'EC P-384';
    case 'ES512':
      return 'EC P-521';
    case 'EdDSA':
      return 'OKP Ed25519';
    default:
      return 'RSA ';
  }
}

function publicKeyOf(key: PublicKey): PublicKey | undefined {
  if (key.use !== undefined && key.use !== 'sig') return undefined;
  const kept: PublicKey = Object.fromEntries(
    MEMBERS.flatMap((name) => (Object.hasOwn(key, name) ? [[name, key[name]]] : [])),
  );
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: kept as JsonWebKey, format: 'jwk' });
    const { modulusLength = MODULUS_BITS_MIN } = asymmetricKeyDetails ?? {};
    return modulusLength < MODULUS_BITS_MIN ? undefined : kept;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
