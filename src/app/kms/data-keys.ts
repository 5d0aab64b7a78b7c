import type { Deps } from '../ports/deps.ts';
import { type KeyTarget, showEnabledKey } from './keys.ts';

/** A data key as it is returned to callers. The caller zeroes `plaintext` after use. */
export interface DataKey {
  readonly keyId: string;
  readonly plaintext: Buffer;
  readonly ciphertext: Buffer;
}

/** A key, and what else is bound to the ciphertext; the empty text where nothing was given. */
export interface CipherTarget extends KeyTarget {
  readonly aad: string;
}

/**
 * Creates a random data key. bits: a multiple of 8.
 * Throws key-not-found, key-id-invalid, key-disabled, key-pending-deletion. @see KMS API, CreateDatakey
 */
export async function createDataKey(deps: Deps, target: CipherTarget, bits: number): Promise<DataKey> {
  const key = await showEnabledKey(deps, target);
  const plaintext = deps.cipher.random(bits / 8);
  const ciphertext = deps.cipher.encrypt(key, { use: 'data-key', plaintext, aad: target.aad });
  return { keyId: key.id, plaintext, ciphertext };
}

/** Encrypts a data key that the caller brings. Throws as `createDataKey` does. @see KMS API, EncryptDatakey */
export async function encryptDataKey(
  deps: Deps,
  target: CipherTarget,
  plaintext: Uint8Array,
): Promise<Omit<DataKey, 'plaintext'>> {
  const key = await showEnabledKey(deps, target);
  const ciphertext = deps.cipher.encrypt(key, { use: 'data-key', plaintext, aad: target.aad });
  return { keyId: key.id, ciphertext };
}

/**
 * Decrypts a data key; the caller zeroes it after use. Throws ciphertext-invalid beside what `createDataKey` throws.
 * @see KMS API, DecryptDatakey
 */
export async function decryptDataKey(
  deps: Deps,
  target: CipherTarget,
  ciphertext: Uint8Array,
): Promise<Buffer> {
  const key = await showEnabledKey(deps, target);
  return deps.cipher.decrypt(key, { use: 'data-key', ciphertext, aad: target.aad });
}
