import { DAY_MS } from '../../std/durations.ts';
import type { SecretEvent } from '../events/events.ts';
import type { Limits } from '../limits.ts';
import type { SecretDecision } from '../secrets/decision.ts';
import type { NewVersion, SecretAggregate, SecretRef } from '../secrets/secrets.ts';
import type { RotationSubType } from './rotation.ts';

/** Attempts of one rotation; the last failure is final. With the waits between them: about ten minutes. */
export const ATTEMPTS_MAX = 8;
/** Tasks of a project that are kept: the newest. */
export const TASKS_MAX = 10_000;
/** How long tasks are kept after their start, in milliseconds: as long as the records of notifications. */
export const TASK_KEPT_MS = 93 * DAY_MS;
/**
 * After so many failed automatic rotations in a row, automatic rotation is switched off. @see CSMS user guide, rotation
 */
export const FAILURES_IN_ROW_MAX = 3;
/** After a failed automatic rotation the next one comes a period later, or after a day if that is sooner. */
export const RETRY_AFTER_FAILURE_MS = DAY_MS;
/** Characters of a task's error text. */
export const TASK_ERROR_CHARACTERS_MAX = 512;

/** `RUNNING` is under way or waiting for its next attempt; the others are final. @see CSMS API, ListSecretTask, status */
export const TASK_STATUSES = ['RUNNING', 'SUCCESS', 'FAILED'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The next step of a rotation: each is one call of the function. @see docs/behaviour/rotation-function.md */
export type TaskStep = 'create' | 'set' | 'test' | 'finish';

/** Why a task, or its latest attempt, failed. */
export type TaskErrorCode =
  // The operator's hooks.yaml has no such function of this project.
  | 'FUNCTION_NOT_MAPPED'
  // No response.
  | 'FUNCTION_UNREACHABLE'
  // A response that calls for another attempt.
  | 'FUNCTION_FAILED'
  // A response that no other attempt would change.
  | 'FUNCTION_REFUSED'
  // A response that the protocol does not know.
  | 'ANSWER_INVALID'
  // The rotation_config of the secret cannot be read.
  | 'CONFIG_INVALID'
  // A stored value is not an account, or its key cannot be used.
  | 'VALUE_UNUSABLE'
  // The secret has no room for another stage.
  | 'LIMIT_REACHED'
  // The secret, or the version with SYSPENDING, is no longer what the rotation began with.
  | 'SECRET_CHANGED';

/** An error as tasks show it; notifications hold its code alone. `message` must not hold any part of a value. */
export interface TaskError {
  readonly code: TaskErrorCode;
  readonly message: string;
}

/** One rotation of one secret, with its durable progress. Times are epoch milliseconds, UTC. */
export interface Task {
  /** UUID, lower-case, with dashes. */
  readonly id: string;
  readonly projectId: string;
  readonly secretName: string;
  readonly secretId: string;
  /** Absent when the secret's rotation_config cannot be read; such a task fails. */
  readonly subType: RotationSubType | undefined;
  readonly isAutomatic: boolean;
  readonly functionUrn: string | undefined;
  readonly status: TaskStatus;
  readonly step: TaskStep;
  /** The new version; set from `set` on. */
  readonly versionNumber: number | undefined;
  /** Strictly rising among the tasks of one secret. */
  readonly createTimeMs: number;
  /** The attempt under way, or the last one; from 1. */
  readonly attempts: number;
  /** Set only while the status is RUNNING. */
  readonly nextAttemptMs: number | undefined;
  /** Of the latest attempt that failed. */
  readonly error: TaskError | undefined;
  /** Failed automatic rotations of the secret right before this one. */
  readonly failuresBefore: number;
}

/** What the rules for a task see. */
export interface TaskScope {
  /** The task that the command names. */
  readonly current: Task | undefined;
  /** The newest task of the secret; looked up for `start-rotation` only. */
  readonly latest: Task | undefined;
  /** The secret of that name. */
  readonly secret: SecretAggregate | undefined;
  /** The existing events that the secret is subscribed to. */
  readonly events: readonly SecretEvent[];
}

/** How far the task was when the caller saw it: if it has moved on since, the command changes nothing. */
export interface TaskProgress {
  readonly step: TaskStep;
  readonly attempts: number;
}

/** Every change of a rotation, as plain data. `ref` names the secret, `id` the task. */
export type TaskCommand = {
  readonly aggregate: 'task';
  readonly ref: SecretRef;
  readonly id: string;
  readonly nowMs: number;
} & (
  | {
      /** `id` is the new task's. */
      readonly kind: 'start-rotation';
      /** Set for an automatic rotation: the secret that was found due. */
      readonly dueSecretId: string | undefined;
    }
  | {
      /** Adds the value that `create` returned as a version with SYSPENDING. */
      readonly kind: 'store-pending';
      readonly progress: TaskProgress;
      readonly version: NewVersion;
      readonly limits: Limits;
    }
  | { readonly kind: 'pass-step'; readonly progress: TaskProgress; readonly limits: Limits }
  | {
      readonly kind: 'fail-attempt';
      readonly progress: TaskProgress;
      readonly error: TaskError;
      /** Absent: no other attempt would help. */
      readonly nextAttemptMs: number | undefined;
    }
  | { readonly kind: 'remove-task' }
);

/** One command by its kind. */
export type TaskCommandOf<K extends TaskCommand['kind']> = Extract<TaskCommand, { kind: K }>;

/** The task afterwards, and whether the command changed anything. */
export interface TaskResult {
  readonly task: Task | undefined;
  readonly changed: boolean;
  /** Of the notifications that the change leads to; absent: none. */
  readonly notificationIds?: readonly string[];
}

/** The task after the change (absent: removed), and what happens to the secret in the same transaction. */
export interface TaskDecision {
  readonly next: Task | undefined;
  /** Absent: the secret stays as it is. */
  readonly secret?: SecretDecision;
  readonly result: TaskResult;
}
