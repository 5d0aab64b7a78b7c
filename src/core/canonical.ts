import type { CheckerConfig } from './checker.ts';
import type { ClockRecord } from './clock.ts';
import type { SecretEvent } from './event.ts';
import type { Grant } from './grant.ts';
import type { DestroyedKey, Key } from './key.ts';
import type { Notification } from './notification.ts';
import type { Secret, SecretContents } from './secret.ts';
import type { SigningKey } from './signing-key.ts';
import type { Task } from './task.ts';

/**
 * One unambiguous text for a secret's versions, stages and tags; its digest goes into `canonicalSecret`. Pure.
 * A JSON array of fixed order cannot be read in two ways, and every field of every row is in it.
 */
export function canonicalContents({ versions, stages, tags }: SecretContents): string {
  return JSON.stringify([
    versions.map((v) => [
      v.number,
      v.uid,
      v.kind,
      v.kmsKeyId,
      v.createTimeMs,
      v.expireTimeMs ?? null,
      v.slot,
      v.expiryNotified,
    ]),
    stages.map((s) => [s.name, s.versionNumber, s.updateTimeMs, s.slot]),
    tags.map((t) => [t.key, t.value]),
  ]);
}

/**
 * One unambiguous text for a secret's metadata and the digest of its contents: what its row MAC authenticates. Pure.
 */
export function canonicalSecret(secret: Secret, contentsDigestHex: string): string {
  return JSON.stringify([
    'secret/1',
    secret.id,
    secret.projectId,
    secret.name,
    secret.state,
    secret.stateBeforeDeletion ?? null,
    secret.kmsKeyId,
    secret.description,
    secret.createTimeMs,
    secret.updateTimeMs,
    secret.scheduledDeleteTimeMs ?? null,
    secret.secretType,
    secret.autoRotation,
    secret.rotationPeriod ?? null,
    secret.rotationConfig ?? null,
    secret.rotationFuncUrn ?? null,
    secret.rotationTimeMs ?? null,
    secret.nextRotationTimeMs ?? null,
    secret.eventSubscriptions,
    secret.enterpriseProjectId,
    secret.lastVersionNumber,
    secret.revision,
    contentsDigestHex,
  ]);
}

/** One unambiguous text for a key with its aliases, its tags and all its wrapped material: what its row MAC authenticates. Pure. */
export function canonicalKey(key: Key): string {
  return JSON.stringify([
    'key/1',
    key.projectId,
    key.id,
    key.alias,
    key.aliases.map((a) => [a.alias, a.createTimeMs, a.updateTimeMs]),
    key.isDefault,
    key.state,
    key.description,
    key.enterpriseProjectId,
    key.createTimeMs,
    key.scheduledDeleteTimeMs ?? null,
    key.rotation === undefined ? null : [key.rotation.intervalDays, key.rotation.nextTimeMs],
    key.tags.map((t) => [t.key, t.value]),
    key.revision,
    key.versions.map((v) => [v.number, Buffer.from(v.wrapped).toString('base64'), v.createTimeMs]),
  ]);
}

/** One unambiguous text for what stays of a destroyed key: what its row MAC authenticates. Pure. */
export function canonicalDestroyedKey({ projectId, id, destroyTimeMs }: DestroyedKey): string {
  return JSON.stringify(['destroyed-key/1', projectId, id, destroyTimeMs]);
}

/** One unambiguous text for an event: what its row MAC authenticates. Pure. */
export function canonicalEvent(event: SecretEvent): string {
  return JSON.stringify([
    'event/1',
    event.projectId,
    event.name,
    event.id,
    event.types,
    event.state,
    event.target.id,
    event.target.name,
    event.createTimeMs,
    event.updateTimeMs,
    event.revision,
  ]);
}

/** One unambiguous text for a notification: what its row MAC authenticates. Pure. */
export function canonicalNotification(notification: Notification): string {
  return JSON.stringify([
    'notification/1',
    notification.id,
    notification.projectId,
    notification.eventName,
    notification.eventType,
    notification.secretName,
    notification.secretType,
    notification.targetId,
    notification.targetName,
    notification.content,
    notification.createTimeMs,
    notification.status,
    notification.attempts,
    notification.nextAttemptMs ?? null,
  ]);
}

/** One unambiguous text for the key that signs notifications: what its row MAC authenticates. Pure. */
export function canonicalSigningKey(key: SigningKey): string {
  return JSON.stringify([
    'signing-key/1',
    key.certificatePem,
    Buffer.from(key.sealedPrivateKey).toString('base64'),
    key.createTimeMs,
  ]);
}

/** One unambiguous text for a grant: what its row MAC authenticates. Pure. */
export function canonicalGrant(grant: Grant): string {
  return JSON.stringify([
    'grant/1',
    grant.projectId,
    grant.secretId,
    grant.id,
    grant.grantee.type,
    grant.grantee.id,
    grant.createTimeMs,
    grant.updateTimeMs,
    grant.expireTimeMs ?? null,
    grant.revision,
  ]);
}

/** One unambiguous text for a project's choice whether values are checked: what its row MAC authenticates. Pure. */
export function canonicalChecker(config: CheckerConfig): string {
  return JSON.stringify([
    'checker/1',
    config.projectId,
    config.checksStrength,
    config.updateTimeMs,
    config.revision,
  ]);
}

/** One unambiguous text for what is remembered of the clock: what its row MAC authenticates. Pure. */
export function canonicalClock({ seenMs, hold }: ClockRecord): string {
  return JSON.stringify(['clock/1', seenMs, hold === undefined ? null : [hold.seenMs, hold.passedMs]]);
}

/** One unambiguous text for a rotation task: what its row MAC authenticates. Pure. */
export function canonicalTask(task: Task): string {
  return JSON.stringify([
    'task/1',
    task.id,
    task.projectId,
    task.secretName,
    task.secretId,
    task.subType ?? null,
    task.isAutomatic,
    task.functionUrn ?? null,
    task.status,
    task.step,
    task.versionNumber ?? null,
    task.createTimeMs,
    task.attempts,
    task.nextAttemptMs ?? null,
    task.error?.code ?? null,
    task.error?.message ?? null,
    task.failuresBefore,
  ]);
}
