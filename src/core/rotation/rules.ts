import { SecretError } from '../errors.ts';
import { stageMoves } from '../facts.ts';
import { SYSCURRENT, SYSPENDING } from '../names.ts';
import { revised } from '../secrets/decision.ts';
import { withNotifications } from '../secrets/rules.ts';
import type { Secret } from '../secrets/secrets.ts';
import { findStage, placeVersionStages } from '../secrets/stages.ts';
import { addVersion } from '../secrets/versions.ts';
import { nextRotationTime } from './rotation.ts';
import { startRotation, unchanged, withoutPending } from './start.ts';
import {
  ATTEMPTS_MAX,
  FAILURES_IN_ROW_MAX,
  RETRY_AFTER_FAILURE_MS,
  TASK_KEPT_MS,
  type Task,
  type TaskCommand,
  type TaskCommandOf,
  type TaskDecision,
  type TaskError,
  type TaskScope,
} from './tasks.ts';

/**
 * Decides one command about one rotation, and what it does to the secret in the same transaction. A command that comes
 * too late changes nothing. Throws secret-not-found, invalid-parameter (COMMON), secret-pending-deletion,
 * secret-not-enabled for the start; seal-outdated, secret-not-enabled, stage-limit and version-limit where a version is
 * stored. @see docs/behaviour/rotation.md
 */
export function decideTask(scope: TaskScope, command: TaskCommand): TaskDecision {
  const decision = decideChange(scope, command);
  if (decision.secret === undefined) return decision;
  const { events, secret: current } = scope;
  const { nowMs } = command;
  const secret = withNotifications(decision.secret, { current, events, nowMs });
  const { notificationIds } = secret.result;
  return { ...decision, secret, result: { ...decision.result, ...(notificationIds && { notificationIds }) } };
}

function decideChange(scope: TaskScope, command: TaskCommand): TaskDecision {
  const { current } = scope;
  if (command.kind === 'start-rotation') return startRotation(scope, command);
  if (command.kind === 'remove-task') {
    const isOld = current !== undefined && current.createTimeMs < command.nowMs - TASK_KEPT_MS;
    if (!isOld || current.status === 'RUNNING') return unchanged(current);
    return { next: undefined, result: { task: undefined, changed: true } };
  }
  const { progress } = command;
  const isThere =
    current?.status === 'RUNNING' && current.step === progress.step && current.attempts === progress.attempts;
  if (!isThere) return unchanged(current);
  switch (command.kind) {
    case 'store-pending':
      return storePending(current, scope, command);
    case 'pass-step':
      return passStep(current, scope, command);
    case 'fail-attempt':
      return failAttempt(current, scope, command);
    default:
      throw new Error(`unknown command ${(command satisfies never as TaskCommand).kind}`);
  }
}

/** The new value is stored under SYSPENDING before anything outside is changed. It makes no notification. */
function storePending(task: Task, scope: TaskScope, command: TaskCommandOf<'store-pending'>): TaskDecision {
  const { secret } = scope;
  if (secret === undefined || secret.secret.id !== task.secretId)
    return failed(task, scope, GONE, command.nowMs);
  const { limits, nowMs, ref, version } = command;
  // Otherwise rotation would stop for ever at the last version: a version cannot be removed.
  const terms = { limits, versionCap: 'prune', nowMs } as const;
  const [id, stages] = [task.secretId, [SYSPENDING]];
  const pending = { aggregate: 'secret', kind: 'add-version', ref, id, version, stages, ...terms } as const;
  const added = addVersion(secret, pending, 'rotation');
  const next: Task = {
    ...task,
    step: 'set',
    versionNumber: added.added?.at(0)?.versionNumber,
    error: undefined,
  };
  return { next, secret: added, result: { task: next, changed: true } };
}

/** A call of the function succeeded. After `test` the new version comes into use; after `finish` all is done. */
function passStep(task: Task, scope: TaskScope, command: TaskCommandOf<'pass-step'>): TaskDecision {
  switch (task.step) {
    case 'set':
      return advanced(task, { step: 'test', error: undefined });
    case 'test':
      return promote(task, scope, command);
    case 'finish':
      return advanced(task, { status: 'SUCCESS', nextAttemptMs: undefined });
    default:
      throw new SecretError('internal', 'A new value has to be stored.');
  }
}

