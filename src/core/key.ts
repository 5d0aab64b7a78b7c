import { SecretError } from './errors.ts';

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

/** A KMS key with all its material; the highest version seals, all versions open. */
export interface Key {
  readonly projectId: string;
  readonly id: string;
  readonly alias: string;
  readonly isDefault: boolean;
  readonly state: KeyState;
  readonly createTimeMs: number;
  readonly versions: readonly KeyVersion[];
  /** Rises by one with every change of the key. */
  readonly revision: number;
}

/** Alias of the key that seals secrets whose creator named none. @see CSMS API, CreateSecret, kms_key_id */
export const DEFAULT_KEY_ALIAS = 'csms/default';

/** What the rules for a key decide on. */
export interface KeyScope {
  readonly current: Key | undefined;
  /** The key that has the alias which the command wants. */
  readonly aliasHolder: Key | undefined;
}

/** Every change of a key, as plain data. */
export interface KeyCommand {
  readonly aggregate: 'key';
  readonly kind: 'ensure-key';
  readonly ref: KeyRef;
  readonly alias: string;
  readonly isDefault: boolean;
  readonly material: Uint8Array;
  readonly nowMs: number;
}

/** The key after the change; the same object as the current one when nothing changed. */
export interface KeyDecision {
  readonly next: Key;
  readonly result: Key;
}

/**
 * Creates the key unless it is there: two first uses of a default key at the same moment get the same one. Pure.
 * A key under the wanted id, or under the wanted alias, is answered as it is and the new material is dropped.
 */
export function decideKey(scope: KeyScope, command: KeyCommand): KeyDecision {
  const present = scope.current ?? scope.aliasHolder;
  if (present !== undefined) return { next: present, result: present };
  const key: Key = {
    projectId: command.ref.projectId,
    id: command.ref.id,
    alias: command.alias,
    isDefault: command.isDefault,
    state: 'ENABLED',
    createTimeMs: command.nowMs,
    versions: [{ number: 1, wrapped: command.material, createTimeMs: command.nowMs }],
    revision: 1,
  };
  return { next: key, result: key };
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
