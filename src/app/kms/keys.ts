import { keyAttributes, newKeyAttributes } from '../../core/attributes.ts';
import { SecretError } from '../../core/errors.ts';
import {
  DEFAULT_KEY_ALIAS,
  type Key,
  type KeyChange,
  type KeyDraft,
  requireEnabledKey,
  requireUsableKey,
} from '../../core/kms/keys.ts';
import type { LookUp } from '../../core/permit.ts';
import { change } from '../change.ts';
import { freshRevision } from '../fresh-revision.ts';
import type { Deps } from '../ports/deps.ts';

/**
 * The enabled key that seals a project's new values: the one named by id or alias, or `csms/default`, which is created on
 * first use. An unknown key id is created (dev) or refused (serve), by the operator's choice.
 * Throws action-forbidden, key-unusable. @see CSMS API, CreateSecret, kms_key_id; error code CSMS.0401
 */
export async function sealingKey(deps: Deps, projectId: string, kmsKeyId: string | undefined): Promise<Key> {
  return (await findSealingKey(deps, projectId, kmsKeyId))();
}

/**
 * Finds that key without creating one, and asks whether the caller may use it. Returns what provides it.
 * Throws action-forbidden; what is returned throws key-unusable.
 */
export async function findSealingKey(
  deps: Deps,
  projectId: string,
  kmsKeyId: string | undefined,
): Promise<() => Promise<Key>> {
  const present =
    kmsKeyId === undefined
      ? await deps.store.findKeyByAlias(projectId, DEFAULT_KEY_ALIAS)
      : await findNamed(deps, { projectId, keyId: kmsKeyId });
  const missing = present === undefined ? newKey(deps, kmsKeyId) : undefined;
  const id = present?.id ?? missing?.id ?? (aliasIn(kmsKeyId ?? '') === undefined ? kmsKeyId : undefined);
  const attributes = present ? keyAttributes(present) : missing && newKeyAttributes(missing.id);
  const ref = { projectId, id };
  deps.requireNeeds?.({ aggregate: 'key', kind: 'look-up', use: 'seal', ref }, attributes);
  return async () => {
    const key = present ?? (missing && (await ensureKey(deps, projectId, missing)));
    if (key === undefined) throw new SecretError('key-unusable', 'There is no such key.');
    // Someone else may have created the default key meanwhile.
    if (key.id !== id) deps.requireNeeds?.(lookUpOf(key), keyAttributes(key));
    requireUsableKey(key);
    return key;
  };
}

/** A key that is to be created on first use. */
interface MissingKey {
  readonly id: string;
  readonly naming: { readonly alias: string; readonly isDefault: boolean };
}

function lookUpOf(key: Key): LookUp {
  return { aggregate: 'key', kind: 'look-up', use: 'seal', ref: { projectId: key.projectId, id: key.id } };
}

/** The key that is created where none is found; undefined: none. An alias does not say which id a new key should get. */
function newKey(deps: Deps, kmsKeyId: string | undefined): MissingKey | undefined {
  if (kmsKeyId === undefined) {
    return { id: deps.ids.uuid(), naming: { alias: DEFAULT_KEY_ALIAS, isDefault: true } };
  }
  if (deps.choices.unknownKey === 'refuse' || aliasIn(kmsKeyId) !== undefined) return undefined;
  return { id: kmsKeyId, naming: { alias: `dev/${kmsKeyId}`, isDefault: false } };
}

async function ensureKey(deps: Deps, projectId: string, { id, naming }: MissingKey): Promise<Key> {
  const ref = { projectId, id };
  if (!naming.isDefault) {
    deps.log.warn({ projectId, kmsKeyId: id }, 'created a key that no one had made, because dev allows it');
  }
  const command = {
    aggregate: 'key',
    kind: 'ensure-key',
    ref,
    ...naming,
    ...newMaterial(deps, ref),
  } as const;
  return (await change(deps, command)).key;
}

function newMaterial(deps: Deps, ref: { readonly projectId: string; readonly id: string }) {
  return {
    material: deps.keyring.createKeyMaterial(ref, 1),
    firstRevision: freshRevision(deps.ids),
  };
}

