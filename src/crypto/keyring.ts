import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { DataCipher, Keyring, ValueBinding } from '../app/ports/deps.ts';
import { SecretError } from '../core/errors.ts';
import { currentKeyVersion, type Key, type KeyRef } from '../core/kms/keys.ts';
import type { SealedValue } from '../core/secrets/secrets.ts';
import { type BoundedMap, createBoundedMap } from '../std/bounded-map.ts';
import { damaged, KEY_BYTES, openPreparedGcm, type PreparedGcm, type XaesKey } from './aead.ts';
import { createDataCipher } from './data-cipher.ts';
import {
  backupContexts,
  type Contexts,
  openBodyKey,
  prepareBody,
  readCmkVersion,
  readCommitment,
  sealBody,
  unwrapDataKey,
  valueContexts,
  wrapDataKey,
} from './envelope.ts';
import { createKeyMaterials, type KeyMaterials, type KeyMaterialsOptions } from './key-material.ts';

/** Opened body keys that a keyring keeps; about 1 KiB each. */
const BODY_KEY_CACHE_MAX = 8_192;

/** What a keyring is made of. The kek is `rootKey.derive('kek')`; the size of the cache is for tests. */
export interface KeyringOptions extends KeyMaterialsOptions {
  readonly bodyKeyCacheMax?: number;
}

interface OpenedBodyKey {
  readonly cmk: XaesKey;
  readonly ref: KeyRef;
  readonly bodyKey: KeyObject;
}

/** A sealed value prepared to be opened again; it lives as long as the store caches the sealed value. */
interface PreparedValue {
  readonly key: Key;
  readonly binding: ValueBinding;
  readonly body: PreparedGcm;
}

/** Finds the key of a sealed body and prepares to open it. Throws damaged. */
type Prepare = (key: Key, contexts: Contexts, sealed: SealedValue) => PreparedGcm;

/**
 * Creates the keyring that seals and opens values, and the cipher of the key service, which shares its keys. Holds keys
 * only as key objects, in two bounded caches.
 * A cache entry is found by the bytes that were unwrapped (and what they were bound to), so a changed row never finds an
 * old entry and nothing has to be invalidated. Every open still verifies the body's tag. The keyring ignores the state of
 * a key: callers call `requireUsableKey`.
 */
export function createKeyring(options: KeyringOptions): Keyring & { readonly cipher: DataCipher } {
  const { installationId } = options;
  const materials = createKeyMaterials(options);
  const bodyKeys = createBoundedMap<string, OpenedBodyKey>(options.bodyKeyCacheMax ?? BODY_KEY_CACHE_MAX);
  const prepare = createPrepare(materials, bodyKeys);
  const opener = createOpener(installationId, prepare);

  return {
    cipher: createDataCipher(installationId, materials),
    createKeyMaterial: materials.create,
    seal(key, binding, value) {
      if (key.projectId !== binding.projectId) {
        throw new SecretError('key-unusable', 'The key belongs to another project.');
      }
      return seal(materials, key, { contexts: valueContexts(installationId, key.id, binding), value });
    },
    open: opener.open,
    forget(ref) {
      materials.forget(ref);
      bodyKeys.deleteIf((opened) => opened.ref.projectId === ref.projectId && opened.ref.id === ref.id);
      opener.forget();
    },
    sealBackup: (key, header, contents) =>
      seal(materials, key, { contexts: backupContexts(installationId, key, header), value: contents }),
    openBackup: (key, header, sealed) =>
      openPreparedGcm(prepare(key, backupContexts(installationId, key, header), sealed)),
  };
}

function seal(
  materials: KeyMaterials,
  key: Key,
  { contexts, value }: { readonly contexts: Contexts; readonly value: Uint8Array },
): SealedValue {
  const version = currentKeyVersion(key);
  const cmk = materials.open(key, version);
  const dataKey = randomBytes(KEY_BYTES);
  const context = contexts.dataKey(version.number);
  const wrappedKey = wrapDataKey(cmk, { dataKey, cmkVersion: version.number, context });
  const dataKeyObject = createSecretKey(dataKey);
  dataKey.fill(0);
  return { wrappedKey, body: sealBody(dataKeyObject, value, contexts.body) };
}

/** The key of a body comes from the cache, or from unwrapping the data key. */
function createPrepare(materials: KeyMaterials, bodyKeys: BoundedMap<string, OpenedBodyKey>): Prepare {
  return (key, { body: context, dataKey: dataKeyContextOf }, sealed) => {
    const number = readCmkVersion(sealed.wrappedKey);
    const version = key.versions.find((candidate) => candidate.number === number);
    if (version === undefined) throw damaged();
    const cmk = materials.open(key, version);
    const commitment = readCommitment(sealed.body);
    // The first two have fixed lengths, both checked by now, so the name is unambiguous.
    const name = Buffer.concat([sealed.wrappedKey, commitment, context]).toString('latin1');
    const known = bodyKeys.get(name);
    // The same key version, not just its number: otherwise the data key must be unwrapped, and that fails.
    if (known?.cmk === cmk) return prepareBody(known.bodyKey, sealed.body, context);
    const dataKey = unwrapDataKey(cmk, sealed.wrappedKey, dataKeyContextOf(number));
    const bodyKey = openBodyKey(dataKey, commitment, context);
    bodyKeys.set(name, { cmk, ref: { projectId: key.projectId, id: key.id }, bodyKey });
    return prepareBody(bodyKey, sealed.body, context);
  };
}

/** Opens sealed values, and caches what was prepared for that. */
function createOpener(installationId: string, prepare: Prepare): Pick<Keyring, 'open'> & { forget(): void } {
  let prepared = new WeakMap<SealedValue, PreparedValue>();
  return {
    open(key, binding, sealed) {
      const known = prepared.get(sealed);
      // The same objects: a store that returns them again says that nothing has changed.
      if (known?.key === key && isSameBinding(known.binding, binding)) return openPreparedGcm(known.body);
      const body = prepare(key, valueContexts(installationId, key.id, binding), sealed);
      const value = openPreparedGcm(body);
      prepared.set(sealed, { key, binding, body });
      return value;
    },
    forget() {
      prepared = new WeakMap();
    },
  };
}

function isSameBinding(one: ValueBinding, other: ValueBinding): boolean {
  return (
    one.projectId === other.projectId &&
    one.secretId === other.secretId &&
    one.secretName === other.secretName &&
    one.versionUid === other.versionUid &&
    one.kind === other.kind
  );
}
