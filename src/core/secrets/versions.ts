import { SecretError } from '../errors.ts';
import type { SecretEvent } from '../events/events.ts';
import { wants } from '../events/notifications.ts';
import { stageMoves, type VersionOrigin } from '../facts.ts';
import { LIMIT_BOUNDS } from '../limits.ts';
import { SYSCURRENT } from '../names.ts';
import { type AddedValue, keepSecret, revised, type SecretDecision } from './decision.ts';
import type {
  NewVersion,
  SecretAggregate,
  SecretCommandOf,
  Stage,
  StagedVersion,
  Version,
} from './secrets.ts';
import { placeVersionStages, stageNames } from './stages.ts';

/** The version of that number with its stages. */
export function findVersion(current: SecretAggregate, versionNumber: number): StagedVersion | undefined {
  const version = current.versions.find((candidate) => candidate.number === versionNumber);
  return version && { version, stages: stageNames(current.stages, versionNumber) };
}

/**
 * The version that `latest` means: the holder of SYSCURRENT. @see API page BatchShowSecretVersion, which defines it
 */
export function latestVersionNumber(stages: readonly Stage[]): number | undefined {
  return stages.find((stage) => stage.name === SYSCURRENT)?.versionNumber;
}

/** Throws secret-not-enabled unless the state allows values to be read and written. */
export function requireEnabled(current: Pick<SecretAggregate, 'secret'>): void {
  if (current.secret.state !== 'ENABLED') throw new SecretError('secret-not-enabled');
}

/**
 * Adds the next version and moves its stages; at the limit the oldest version without a stage makes room.
 * Throws secret-not-enabled, seal-outdated (sealed for another secret or key), version-limit, stage-limit.
 * @see API page CreateSecretVersion
 */
export function addVersion(
  current: SecretAggregate,
  command: SecretCommandOf<'add-version'>,
  origin: VersionOrigin = 'caller',
): SecretDecision {
  requireEnabled(current);
  const { limits, nowMs, version } = command;
  const { secret } = current;
  if (secret.id !== command.id || secret.kmsKeyId !== version.kmsKeyId)
    throw new SecretError('seal-outdated');

  const number = secret.lastVersionNumber + 1;
  const names = command.stages ?? [SYSCURRENT];
  const stages = placeVersionStages(current.stages, { names, versionNumber: number, nowMs }, limits);
  const { kept, removed } = makeRoom(current.versions, stages, command);
  const last = current.versions.at(-1);
  const added = newVersion(version, {
    number,
    createTimeMs: Math.max(nowMs, (last?.createTimeMs ?? 0) + 1),
    slot: freeVersionSlot(kept),
  });
  const next: SecretAggregate = {
    ...current,
    secret: {
      ...secret,
      lastVersionNumber: number,
      updateTimeMs: Math.max(nowMs, secret.updateTimeMs),
      revision: secret.revision + 1,
    },
    versions: [...kept, added],
    stages,
  };
  return {
    next,
    added: [{ versionNumber: number, sealed: version.sealed }],
    facts: [
      { kind: 'version-added', version: added, origin },
      ...removed.map((gone) => ({ kind: 'version-removed', version: gone }) as const),
      ...stageMoves(current.stages, stages),
    ],
    result: { version: { version: added, stages: stageNames(stages, number) } },
  };
}

/**
 * Sets when a version expires, which is notified once, also when the time is the same as before; the version stays
 * readable afterwards. `expireTimeMs`: epoch ms, past times allowed.
 * Throws secret-not-enabled, version-not-found. @see API page UpdateVersion
 */
export function setVersionExpiry(
  current: SecretAggregate,
  command: SecretCommandOf<'set-version-expiry'>,
): SecretDecision {
  requireEnabled(current);
  const found = findVersion(current, command.versionNumber);
  if (found === undefined) throw new SecretError('version-not-found');
  const version: Version = { ...found.version, expireTimeMs: command.expireTimeMs, expiryNotified: false };
  const fact = { kind: 'version-changed', version, fields: ['expireTimeMs'] } as const;
  return revised(withVersion(current, version), [fact], { version: { ...found, version } });
}

