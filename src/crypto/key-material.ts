import { type KeyObject, randomBytes } from 'node:crypto';
import type { Key, KeyRef, KeyVersion } from '../core/kms/keys.ts';
import { createBoundedMap } from '../std/bounded-map.ts';
import { createXaesKey, KEY_BYTES, type XaesKey } from './aead.ts';
import { asBuffer, materialContext, unwrapMaterial, wrapMaterial } from './envelope.ts';

/** Key versions that are kept unwrapped. */
const CMK_CACHE_MAX = 1_024;

/** The kek is `rootKey.derive('kek')`. */
export interface KeyMaterialsOptions {
  readonly installationId: string;
  readonly kek: KeyObject;
}

/** Creates and unwraps the material of KMS keys. */
export interface KeyMaterials {
  /** New random material for a key version, wrapped under the key-encryption key. */
  create(ref: KeyRef, versionNumber: number): Uint8Array;
  /** The material of one version, ready for use. Throws damaged. */
  open(key: KeyRef, version: KeyVersion): XaesKey;
  /** Drops what is cached of a key. */
  forget(ref: KeyRef): void;
}

interface OpenedCmk {
  readonly projectId: string;
  readonly keyId: string;
  readonly number: number;
  readonly cmk: XaesKey;
}

/**
 * Prepares the material of KMS keys, with a bounded cache whose keys are the bytes that were unwrapped and what they were
 * bound to: a changed row never finds an old entry.
 */
export function createKeyMaterials(options: KeyMaterialsOptions): KeyMaterials {
  const { installationId } = options;
  const kek = createXaesKey(options.kek);
  const cmks = createBoundedMap<string, OpenedCmk>(CMK_CACHE_MAX);
  return {
    create(ref, versionNumber) {
      const material = randomBytes(KEY_BYTES);
      const wrapped = wrapMaterial(kek, material, materialContext(installationId, ref, versionNumber));
      material.fill(0);
      return wrapped;
    },

    open({ projectId, id: keyId }: Pick<Key, 'projectId' | 'id'>, { number, wrapped }) {
      const name = asBuffer(wrapped).toString('latin1');
      const known = cmks.get(name);
      if (known?.projectId === projectId && known.keyId === keyId && known.number === number)
        return known.cmk;
      const context = materialContext(installationId, { projectId, id: keyId }, number);
      const cmk = createXaesKey(unwrapMaterial(kek, wrapped, context));
      cmks.set(name, { projectId, keyId, number, cmk });
      return cmk;
    },

    forget: ({ projectId, id }) =>
      cmks.deleteIf((opened) => opened.projectId === projectId && opened.keyId === id),
  };
}