/** A key as a caller names it. */
export interface KeyTarget {
  readonly projectId: string;
  /** An id, `alias/<alias>`, or the URN of an alias. */
  readonly keyId: string;
}

const UUID = /^[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$/;
const ALIAS_ID = /^(?:kms:[^:]*:[^:]*:alias:|alias\/)(.+)$/;

/** The named key. Throws key-not-found, key-id-invalid. @see KMS API, ListKeyDetail; DecryptDatakey, key_id */
export async function showKey(deps: Deps, target: KeyTarget): Promise<Key> {
  const key = await findNamed(deps, target);
  if (key !== undefined) return key;
  // Keys that dev created have ids of other shapes, so the shape only says why there is none.
  if (aliasIn(target.keyId) === undefined && !UUID.test(target.keyId)) {
    throw new SecretError('key-id-invalid', 'key_id must be a UUID, alias/<alias> or the URN of an alias.');
  }
  throw new SecretError('key-not-found');
}

/** The alias in a key's name; undefined for an id. */
export function aliasIn(keyId: string): string | undefined {
  return ALIAS_ID.exec(keyId)?.[1];
}

async function findNamed(deps: Deps, { projectId, keyId }: KeyTarget): Promise<Key | undefined> {
  const alias = aliasIn(keyId);
  if (alias === undefined) return await deps.store.findKey({ projectId, id: keyId });
  return await deps.store.findKeyByAlias(projectId, alias);
}

/** The named key, if enabled. Throws key-disabled, key-pending-deletion beside what `showKey` throws. */
export async function showEnabledKey(deps: Deps, target: KeyTarget): Promise<Key> {
  const key = await showKey(deps, target);
  requireEnabledKey(key);
  return key;
}

/** Creates a custom key. Throws key-alias-exists, key-limit, invalid-parameter. @see KMS API, CreateKey */
export async function createKey(
  deps: Deps,
  input: { readonly projectId: string; readonly alias: string; readonly draft: KeyDraft },
): Promise<Key> {
  const { projectId, alias, draft } = input;
  const ref = { projectId, id: deps.ids.uuid() };
  const command = {
    aggregate: 'key',
    kind: 'create-key',
    ref,
    alias,
    draft,
    ...newMaterial(deps, ref),
  } as const;
  return (await change(deps, command)).key;
}

/**
 * Changes the named key and returns it as it is then. Throws what `showKey` throws and what the rule of the change does.
 */
export async function changeKey(
  deps: Deps,
  target: KeyTarget,
  keyChange: Exclude<KeyChange, { kind: 'ensure-key' | 'create-key' | 'purge-key' | 'rotate-key' }>,
): Promise<Key> {
  const { projectId, id } = await showKey(deps, target);
  const { key } = await change(deps, { aggregate: 'key', ref: { projectId, id }, ...keyChange });
  if (key.state !== 'ENABLED') deps.keyring.forget({ projectId, id });
  return key;
}

/** Every key of a project that the actor sees, in order of creation. */
export async function keysOf({ sees, store }: Deps, projectId: string): Promise<Key[]> {
  const keys = await store.listKeys(projectId);
  return sees === undefined ? keys : keys.filter(sees.key);
}

/** Which keys a list shows. */
export interface KeyQuery {
  readonly projectId: string;
  readonly limit: number;
  /** Keys to skip, in order of creation. */
  readonly offset: number;
  readonly matches: (key: Key) => boolean;
}

/** A part of a project's keys in order of creation, and their total. @see KMS API, ListKeys */
export async function listKeys(
  deps: Deps,
  { projectId, limit, offset, matches }: KeyQuery,
): Promise<{ readonly keys: readonly Key[]; readonly total: number }> {
  const keys = (await keysOf(deps, projectId)).filter(matches);
  return { keys: keys.slice(offset, offset + limit), total: keys.length };
}

/** Custom keys of a project. @see KMS API, ShowUserInstances, ShowUserQuotas */
export async function countCustomKeys(deps: Deps, projectId: string): Promise<number> {
  return (await deps.store.listKeys(projectId)).filter((key) => !key.isDefault).length;
}
