import { DAY_MS } from '../../std/durations.ts';
import { SecretError } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { nextRotationTime } from '../rotation/rotation.ts';
import { keepSecret, revised, type SecretDecision } from './decision.ts';
import type { Secret, SecretAggregate, SecretCommandOf } from './secrets.ts';

const REMOVED: readonly Fact[] = Object.freeze([Object.freeze({ kind: 'secret-removed' })]);

/** Throws unless metadata may be changed. @see CSMS error codes CSMS.0103, CSMS.0109 */
export function requireChangeable(current: Pick<SecretAggregate, 'secret'>): void {
  if (current.secret.state === 'PENDING_DELETE') throw new SecretError('secret-pending-deletion');
  if (current.secret.state === 'FROZEN') throw new SecretError('secret-not-enabled');
}

/**
 * Removes the secret with all its versions at once, in every state.
 * Throws secret-not-found when the command is about another secret of that name. @see API page DeleteSecret
 */
export function deleteSecret(
  current: SecretAggregate,
  command: SecretCommandOf<'delete-secret'>,
): SecretDecision {
  if ((command.id ?? current.secret.id) !== current.secret.id) throw new SecretError('secret-not-found');
  return { next: undefined, facts: REMOVED, result: {} };
}

/**
 * Schedules the deletion and closes the secret until then. recoveryWindowDays: 7 to 30.
 * Throws deletion-already-scheduled, secret-not-enabled (frozen). @see API page DeleteSecretForSchedule
 */
export function scheduleDeletion(
  current: SecretAggregate,
  command: SecretCommandOf<'schedule-deletion'>,
): SecretDecision {
  const { secret } = current;
  if (secret.state === 'PENDING_DELETE') throw new SecretError('deletion-already-scheduled');
  if (secret.state === 'FROZEN') throw new SecretError('secret-not-enabled');
  return replaceSecret(current, {
    ...secret,
    state: 'PENDING_DELETE',
    stateBeforeDeletion: secret.state,
    scheduledDeleteTimeMs: command.nowMs + command.recoveryWindowDays * DAY_MS,
    updateTimeMs: command.nowMs,
  });
}

/**
 * Calls a scheduled deletion off: the secret goes back to the state it had, and automatic rotation counts anew.
 * Throws deletion-not-scheduled. @see API page RestoreSecret
 */
export function cancelDeletion(
  current: SecretAggregate,
  command: SecretCommandOf<'cancel-deletion'>,
): SecretDecision {
  const { secret } = current;
  if (secret.state !== 'PENDING_DELETE') throw new SecretError('deletion-not-scheduled');
  return replaceSecret(current, {
    ...secret,
    state: secret.stateBeforeDeletion ?? 'ENABLED',
    stateBeforeDeletion: undefined,
    scheduledDeleteTimeMs: undefined,
    nextRotationTimeMs: nextRotationTime(secret, command.nowMs),
    updateTimeMs: command.nowMs,
  });
}

/** True when the secret's scheduled deletion is due. */
export function isDue(secret: Secret, nowMs: number): boolean {
  return (
    secret.state === 'PENDING_DELETE' &&
    secret.scheduledDeleteTimeMs !== undefined &&
    secret.scheduledDeleteTimeMs <= nowMs
  );
}

/**
 * Carries out a due deletion; leaves the secret alone when it was called off, or replaced by another one of the same
 * name, in the meantime.
 */
export function purgeSecret(
  current: SecretAggregate,
  command: SecretCommandOf<'purge-secret'>,
): SecretDecision {
  const due = current.secret.id === command.id && isDue(current.secret, command.nowMs);
  return due
    ? { next: undefined, facts: REMOVED, result: { removed: true } }
    : keepSecret(current, { removed: false });
}

/** The aggregate with other metadata, a new revision, and an update time that never goes back. */
export function replaceSecret(
  current: SecretAggregate,
  changed: Secret,
  facts: readonly Fact[] = [],
): SecretDecision {
  const updateTimeMs = Math.max(changed.updateTimeMs, current.secret.updateTimeMs);
  return revised({ ...current, secret: { ...changed, updateTimeMs } }, facts);
}
