import { SecretError } from '../../core/errors.ts';
import type { Deps } from '../ports/deps.ts';
import type { CipherTarget, DataKey } from './data-keys.ts';
import { showEnabledKey } from './keys.ts';

/**
 * Encrypts a caller's own data. Throws key-not-found, key-id-invalid, key-disabled, key-pending-deletion.
 * @see KMS API, EncryptData
 */
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
 * request names must be the same. A ciphertext that names an unknown key is as invalid as a changed one: they cannot be
 * distinguished.
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
