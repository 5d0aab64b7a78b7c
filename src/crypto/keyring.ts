import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Keyring, ValueBinding } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { currentKeyVersion, type Key, type KeyVersion } from '../core/key.ts';
import type { SealedValue } from '../core/secret.ts';
import {
  createXaesKey,
  damaged,
  KEY_BYTES,
  openPreparedGcm,
  type PreparedGcm,
  type XaesKey,
} from './aead.ts';
import {
  asBuffer,
  bodyContext,
  dataKeyContext,
  materialContext,
  openBodyKey,
  prepareBody,
  readCmkVersion,
  readCommitment,
  sealBody,
  unwrapDataKey,
  unwrapMaterial,
  wrapDataKey,
  wrapMaterial,
} from './envelope.ts';

/** Key versions that a keyring keeps unwrapped. */
export const CMK_CACHE_MAX = 1_024;
/** Opened body keys that a keyring keeps; about 1 KiB each. */
export const BODY_KEY_CACHE_MAX = 8_192;

/** What a keyring is made of. The kek is `rootKey.derive('kek')`; the cache sizes are for tests. */
export interface KeyringOptions {
  readonly installationId: string;
  readonly kek: KeyObject;
  readonly cmkCacheMax?: number;
  readonly bodyKeyCacheMax?: number;
}

interface OpenedCmk {
  readonly projectId: string;
  readonly keyId: string;
  readonly number: number;
  readonly cmk: XaesKey;
}

/** A sealed value ready to be opened again; it lives as long as the store remembers the sealed value. */
interface PreparedValue {
  readonly key: Key;
  readonly binding: ValueBinding;
  readonly body: PreparedGcm;
}

interface OpenedBodyKey {
  readonly cmk: XaesKey;
  readonly bodyKey: KeyObject;
}

/**
 * Makes the keyring that seals and opens values. Holds keys only as key objects, in two bounded caches.
 * A cache entry is found by the very bytes that were unwrapped (and what they were bound to), so a changed row
 * never meets an old entry and nothing has to be invalidated. Every open still verifies the body's tag.
 * The state of a key is not its business: callers ask `requireUsableKey`.
 */
export function createKeyring(options: KeyringOptions): Keyring {
  const { installationId } = options;
  const kek = createXaesKey(options.kek);
  const cmks = createCache<OpenedCmk>(options.cmkCacheMax ?? CMK_CACHE_MAX);

  function openCmk(key: Key, version: KeyVersion): XaesKey {
    const { projectId, id: keyId } = key;
    const { number } = version;
    const name = asBuffer(version.wrapped).toString('latin1');
    const known = cmks.get(name);
    if (known?.projectId === projectId && known.keyId === keyId && known.number === number) return known.cmk;
    const context = materialContext(installationId, { projectId, id: keyId }, number);
    const cmk = createXaesKey(unwrapMaterial(kek, version.wrapped, context));
    cmks.set(name, { projectId, keyId, number, cmk });
    return cmk;
  }

  return {
    createKeyMaterial(ref, versionNumber) {
      const material = randomBytes(KEY_BYTES);
      const wrapped = wrapMaterial(kek, material, materialContext(installationId, ref, versionNumber));
      material.fill(0);
      return wrapped;
    },

    seal(key: Key, binding: ValueBinding, value: Uint8Array): SealedValue {
      if (key.projectId !== binding.projectId) {
        throw new SecretError('key-unusable', 'The key belongs to another project.');
      }
      const version = currentKeyVersion(key);
      const cmk = openCmk(key, version);
      const dataKey = randomBytes(KEY_BYTES);
      const context = dataKeyContext(installationId, binding, { id: key.id, version: version.number });
      const wrappedKey = wrapDataKey(cmk, { dataKey, cmkVersion: version.number, context });
      const dataKeyObject = createSecretKey(dataKey);
      dataKey.fill(0);
      return { wrappedKey, body: sealBody(dataKeyObject, value, bodyContext(installationId, binding)) };
    },

    open: createOpener(options, openCmk),
  };
}

type OpenCmk = (key: Key, version: KeyVersion) => XaesKey;

/** The way from a sealed value to the value, with what is remembered of the way. */
function createOpener(
  { installationId, bodyKeyCacheMax }: KeyringOptions,
  openCmk: OpenCmk,
): Keyring['open'] {
  const bodyKeys = createCache<OpenedBodyKey>(bodyKeyCacheMax ?? BODY_KEY_CACHE_MAX);
  const prepared = new WeakMap<SealedValue, PreparedValue>();

  /** Finds the body's key, in the cache or by unwrapping the data key. */
  function prepare(key: Key, binding: ValueBinding, sealed: SealedValue): PreparedGcm {
    const number = readCmkVersion(sealed.wrappedKey);
    const version = key.versions.find((candidate) => candidate.number === number);
    if (version === undefined) throw damaged();
    const cmk = openCmk(key, version);
    const commitment = readCommitment(sealed.body);
    const context = bodyContext(installationId, binding);
    // The first two have fixed lengths, both checked by now, so the name has one reading.
    const name = Buffer.concat([sealed.wrappedKey, commitment, context]).toString('latin1');
    const known = bodyKeys.get(name);
    // The same key version, not just its number: otherwise the data key must be unwrapped, and that fails.
    if (known?.cmk === cmk) return prepareBody(known.bodyKey, sealed.body, context);
    const wrapContext = dataKeyContext(installationId, binding, { id: key.id, version: number });
    const dataKey = unwrapDataKey(cmk, sealed.wrappedKey, wrapContext);
    const bodyKey = openBodyKey(dataKey, commitment, context);
    bodyKeys.set(name, { cmk, bodyKey });
    return prepareBody(bodyKey, sealed.body, context);
  }

  return (key, binding, sealed) => {
    const known = prepared.get(sealed);
    // The very same objects: a store that gives them out again says that nothing has changed.
    if (known?.key === key && isSameBinding(known.binding, binding)) return openPreparedGcm(known.body);
    const body = prepare(key, binding, sealed);
    const value = openPreparedGcm(body);
    prepared.set(sealed, { key, binding, body });
    return value;
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

interface Cache<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
}

/** Keeps the `max` entries used last: a Map iterates in order of insertion, so the first entry is the oldest. */
function createCache<V>(max: number): Cache<V> {
  const entries = new Map<string, V>();
  return {
    get(name) {
      const value = entries.get(name);
      if (value === undefined) return undefined;
      entries.delete(name);
      entries.set(name, value);
      return value;
    },
    set(name, value) {
      entries.delete(name);
      entries.set(name, value);
      if (entries.size <= max) return;
      const oldest = entries.keys().next();
      if (oldest.done !== true) entries.delete(oldest.value);
    },
  };
}
