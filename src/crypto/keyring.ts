import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Keyring, ValueBinding } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { currentKeyVersion, type Key, type KeyVersion } from '../core/key.ts';
import type { SealedValue } from '../core/secret.ts';
import { createXaesKey, damaged, KEY_BYTES, type XaesKey } from './aead.ts';
import {
  asBuffer,
  backupContext,
  backupKeyContext,
  bodyContext,
  dataKeyContext,
  materialContext,
  openBody,
  openBodyKey,
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

/** What the two parts of a sealed thing are bound to. */
interface Contexts {
  readonly body: Buffer;
  readonly dataKey: (cmkVersion: number) => Buffer;
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
  const openCmk = createCmkOpener(kek, options);
  const bodyKeys = createCache<OpenedBodyKey>(options.bodyKeyCacheMax ?? BODY_KEY_CACHE_MAX);

  function sealUnder(key: Key, contexts: Contexts, value: Uint8Array): SealedValue {
    const version = currentKeyVersion(key);
    const cmk = openCmk(key, version);
    const dataKey = randomBytes(KEY_BYTES);
    const context = contexts.dataKey(version.number);
    const wrappedKey = wrapDataKey(cmk, { dataKey, cmkVersion: version.number, context });
    const dataKeyObject = createSecretKey(dataKey);
    dataKey.fill(0);
    return { wrappedKey, body: sealBody(dataKeyObject, value, contexts.body) };
  }

  function openUnder(key: Key, contexts: Contexts, sealed: SealedValue): Buffer {
    const number = readCmkVersion(sealed.wrappedKey);
    const version = key.versions.find((candidate) => candidate.number === number);
    if (version === undefined) throw damaged();
    const cmk = openCmk(key, version);
    const commitment = readCommitment(sealed.body);
    const { body: context } = contexts;
    // The first two have fixed lengths, both checked by now, so the name has one reading.
    const name = Buffer.concat([sealed.wrappedKey, commitment, context]).toString('latin1');
    const known = bodyKeys.get(name);
    // The same key version, not just its number: otherwise the data key must be unwrapped, and that fails.
    if (known?.cmk === cmk) return openBody(known.bodyKey, sealed.body, context);
    const dataKey = unwrapDataKey(cmk, sealed.wrappedKey, contexts.dataKey(number));
    const bodyKey = openBodyKey(dataKey, commitment, context);
    bodyKeys.set(name, { cmk, bodyKey });
    return openBody(bodyKey, sealed.body, context);
  }

  return {
    createKeyMaterial(ref, versionNumber) {
      const material = randomBytes(KEY_BYTES);
      const wrapped = wrapMaterial(kek, material, materialContext(installationId, ref, versionNumber));
      material.fill(0);
      return wrapped;
    },
    seal(key, binding, value) {
      if (key.projectId !== binding.projectId) {
        throw new SecretError('key-unusable', 'The key belongs to another project.');
      }
      return sealUnder(key, valueContexts(installationId, key, binding), value);
    },
    open: (key, binding, sealed) => openUnder(key, valueContexts(installationId, key, binding), sealed),
    sealBackup: (key, header, contents) =>
      sealUnder(key, backupContexts(installationId, key, header), contents),
    openBackup: (key, header, sealed) => openUnder(key, backupContexts(installationId, key, header), sealed),
  };
}

function valueContexts(installationId: string, key: Key, binding: ValueBinding): Contexts {
  return {
    body: bodyContext(installationId, binding),
    dataKey: (version) => dataKeyContext(installationId, binding, { id: key.id, version }),
  };
}

function backupContexts(installationId: string, key: Key, header: string): Contexts {
  return {
    body: backupContext(installationId, key, header),
    dataKey: (version) => backupKeyContext(installationId, key, { header, version }),
  };
}

/** Unwraps key versions and keeps the ones used last. */
function createCmkOpener(kek: XaesKey, { installationId, cmkCacheMax = CMK_CACHE_MAX }: KeyringOptions) {
  const cmks = createCache<OpenedCmk>(cmkCacheMax);
  return (key: Key, version: KeyVersion): XaesKey => {
    const { projectId, id: keyId } = key;
    const { number } = version;
    const name = asBuffer(version.wrapped).toString('latin1');
    const known = cmks.get(name);
    if (known?.projectId === projectId && known.keyId === keyId && known.number === number) return known.cmk;
    const context = materialContext(installationId, { projectId, id: keyId }, number);
    const cmk = createXaesKey(unwrapMaterial(kek, version.wrapped, context));
    cmks.set(name, { projectId, keyId, number, cmk });
    return cmk;
  };
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
