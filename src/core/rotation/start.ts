import { invalidParameter, SecretError } from '../errors.ts';
import { stageMoves } from '../facts.ts';
import { SYSCURRENT, SYSPENDING } from '../names.ts';
import { revised } from '../secrets/decision.ts';
import { requireChangeable } from '../secrets/lifecycle.ts';
import type { Secret, SecretAggregate, SecretRef } from '../secrets/secrets.ts';
import { findStage } from '../secrets/stages.ts';
import { SECRET_TYPES } from '../secrets/types.ts';
import { requireEnabled } from '../secrets/versions.ts';
import { nextRotationTime, parseRotationConfig } from './rotation.ts';
import type { Task, TaskCommandOf, TaskDecision, TaskScope } from './tasks.ts';

/**
 * Starts a rotation, or finds the one under way, whose next attempt is then made at once. An automatic start schedules
 * the next rotation first, so that the secret is no longer due whatever becomes of this one. Throws secret-not-found,
 * invalid-parameter (COMMON), secret-pending-deletion, secret-not-enabled.
 */
export function startRotation(scope: TaskScope, command: TaskCommandOf<'start-rotation'>): TaskDecision {
  const { secret: current, latest } = scope;
  const { dueSecretId, nowMs, ref } = command;
  if (current === undefined) throw new SecretError('secret-not-found');
  const { secret } = current;
  const isAutomatic = dueSecretId !== undefined;
  if (isAutomatic && !isRotationDue(secret, dueSecretId, nowMs)) return unchanged(scope.current);
  const { secretType } = secret;
  if (!SECRET_TYPES[secretType].rotates) {
    throw invalidParameter('secret_name', `names a secret of type ${secretType}, which cannot be rotated`);
  }
  requireChangeable(current);
  requireEnabled(current);
  const isUnderWay = latest?.status === 'RUNNING';
  const pending = isUnderWay ? undefined : pendingVersion(current);
  const task = isUnderWay
    ? { ...latest, nextAttemptMs: Math.min(latest.nextAttemptMs ?? nowMs, nowMs) }
    : newTask(secret, { ref, id: command.id, nowMs, latest, isAutomatic, pending });
  const rescheduled = isAutomatic
    ? { ...current, secret: { ...secret, nextRotationTimeMs: nextRotationTime(secret, nowMs) } }
    : current;
  const next = isUnderWay || pending !== undefined ? rescheduled : withoutPending(rescheduled);
  return {
    next: task,
    ...(next !== current && { secret: revised(next, stageMoves(current.stages, next.stages)) }),
    result: { task, changed: true },
  };
}

function isRotationDue(secret: Secret, id: string, nowMs: number): boolean {
  const { autoRotation, nextRotationTimeMs, state } = secret;
  const isEnabled = secret.id === id && state === 'ENABLED' && autoRotation;
  return isEnabled && nextRotationTimeMs !== undefined && nextRotationTimeMs <= nowMs;
}

/**
 * The version that an earlier rotation left behind, which may be in use already: the next one continues with it instead
 * of asking for another value. One that is older than the current version is useless.
 */
function pendingVersion({ stages }: SecretAggregate): number | undefined {
  const pending = findStage(stages, SYSPENDING)?.versionNumber;
  const current = findStage(stages, SYSCURRENT)?.versionNumber ?? 0;
  return pending !== undefined && pending > current ? pending : undefined;
}

function newTask(
  secret: Secret,
  start: {
    readonly ref: SecretRef;
    readonly id: string;
    readonly nowMs: number;
    readonly latest: Task | undefined;
    readonly isAutomatic: boolean;
    readonly pending: number | undefined;
  },
): Task {
  const { id, isAutomatic, latest, nowMs, pending, ref } = start;
  const createTimeMs = Math.max(nowMs, (latest?.createTimeMs ?? 0) + 1);
  return {
    id,
    projectId: ref.projectId,
    secretName: ref.name,
    secretId: secret.id,
    subType: parseRotationConfig(secret.rotationConfig)?.subType,
    isAutomatic,
    functionUrn: secret.rotationFuncUrn,
    status: 'RUNNING',
    // A version that an earlier rotation has left behind is used again.
    step: pending === undefined ? 'create' : 'set',
    versionNumber: pending,
    attempts: 1,
    createTimeMs,
    nextAttemptMs: nowMs,
    error: undefined,
    failuresBefore: failuresUpTo(latest),
  };
}

/** Failed automatic rotations in a row, up to and with this task; a failed manual one neither counts nor ends the row. */
function failuresUpTo(task: Task | undefined): number {
  if (task === undefined || task.status === 'SUCCESS') return 0;
  return task.failuresBefore + (task.isAutomatic ? 1 : 0);
}

/** The secret without the stage SYSPENDING. */
export function withoutPending(current: SecretAggregate): SecretAggregate {
  const stages = current.stages.filter(({ name }) => name !== SYSPENDING);
  return stages.length === current.stages.length ? current : { ...current, stages };
}

/** Changes nothing. */
export function unchanged(task: Task | undefined): TaskDecision {
  return { next: task, result: { task, changed: false } };
}
