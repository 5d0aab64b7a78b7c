import { DAY_MS } from '../../std/durations.ts';
import { SecretError } from '../errors.ts';
import { KEYS_MAX } from '../limits.ts';
import { addAlias, removeAliases, renameKey, requireFreeAlias, requireOwnAlias } from './aliases.ts';
import {
  type Key,
  type KeyCommand,
  type KeyCommandOf,
  type KeyDecision,
  type KeyScope,
  keepKey,
  replaceKey,
  requireChangeableKey,
  requireCustomKey,
} from './keys.ts';
import { disableRotation, enableRotation, rotateKey, setRotationInterval } from './rotation.ts';
import { putTags, removeTag, removeTags } from './tags.ts';

/**
 * Decides one command about one key. Runs inside the write transaction.
 * Throws key-not-found for every command that creates none, and what each rule throws.
 */
export function decideKey(scope: KeyScope, command: KeyCommand): KeyDecision {
  if (command.kind === 'ensure-key') return ensureKey(scope, command);
  if (command.kind === 'create-key') return createKey(scope, command);
  const { current } = scope;
  if (current === undefined) throw new SecretError('key-not-found');
  switch (command.kind) {
    case 'enable-key':
      return enableKey(current);
    case 'disable-key':
      return disableKey(current);
    case 'schedule-key-deletion':
      return scheduleDeletion(current, command);
    case 'cancel-key-deletion':
      return cancelDeletion(current);
    case 'purge-key':
      return purgeKey(current, command);
    case 'describe-key':
      return describeKey(current, command);
    case 'rename-key':
      return renameKey({ ...scope, current }, command);
    case 'add-alias':
      return addAlias({ ...scope, current }, command);
    case 'remove-aliases':
      return removeAliases(current, command);
    case 'enable-rotation':
      return enableRotation(current, command);
    case 'disable-rotation':
      return disableRotation(current);
    case 'set-rotation-interval':
      return setRotationInterval(current, command);
    case 'rotate-key':
      return rotateKey(current, command);
    case 'put-tags':
      return putTags(current, command);
    case 'remove-tag':
      return removeTag(current, command);
    case 'remove-tags':
      return removeTags(current, command);
    default:
      throw new Error(`unknown command ${(command satisfies never as KeyCommand).kind}`);
  }
}

/**
 * Creates the key unless it exists: two first uses of a default key at the same moment get the same one, and the new
 * material is dropped. Throws key-unusable when the key cannot be created because its alias or the project's last place
 * is taken: the caller named the key of a secret, and gets the error for that.
 */
function ensureKey(scope: KeyScope, command: KeyCommandOf<'ensure-key'>): KeyDecision {
  const { isDefault } = command;
  if (scope.current !== undefined) return keepKey(scope.current);
  if (scope.aliasHolder !== undefined) {
    if (isDefault) return keepKey(scope.aliasHolder);
    throw new SecretError('key-unusable', 'Another key has the alias that this one would get.');
  }
  if (!isDefault && scope.keysInProject >= KEYS_MAX) {
    throw new SecretError('key-unusable', `There is no such key, and the project has its ${KEYS_MAX} keys.`);
  }
  return newKey(command, { description: '', enterpriseProjectId: '0', isDefault });
}

/**
 * Creates an enabled custom key. Throws key-alias-exists, key-limit, invalid-parameter (key_alias).
 * @see KMS API, CreateKey
 */
function createKey(scope: KeyScope, command: KeyCommandOf<'create-key'>): KeyDecision {
  if (scope.current !== undefined) throw new SecretError('internal');
  requireOwnAlias(command.alias, 'key_alias');
  requireFreeAlias(scope);
  if (scope.keysInProject >= KEYS_MAX) {
    throw new SecretError('key-limit', `A project has at most ${KEYS_MAX} keys of its own.`);
  }
  const { description, enterpriseProjectId } = command.draft;
  return newKey(command, { description, enterpriseProjectId, isDefault: false });
}

function newKey(
  command: KeyCommandOf<'ensure-key' | 'create-key'>,
  facts: Pick<Key, 'description' | 'enterpriseProjectId' | 'isDefault'>,
): KeyDecision {
  const { alias, material, nowMs } = command;
  const key: Key = {
    projectId: command.ref.projectId,
    id: command.ref.id,
    alias,
    aliases: [{ alias, createTimeMs: nowMs, updateTimeMs: nowMs }],
    ...facts,
    state: 'ENABLED',
    createTimeMs: nowMs,
    scheduledDeleteTimeMs: undefined,
    rotation: undefined,
    tags: [],
    versions: [{ number: 1, wrapped: material, createTimeMs: nowMs }],
    revision: command.firstRevision,
  };
  return { next: key, result: { key, changed: true } };
}

/** Throws key-default, key-not-disabled. @see KMS API, EnableKey */
function enableKey(current: Key): KeyDecision {
  requireCustomKey(current);
  if (current.state !== 'DISABLED') throw new SecretError('key-not-disabled');
  return replaceKey(current, { state: 'ENABLED' });
}

/** Throws key-default, key-not-enabled. @see KMS API, DisableKey */
function disableKey(current: Key): KeyDecision {
  requireCustomKey(current);
  if (current.state !== 'ENABLED') throw new SecretError('key-not-enabled');
  return replaceKey(current, { state: 'DISABLED' });
}

/** pendingDays: 7 to 1,096. Throws key-default, key-deletion-scheduled. @see KMS API, DeleteKey */
function scheduleDeletion(current: Key, command: KeyCommandOf<'schedule-key-deletion'>): KeyDecision {
  requireCustomKey(current);
  if (current.state === 'PENDING_DELETE') throw new SecretError('key-deletion-scheduled');
  return replaceKey(current, {
    state: 'PENDING_DELETE',
    scheduledDeleteTimeMs: command.nowMs + command.pendingDays * DAY_MS,
  });
}

/**
 * Calls a scheduled deletion off; the key is disabled afterwards, whatever it was before.
 * Throws key-default, key-deletion-not-scheduled. @see KMS API, CancelKeyDeletion
 */
function cancelDeletion(current: Key): KeyDecision {
  requireCustomKey(current);
  if (current.state !== 'PENDING_DELETE') throw new SecretError('key-deletion-not-scheduled');
  return replaceKey(current, { state: 'DISABLED', scheduledDeleteTimeMs: undefined });
}

/** Destroys the key with all its material when its deletion is due, and only then. */
function purgeKey(current: Key, command: KeyCommandOf<'purge-key'>): KeyDecision {
  const { state, scheduledDeleteTimeMs } = current;
  const isDue =
    state === 'PENDING_DELETE' &&
    scheduledDeleteTimeMs !== undefined &&
    scheduledDeleteTimeMs <= command.nowMs;
  if (!isDue) return keepKey(current);
  const { projectId, id } = current;
  const destroyed = { projectId, id, destroyTimeMs: command.nowMs };
  return { next: undefined, destroyed, result: { key: current, changed: true } };
}

/** Throws key-default, key-pending-deletion. @see KMS API, UpdateKeyDescription */
function describeKey(current: Key, command: KeyCommandOf<'describe-key'>): KeyDecision {
  requireChangeableKey(current);
  if (current.description === command.description) return keepKey(current);
  return replaceKey(current, { description: command.description });
}