/**
 * Notifies that a version has expired, unless that was done before or the time has changed. Without a subscriber it stays
 * due, for a later one. @see API page UpdateVersion: once for each update
 */
export function notifyExpiry(
  current: SecretAggregate,
  command: SecretCommandOf<'notify-expiry'>,
  events: readonly SecretEvent[],
): SecretDecision {
  const { secret } = current;
  const version = findVersion(current, command.versionNumber)?.version;
  const isDue =
    secret.id === command.id &&
    secret.state === 'ENABLED' &&
    version?.expireTimeMs !== undefined &&
    version.expireTimeMs <= command.nowMs &&
    !version.expiryNotified &&
    events.some((event) => wants(event, 'SECRET_VERSION_EXPIRED'));
  if (!isDue) return keepSecret(current, { notified: false });
  const next = withVersion(current, { ...version, expiryNotified: true });
  return revised(next, [{ kind: 'version-expired', version }], { notified: true });
}

function withVersion(current: SecretAggregate, version: Version): SecretAggregate {
  const versions = current.versions.map((other) => (other.number === version.number ? version : other));
  return { ...current, versions };
}

/** A version's metadata, from what was sealed and its number, slot and time. */
export function newVersion(
  version: NewVersion,
  given: { readonly number: number; readonly createTimeMs: number; readonly slot: number },
): Version {
  const { uid, kind, kmsKeyId, expireTimeMs } = version;
  return { ...given, uid, kind, kmsKeyId, expireTimeMs, expiryNotified: false };
}

/**
 * The versions of a backup with newly sealed values: numbers and times are the old ones.
 * Throws version-limit when the backup has more versions than the limit is now.
 */
export function restoreVersions(command: SecretCommandOf<'restore-secret'>): {
  readonly kmsKeyId: string;
  readonly versions: readonly Version[];
  readonly added: readonly AddedValue[];
} {
  const { backup, limits, versions: sealedAnew } = command;
  if (backup.versions.length > limits.versions) {
    throw new SecretError('version-limit', `A secret has at most ${limits.versions} versions.`);
  }
  const [first] = sealedAnew;
  if (first === undefined || sealedAnew.length !== backup.versions.length) throw new SecretError('internal');
  const restored = sealedAnew.flatMap((version, slot) => {
    const before = backup.versions[slot];
    if (before === undefined) return [];
    const { uid, kmsKeyId, sealed } = version;
    return [{ version: { ...before, uid, kmsKeyId, slot }, sealed }];
  });
  return {
    kmsKeyId: first.kmsKeyId,
    versions: restored.map(({ version }) => version),
    added: restored.map(({ version, sealed }) => ({ versionNumber: version.number, sealed })),
  };
}

function makeRoom(
  versions: readonly Version[],
  stages: readonly Stage[],
  { limits, versionCap }: SecretCommandOf<'add-version'>,
): { readonly kept: readonly Version[]; readonly removed: readonly Version[] } {
  // After the limit was lowered, more than one version is too many; staged ones stay anyway.
  const surplus = versions.length - limits.versions + 1;
  if (surplus <= 0) return { kept: versions, removed: [] };
  if (versionCap === 'reject') {
    throw new SecretError('version-limit', `A secret has at most ${limits.versions} versions.`);
  }
  const removed: Version[] = [];
  const kept = versions.filter((version) => {
    if (removed.length === surplus) return true;
    const isStaged = stages.some(({ versionNumber }) => versionNumber === version.number);
    if (!isStaged) removed.push(version);
    return isStaged;
  });
  return { kept, removed };
}

/** Considers all slots of the database: after the limit was lowered, staged versions may be beyond it. */
function freeVersionSlot(versions: readonly Version[]): number {
  let taken = 0;
  for (const { slot } of versions) taken |= 1 << slot;
  for (let slot = 0; slot < LIMIT_BOUNDS.versions.max; slot += 1)
    if ((taken & (1 << slot)) === 0) return slot;
  throw new SecretError('version-limit');
}
