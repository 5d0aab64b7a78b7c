import { change } from '../../app/change.ts';
import { freshRevision } from '../../app/fresh-revision.ts';
import type { Deps } from '../../app/ports/deps.ts';
import { required } from '../../app/required.ts';
import { sealVersion, untilSealed } from '../../app/secrets/seal.ts';
import type { WholeSecret } from '../../core/contents.ts';
import type { Key } from '../../core/kms/keys.ts';
import type { Limits } from '../../core/limits.ts';
import { nextRotationTime } from '../../core/rotation/rotation.ts';
import type { Stage, Version } from '../../core/secrets/secrets.ts';
import { placeStage } from '../../core/secrets/stages.ts';
import { newVersion } from '../../core/secrets/versions.ts';
import type { Counts } from './comparison.ts';
import type { PlannedKey } from './keys.ts';
import { type Contents, loadPresent, zero } from './loading.ts';
import { type Plan, planSeed } from './plan.ts';
import { EMPTY } from './present.ts';
import type { PlannedSecret } from './secrets.ts';
import type { Seed } from './seed.ts';
import { seedUpdateMs } from './update-time.ts';

/** What applying a seed works with. */
export type SeedDeps = Pick<Deps, 'actor' | 'choices' | 'clock' | 'ids' | 'keyring'> & Contents;

/** How a seed is applied. */
export interface Application {
  readonly projectId: string;
  /** The world's clock, epoch milliseconds. */
  readonly nowMs: number;
  /** Whether everything else goes. */
  readonly isReset: boolean;
}

/**
 * Makes a world's keys, events and secrets what a seed says, in one transaction, and tells no event. Throws FileError for
 * what only the world shows to be wrong; unavailable, storage-full, outcome-unknown, damaged.
 */
export function applySeed(deps: SeedDeps, seed: Seed, application: Application): Promise<Counts> {
  return untilSealed(() => attempt(deps, seed, application));
}

async function attempt(deps: SeedDeps, seed: Seed, application: Application): Promise<Counts> {
  const { isReset, nowMs, projectId } = application;
  const { limits } = deps.choices;
  const present = isReset ? EMPTY : await loadPresent(deps, projectId, seed);
  try {
    const plan = planSeed(seed, present, { projectId, limits, nowMs });
    const { counts, events, leavingKeyIds } = plan;
    const isDone = plan.keys.length === 0 && events.length === 0 && plan.secrets.length === 0;
    if (isDone && !isReset) return counts;
    const materials = isReset ? firstMaterials(await deps.store.listKeys(projectId)) : present.keys;
    const keys = plan.keys.map((key) => withMaterial(deps, key, materials));
    const secrets = wholeSecrets(deps, plan, { keys: [...present.keys, ...keys], application });
    await change(deps, {
      aggregate: 'contents',
      kind: 'put-contents',
      ref: { projectId },
      isReset,
      keys,
      leavingKeyIds,
      events,
      secrets,
      nowMs,
    });
    for (const id of [...keys.map((key) => key.id), ...leavingKeyIds]) deps.keyring.forget({ projectId, id });
    return counts;
  } finally {
    zero(present.secrets.values());
  }
}

/** The key with the material that it has, or with new. */
function withMaterial(
  { ids, keyring }: SeedDeps,
  key: PlannedKey,
  materials: readonly Pick<Key, 'id' | 'versions'>[],
): Key {
  const former = materials.find(({ id }) => id === key.id);
  const { createTimeMs } = key;
  const made = () => [{ number: 1, wrapped: keyring.createKeyMaterial(key, 1), createTimeMs }];
  return { ...key, versions: former?.versions ?? made(), revision: freshRevision(ids) };
}

/**
 * What keys begin with again: a value that is being sealed at this moment is stored behind the reset, under a key of the
 * same id.
 */
function firstMaterials(keys: readonly Key[]): Pick<Key, 'id' | 'versions'>[] {
  return keys.map(({ id, versions }) => ({ id, versions: versions.slice(0, 1) }));
}

interface Sealing {
  readonly keys: readonly Key[];
  readonly application: Application;
}

function wholeSecrets(deps: SeedDeps, plan: Plan, { application, keys }: Sealing): WholeSecret[] {
  // Later ones, which are as the seed says, stand for former ones of their id.
  const byId = new Map(keys.map((key) => [key.id, key]));
  return plan.secrets.map((planned) => wholeSecret(deps, planned, { ...application, keys: byId }));
}

function wholeSecret(
  deps: SeedDeps,
  { kmsKeyId, secret, versionKeyIds }: PlannedSecret,
  { keys, nowMs, projectId }: Application & { readonly keys: ReadonlyMap<string, Key> },
): WholeSecret {
  const { createTime, draft, id, name, scheduledDeleteTime, state, tags } = secret;
  const ref = { projectId, name };
  const sealed = secret.versions.map((version, slot) => {
    const key = required(keys.get(required(versionKeyIds[slot])));
    const {
      createTime: { ms: createTimeMs },
      expireTime,
      number,
      value,
    } = version;
    const sealedVersion = sealVersion(
      deps,
      { ref, secretId: id, key },
      { value, expireTimeMs: expireTime?.ms },
    );
    const expiryNotified = expireTime !== undefined && expireTime.ms <= nowMs;
    return {
      version: { ...newVersion(sealedVersion, { number, createTimeMs, slot }), expiryNotified },
      sealed: sealedVersion.sealed,
    };
  });
  const versions = sealed.map(({ version }) => version);
  const stages = placeStages(secret, versions, deps.choices.limits);
  const isLeaving = scheduledDeleteTime !== undefined;
  return {
    aggregate: {
      secret: {
        ...draft,
        ...ref,
        id,
        state: isLeaving ? 'PENDING_DELETE' : state,
        stateBeforeDeletion: isLeaving ? state : undefined,
        kmsKeyId,
        createTimeMs: createTime.ms,
        updateTimeMs: secret.updateTime?.ms ?? seedUpdateMs(createTime.ms, versions),
        scheduledDeleteTimeMs: scheduledDeleteTime?.ms,
        rotationTimeMs: undefined,
        nextRotationTimeMs: nextRotationTime(draft, nowMs),
        lastVersionNumber: required(versions.at(-1)).number,
        revision: freshRevision(deps.ids),
      },
      versions,
      stages,
      tags,
    },
    added: sealed.map(({ sealed: value, version }) => ({ versionNumber: version.number, sealed: value })),
  };
}

/** A stage has been where it is since its version came. */
function placeStages(
  { versions }: PlannedSecret['secret'],
  stored: readonly Version[],
  limits: Limits,
): readonly Stage[] {
  const marks = versions.flatMap(({ number, stages }, index) => {
    const nowMs = required(stored[index]).createTimeMs;
    return stages.map((name) => ({ name, versionNumber: number, nowMs }));
  });
  return marks.reduce<readonly Stage[]>((stages, mark) => placeStage(stages, mark, limits), []);
}
