import { SecretError } from '../../core/errors.ts';
import {
  DEFAULT_KEY_ALIAS,
  type Key,
  type KeyChange,
  type KeyDraft,
  requireEnabledKey,
  requireUsableKey,
} from '../../core/kms/keys.ts';
import { change } from '../change.ts';
import { freshRevision } from '../fresh-revision.ts';
import type { Deps } from '../ports/deps.ts';

/**
 * The enabled key that seals a project's new values: the one named by id or alias, or `csms/default`, which is created on
 * first use. An unknown key id is created (dev) or refused (serve), by the operator's choice.
 * Throws key-unusable. @see CSMS API, CreateSecret, kms_key_id; error code CSMS.0401
 */
export async function sealingKey(deps: Deps, projectId: string, kmsKeyId: string | undefined): Promise<Key> {
  const key =
    kmsKeyId === undefined ? await defaultKey(deps, projectId) : await namedKey(deps, projectId, kmsKeyId);
  requireUsableKey(key);
  return key;
}

async function defaultKey(deps: Deps, projectId: string): Promise<Key> {
  const present = await deps.store.findKeyByAlias(projectId, DEFAULT_KEY_ALIAS);
  if (present !== undefined) return present;
  return ensureKey(deps, { projectId, id: deps.ids.uuid() }, { alias: DEFAULT_KEY_ALIAS, isDefault: true });
}

async function namedKey(deps: Deps, projectId: string, id: string): Promise<Key> {
  const present = await findNamed(deps, { projectId, keyId: id });
  if (present !== undefined) return present;
  // An alias does not say which id a new key should get.
  if (deps.choices.unknownKey === 'refuse' || aliasIn(id) !== undefined) {
    throw new SecretError('key-unusable', 'There is no such key.');
  }
  deps.log.warn({ projectId, kmsKeyId: id }, 'created a key that no one had made, because dev allows it');
  return ensureKey(deps, { projectId, id }, { alias: `dev/${id}`, isDefault: false });
}

async function ensureKey(
  deps: Deps,
  ref: { readonly projectId: string; readonly id: string },
  naming: { readonly alias: string; readonly isDefault: boolean },
): Promise<Key> {
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
function aliasIn(keyId: string): string | undefined {
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
