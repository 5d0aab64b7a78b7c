import type { Key } from './key.ts';
import type { Secret, SecretAggregate } from './secret.ts';

/**
 * One unambiguous text for a secret's versions and stages; its digest goes into `canonicalSecret`. Pure.
 * A JSON array of fixed order cannot be read in two ways, and every field of every row is in it.
 */
export function canonicalContents({
  versions,
  stages,
}: Pick<SecretAggregate, 'versions' | 'stages'>): string {
  return JSON.stringify([
    versions.map((v) => [
      v.number,
      v.uid,
      v.kind,
      v.kmsKeyId,
      v.createTimeMs,
      v.expireTimeMs ?? null,
      v.slot,
    ]),
    stages.map((s) => [s.name, s.versionNumber, s.updateTimeMs, s.slot]),
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
