import { SecretError } from '../errors.ts';

/** Names one KMS key: ids are unique inside the project. */
export interface KeyRef {
  readonly projectId: string;
  /** 2 to 64 characters; a UUID when the server made it. */
  readonly id: string;
}

/** @see KMS API, field key_state ("2", "3", "4") */
export type KeyState = 'ENABLED' | 'DISABLED' | 'PENDING_DELETE';

/** One generation of a key's material, wrapped under the installation's key-encryption key. */
export interface KeyVersion {
  readonly number: number;
  readonly wrapped: Uint8Array;
  readonly createTimeMs: number;
}

/** A name that leads to exactly one key of the project. @see KMS API, object AliasEntity */
export interface KeyAlias {
  /** As it was given, with or without `alias/` in front. */
  readonly alias: string;
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
}

/** A label of a key. @see KMS API, object TagItem */
export interface KeyTag {
  readonly key: string;
  readonly value: string;
}

/** How a key is rotated while rotation is on. */
export interface KeyRotation {
  /** 30 to 365. */
  readonly intervalDays: number;
  /** When the next version of the material is due. */
  readonly nextTimeMs: number;
}

/** A KMS key with all its material; the highest version seals, all versions open. Times are epoch milliseconds. */
export interface Key {
  readonly projectId: string;
  readonly id: string;
  /** The key's own alias (`key_alias`): always one of `aliases`, and the one that cannot be deleted. */
  readonly alias: string;
  /** In byte order. */
  readonly aliases: readonly KeyAlias[];
  readonly isDefault: boolean;
  readonly state: KeyState;
  readonly description: string;
  readonly enterpriseProjectId: string;
  readonly createTimeMs: number;
  /** Set only while the state is PENDING_DELETE. */
  readonly scheduledDeleteTimeMs: number | undefined;
  /** Absent while rotation is off. */
  readonly rotation: KeyRotation | undefined;
  /** In the order in which their keys came. */
  readonly tags: readonly KeyTag[];
  /** Ascending, without a gap. */
  readonly versions: readonly KeyVersion[];
  /** Starts anywhere and rises by one with every change: a key that is created again repeats none. */
  readonly revision: number;
}

/** Alias of the key that seals secrets whose creator named none. @see CSMS API, CreateSecret, kms_key_id */
export const DEFAULT_KEY_ALIAS = 'csms/default';

/** What the rules for a key see. */
export interface KeyScope {
  readonly current: Key | undefined;
  /** The key that has the alias which the command wants, with or without `alias/` in front. */
  readonly aliasHolder: Key | undefined;
  /** Keys of the project without default keys; counted only for commands that create one. */
  readonly keysInProject: number;
}

/** What the creator of a key chooses beside its alias. */
export interface KeyDraft {
  readonly description: string;
  readonly enterpriseProjectId: string;
}

interface KeyCommandBase {
  readonly aggregate: 'key';
  readonly ref: KeyRef;
  /** The time of the request, epoch milliseconds. */
  readonly nowMs: number;
}

/** Material of version 1 and the first revision: random, so that no revision of a destroyed key is repeated. */
interface NewMaterial {
  readonly material: Uint8Array;
  readonly firstRevision: number;
}

/** What is done to a key, without the key's name and the time. */
export type KeyChange =
  | ({ readonly kind: 'ensure-key'; readonly alias: string; readonly isDefault: boolean } & NewMaterial)
  | ({ readonly kind: 'create-key'; readonly alias: string; readonly draft: KeyDraft } & NewMaterial)
  | { readonly kind: 'enable-key' }
  | { readonly kind: 'disable-key' }
  | { readonly kind: 'schedule-key-deletion'; readonly pendingDays: number }
  | { readonly kind: 'cancel-key-deletion' }
  | { readonly kind: 'purge-key' }
  | { readonly kind: 'rename-key'; readonly alias: string }
  | { readonly kind: 'describe-key'; readonly description: string }
  | { readonly kind: 'add-alias'; readonly alias: string }
  | { readonly kind: 'remove-aliases'; readonly aliases: readonly string[] }
  | { readonly kind: 'enable-rotation' }
  | { readonly kind: 'disable-rotation' }
  | { readonly kind: 'set-rotation-interval'; readonly intervalDays: number }
  | { readonly kind: 'rotate-key'; readonly versionNumber: number; readonly material: Uint8Array }
  | { readonly kind: 'put-tags'; readonly tags: readonly KeyTag[] }
  | { readonly kind: 'remove-tag'; readonly tagKey: string }
  | { readonly kind: 'remove-tags'; readonly tagKeys: readonly string[] };

/** Every change of a key, as plain data. */
export type KeyCommand = KeyCommandBase & KeyChange;

/** One command by its kind. */
export type KeyCommandOf<K extends KeyCommand['kind']> = Extract<KeyCommand, { kind: K }>;

/** What a change of a key returns: the key as it is afterwards, or as it last was. */
export interface KeyResult {
  readonly key: Key;
  /** False when there was nothing to do. */
  readonly changed: boolean;
}

/** What is kept of a destroyed key, so that values sealed under it can be distinguished from damaged ones. */
export interface DestroyedKey extends KeyRef {
  readonly destroyTimeMs: number;
}

/** The key after the change (absent: removed); the same object as the current one when nothing changed. */
export interface KeyDecision {
  readonly next: Key | undefined;
  /** Present when the key is destroyed: what is kept of it. */
  readonly destroyed?: DestroyedKey;
  readonly result: KeyResult;
}

/** The key version that seals new values. Throws damaged when the key has none. */
export function currentKeyVersion(key: Key): KeyVersion {
  const version = key.versions.at(-1);
  if (version === undefined) throw new SecretError('damaged', 'A key has no material.');
  return version;
}

/** Throws key-unusable unless the key is enabled. @see CSMS error code CSMS.0401 */
export function requireUsableKey(key: Key): void {
  if (key.state !== 'ENABLED') throw new SecretError('key-unusable', 'The key is not enabled.');
}

/** Throws key-disabled, key-pending-deletion unless the key is enabled. @see KMS error codes KMS.0209, KMS.0210 */
export function requireEnabledKey(key: Key): void {
  if (key.state === 'DISABLED') throw new SecretError('key-disabled');
  requireNotPending(key);
}

/** Throws key-pending-deletion while the key waits for its deletion. @see KMS error code KMS.0210 */
function requireNotPending(key: Key): void {
  if (key.state === 'PENDING_DELETE') throw new SecretError('key-pending-deletion');
}

/** Throws key-default for a key that the service created for itself. @see KMS error code KMS.0211 */
export function requireCustomKey(key: Key): void {
  if (key.isDefault) throw new SecretError('key-default');
}

/** Throws key-default, key-pending-deletion unless aliases, tags, rotation and description may be changed. */
export function requireChangeableKey(key: Key): void {
  requireCustomKey(key);
  requireNotPending(key);
}

/** The key with other facts and its next revision. */
export function replaceKey(current: Key, changed: Partial<Key>): KeyDecision {
  const key = { ...current, ...changed, revision: current.revision + 1 };
  return { next: key, result: { key, changed: true } };
}

/** Leaves the key as it is. */
export function keepKey(current: Key): KeyDecision {
  return { next: current, result: { key: current, changed: false } };
}
