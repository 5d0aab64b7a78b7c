import type { ClockRecord } from '../../core/clock.ts';
import type { SecretEvent } from '../../core/events/events.ts';
import type { Notification } from '../../core/events/notifications.ts';
import type { SigningKey } from '../../core/events/signing-key.ts';
import type { Revocation } from '../../core/identity/revocations.ts';
import type { Task, TaskError } from '../../core/rotation/tasks.ts';
import type { CheckerConfig } from '../../core/secrets/checker.ts';
import { allOf, defineTable, flag, names, optional, plain } from './fields.ts';

/** An event that secrets subscribe to. */
export const EVENT = defineTable<
  SecretEvent,
  Omit<SecretEvent, 'target'> & { readonly targetId: string; readonly targetName: string }
>({
  name: 'event',
  kind: 'event/2',
  key: ['project_id', 'name'],
  fields: {
    projectId: plain(),
    name: plain(),
    id: plain(),
    types: names(),
    state: plain(),
    targetId: plain(),
    targetName: plain(),
    createTimeMs: plain(),
    updateTimeMs: plain(),
    revision: plain(),
  },
  flatten: ({ target, ...event }) => ({ ...event, targetId: target.id, targetName: target.name }),
  gather: ({ targetId, targetName, ...event }) => ({ ...event, target: { id: targetId, name: targetName } }),
});

/** A notification, waiting or recorded. */
export const NOTIFICATION = defineTable<Notification>({
  name: 'notification',
  kind: 'notification/2',
  key: ['id'],
  fields: {
    id: plain(),
    projectId: plain(),
    eventName: plain(),
    eventType: plain(),
    secretName: plain(),
    secretType: plain(),
    targetId: plain(),
    targetName: plain(),
    content: plain(),
    createTimeMs: plain(),
    status: plain(),
    attempts: plain(),
    nextAttemptMs: optional(),
  },
});

/** One rotation of a secret. */
export const TASK = defineTable<
  Task,
  Omit<Task, 'error'> & {
    readonly errorCode: TaskError['code'] | undefined;
    readonly errorMessage: string | undefined;
  }
>({
  name: 'task',
  kind: 'task/2',
  key: ['id'],
  fields: {
    id: plain(),
    projectId: plain(),
    secretName: plain(),
    secretId: plain(),
    subType: optional(),
    isAutomatic: flag(),
    functionUrn: optional(),
    status: plain(),
    step: plain(),
    versionNumber: optional(),
    createTimeMs: plain(),
    attempts: plain(),
    nextAttemptMs: optional(),
    errorCode: optional(),
    errorMessage: optional(),
    failuresBefore: plain(),
  },
  flatten: ({ error, ...task }) => ({ ...task, errorCode: error?.code, errorMessage: error?.message }),
  gather: ({ errorCode: code, errorMessage: message, ...task }) => ({
    ...task,
    error: allOf<TaskError>({ code, message }),
  }),
});

/** Whether a project's values are checked. */
export const CHECKER = defineTable<CheckerConfig>({
  name: 'checker_config',
  kind: 'checker/2',
  label: 'checker configuration of project',
  key: ['project_id'],
  fields: { projectId: plain(), checksStrength: flag(), updateTimeMs: plain(), revision: plain() },
});

/** What is remembered of the clock. */
export const CLOCK = defineTable<
  ClockRecord,
  {
    readonly seenMs: number;
    readonly holdSeenMs: number | undefined;
    readonly holdPassedMs: number | undefined;
  }
>({
  name: 'clock',
  kind: 'clock/2',
  label: 'the last time seen',
  fields: { seenMs: plain(), holdSeenMs: optional(), holdPassedMs: optional() },
  flatten: ({ hold, seenMs }) => ({ seenMs, holdSeenMs: hold?.seenMs, holdPassedMs: hold?.passedMs }),
  gather: ({ holdPassedMs: passedMs, holdSeenMs, seenMs }) => ({
    seenMs,
    hold: allOf<NonNullable<ClockRecord['hold']>>({ seenMs: holdSeenMs, passedMs }),
  }),
});

/** A token that is refused. */
export const REVOCATION = defineTable<Revocation>({
  name: 'revoked_token',
  kind: 'revocation/2',
  label: 'revoked token',
  key: ['id'],
  fields: { id: plain(), userId: plain(), expireTimeMs: plain() },
});

/** The key that signs notifications. */
export const SIGNING_KEY = defineTable<SigningKey>({
  name: 'signing_key',
  kind: 'signing-key/2',
  label: 'the signing key',
  fields: { certificatePem: plain(), sealedPrivateKey: plain(), createTimeMs: plain() },
});
