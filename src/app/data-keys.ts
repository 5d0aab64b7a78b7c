import { SecretError } from '../core/errors.ts';
import { type KeyTarget, showEnabledKey } from './keys.ts';
import type { Deps } from './ports.ts';

/** A data key as it is given out. Whoever gets it zeroes `plaintext` after use. */
export interface DataKey {
  readonly keyId: string;
  readonly plaintext: Buffer;
  readonly ciphertext: Buffer;
}

/** A key, and what is bound to the ciphertext beside it; the empty text where nothing was given. */
export interface CipherTarget extends KeyTarget {
  readonly aad: string;
}

/**
 * Makes a random data key. bits: a multiple of 8.
 * Throws key-not-found, key-id-invalid, key-disabled, key-pending-deletion. @see KMS API, CreateDatakey
 */
export async function createDataKey(deps: Deps, target: CipherTarget, bits: number): Promise<DataKey> {
  const key = await showEnabledKey(deps, target);
  const plaintext = deps.cipher.random(bits / 8);
  const ciphertext = deps.cipher.encrypt(key, { use: 'data-key', plaintext, aad: target.aad });
  return { keyId: key.id, plaintext, ciphertext };
}

/** Encrypts a data key that the caller has made. Throws as `createDataKey` does. @see KMS API, EncryptDatakey */
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

/** Encrypts a caller's own data. Throws as `createDataKey` does. @see KMS API, EncryptData */
export async function encryptData(
  deps: Deps,
  target: CipherTarget,
  plaintext: Uint8Array,
): Promise<Omit<DataKey, 'plaintext'>> {
  const key = await showEnabledKey(deps, target);
  const ciphertext = deps.cipher.encrypt(key, { use: 'data', plaintext, aad: target.aad });
  return { keyId: key.id, ciphertext };
}

/**
 * Decrypts a caller's own data with the key that the ciphertext names; the caller zeroes it after use. A key that the
 * request names must be that one. A ciphertext that names a key which is not there is as invalid as one that was
 * changed, since nobody can tell them apart.
 * Throws ciphertext-invalid, key-disabled, key-pending-deletion; key-not-found, key-id-invalid for a key of the request.
 * @see KMS API, DecryptData
 */
export async function decryptData(
  deps: Deps,
  target: { readonly projectId: string; readonly keyId: string | undefined; readonly aad: string },
  ciphertext: Uint8Array,
): Promise<{ readonly keyId: string; readonly plaintext: Buffer }> {
  const { projectId, aad } = target;
  const named = target.keyId ?? deps.cipher.keyIdOf('data', ciphertext);
  try {
    const key = await showEnabledKey(deps, { projectId, keyId: named });
    return { keyId: key.id, plaintext: deps.cipher.decrypt(key, { use: 'data', ciphertext, aad }) };
  } catch (error) {
    if (target.keyId === undefined && isMissingKey(error)) {
      throw new SecretError('ciphertext-invalid', 'It has been changed, or its key is not in this project.');
    }
    throw error;
  }
}

function isMissingKey(error: unknown): boolean {
  return error instanceof SecretError && (error.code === 'key-not-found' || error.code === 'key-id-invalid');
}
