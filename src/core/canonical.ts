import type { CheckerConfig } from './checker.ts';
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

/** One unambiguous text for a key with all its wrapped material: what its row MAC authenticates. Pure. */
export function canonicalKey(key: Key): string {
  return JSON.stringify([
    'key/1',
    key.projectId,
    key.id,
    key.alias,
    key.isDefault,
    key.state,
    key.createTimeMs,
    key.revision,
    key.versions.map((v) => [v.number, Buffer.from(v.wrapped).toString('base64'), v.createTimeMs]),
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