function advanced(task: Task, changes: Partial<Task>): TaskDecision {
  const next = { ...task, ...changes };
  return { next, result: { task: next, changed: true } };
}

/**
 * SYSCURRENT moves to the new version, SYSPREVIOUS to its former holder, SYSPENDING goes, and both times are set: all in
 * one step, so a reader sees the old value or the new one.
 */
function promote(task: Task, scope: TaskScope, command: TaskCommandOf<'pass-step'>): TaskDecision {
  const { limits, nowMs } = command;
  const { secret: current } = scope;
  if (current === undefined || current.secret.id !== task.secretId) return failed(task, scope, GONE, nowMs);
  if (current.secret.state !== 'ENABLED') return failed(task, scope, CLOSED, nowMs);
  const { versionNumber } = task;
  const version = current.versions.find(({ number }) => number === versionNumber);
  if (version === undefined || findStage(current.stages, SYSPENDING)?.versionNumber !== versionNumber) {
    return failed(task, scope, PENDING_MOVED, nowMs);
  }
  const names = [SYSCURRENT];
  const stages = placeVersionStages(current.stages, { names, versionNumber: version.number, nowMs }, limits);
  const secret: Secret = {
    ...current.secret,
    rotationTimeMs: nowMs,
    nextRotationTimeMs: nextRotationTime(current.secret, nowMs),
    updateTimeMs: Math.max(nowMs, current.secret.updateTimeMs),
  };
  const next = withoutPending({ ...current, secret, stages });
  return {
    ...advanced(task, { step: 'finish', nextAttemptMs: nowMs, error: undefined }),
    secret: revised(next, [{ kind: 'secret-rotated', version }, ...stageMoves(current.stages, next.stages)]),
  };
}

/** One more attempt, or the end. A failure of `finish` is noted and changes nothing: the new value is in use. */
function failAttempt(task: Task, scope: TaskScope, command: TaskCommandOf<'fail-attempt'>): TaskDecision {
  const { error, nextAttemptMs, nowMs } = command;
  if (task.step === 'finish') return advanced(task, { status: 'SUCCESS', nextAttemptMs: undefined, error });
  if (nextAttemptMs === undefined || task.attempts >= ATTEMPTS_MAX) return failed(task, scope, error, nowMs);
  return advanced(task, { attempts: task.attempts + 1, nextAttemptMs, error });
}

/**
 * The end of a rotation that failed. SYSCURRENT stays. SYSPENDING stays too where a new value was stored: the database
 * may use it already, so it must not be lost, and the next rotation continues with it.
 */
function failed(task: Task, scope: TaskScope, error: TaskError, nowMs: number): TaskDecision {
  const decision = advanced(task, { status: 'FAILED', nextAttemptMs: undefined, error });
  const { secret: current } = scope;
  if (current === undefined || current.secret.id !== task.secretId) return decision;
  const version = current.versions.find(({ number }) => number === task.versionNumber);
  const secret = task.isAutomatic ? afterFailure(task, current.secret, nowMs) : current.secret;
  return {
    ...decision,
    secret: revised({ ...current, secret }, [{ kind: 'rotation-failed', code: error.code, version }]),
  };
}

function afterFailure(task: Task, secret: Secret, nowMs: number): Secret {
  if ((task.failuresBefore + 1) % FAILURES_IN_ROW_MAX === 0) {
    return { ...secret, autoRotation: false, nextRotationTimeMs: undefined };
  }
  const regular = nextRotationTime(secret, nowMs);
  if (regular === undefined) return secret;
  return { ...secret, nextRotationTimeMs: Math.min(regular, nowMs + RETRY_AFTER_FAILURE_MS) };
}

/** The end of a rotation whose secret has been deleted. */
export const GONE: TaskError = Object.freeze({
  code: 'SECRET_CHANGED',
  message: 'The secret was deleted during the rotation.',
});
/** The end of a rotation whose secret can no longer be changed. */
export const CLOSED: TaskError = Object.freeze({
  code: 'SECRET_CHANGED',
  message: 'The secret is not enabled any more.',
});
/** The end of a rotation whose new version is no longer marked. */
export const PENDING_MOVED: TaskError = Object.freeze({
  code: 'SECRET_CHANGED',
  message: 'SYSPENDING was taken from the new version during the rotation.',
});
