import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { DataCipher, Keyring, ValueBinding } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { currentKeyVersion, type Key } from '../core/key.ts';
import type { SealedValue } from '../core/secret.ts';
import { damaged, KEY_BYTES, type XaesKey } from './aead.ts';
import { createCache } from './cache.ts';
import { createDataCipher } from './data-cipher.ts';
import {
  bodyContext,
  dataKeyContext,
  openBody,
  openBodyKey,
  readCmkVersion,
  readCommitment,
  sealBody,
  unwrapDataKey,
  wrapDataKey,
} from './envelope.ts';
import { createKeyMaterials, type KeyMaterialsOptions } from './key-material.ts';

/** Opened body keys that a keyring keeps; about 1 KiB each. */
export const BODY_KEY_CACHE_MAX = 8_192;

/** What a keyring is made of. The kek is `rootKey.derive('kek')`; the cache sizes are for tests. */
export interface KeyringOptions extends KeyMaterialsOptions {
  readonly bodyKeyCacheMax?: number;
}

interface OpenedBodyKey {
  readonly cmk: XaesKey;
  readonly bodyKey: KeyObject;
}

/**
 * Makes the keyring that seals and opens values, and the cipher of the key service, which shares its keys. Holds keys
 * only as key objects, in two bounded caches.
 * A cache entry is found by the very bytes that were unwrapped (and what they were bound to), so a changed row
 * never meets an old entry and nothing has to be invalidated. Every open still verifies the body's tag.
 * The state of a key is not its business: callers ask `requireUsableKey`.
 */
export function createKeyring(options: KeyringOptions): Keyring & { readonly cipher: DataCipher } {
  const { installationId } = options;
  const materials = createKeyMaterials(options);
  const bodyKeys = createCache<OpenedBodyKey>(options.bodyKeyCacheMax ?? BODY_KEY_CACHE_MAX);

  return {
    cipher: createDataCipher(installationId, materials),
    createKeyMaterial: materials.create,

    seal(key: Key, binding: ValueBinding, value: Uint8Array): SealedValue {
      if (key.projectId !== binding.projectId) {
        throw new SecretError('key-unusable', 'The key belongs to another project.');
      }
      const version = currentKeyVersion(key);
      const cmk = materials.open(key, version);
      const dataKey = randomBytes(KEY_BYTES);
      const context = dataKeyContext(installationId, binding, { id: key.id, version: version.number });
      const wrappedKey = wrapDataKey(cmk, { dataKey, cmkVersion: version.number, context });
      const dataKeyObject = createSecretKey(dataKey);
      dataKey.fill(0);
      return { wrappedKey, body: sealBody(dataKeyObject, value, bodyContext(installationId, binding)) };
    },

    open(key: Key, binding: ValueBinding, sealed: SealedValue): Buffer {
      const number = readCmkVersion(sealed.wrappedKey);
      const version = key.versions.find((candidate) => candidate.number === number);
      if (version === undefined) throw damaged();
      const cmk = materials.open(key, version);
      const commitment = readCommitment(sealed.body);
      const context = bodyContext(installationId, binding);
      // The first two have fixed lengths, both checked by now, so the name has one reading.
      const name = Buffer.concat([sealed.wrappedKey, commitment, context]).toString('latin1');
      const known = bodyKeys.get(name);
      // The same key version, not just its number: otherwise the data key must be unwrapped, and that fails.
      if (known?.cmk === cmk) return openBody(known.bodyKey, sealed.body, context);
      const wrapContext = dataKeyContext(installationId, binding, { id: key.id, version: number });
      const dataKey = unwrapDataKey(cmk, sealed.wrappedKey, wrapContext);
      const bodyKey = openBodyKey(dataKey, commitment, context);
      bodyKeys.set(name, { cmk, bodyKey });
      return openBody(bodyKey, sealed.body, context);
    },
  };
}
