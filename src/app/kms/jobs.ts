import { SecretError } from '../../core/errors.ts';
import { currentKeyVersion, type KeyRef } from '../../core/kms/keys.ts';
import { isRotationDue } from '../../core/kms/rotation.ts';
import { type ChangeDeps, change } from '../change.ts';
import { createItemGuard } from '../jobs/guard.ts';
import type { Job } from '../jobs/runner.ts';
import type { Deps, DueKeyQuery } from '../ports/deps.ts';

const KEY_INTERVAL_MS = 1_000;
/** Due keys of one run. */
const RUN_KEYS = 100;

/** What the jobs on keys work with. */
export type KeyJobDeps = ChangeDeps & Pick<Deps, 'keyring' | 'log'>;

/** The job that destroys keys whose scheduled deletion is due. @see KMS API, DeleteKey */
export function createKeyDeletion(deps: KeyJobDeps): Job {
  const { keyring, log } = deps;
  const { failedItems, runDue } = createDueRun(deps, 'deletion', async (ref, nowMs) => {
    const { changed } = await change(deps, { aggregate: 'key', kind: 'purge-key', ref, nowMs });
    if (changed) keyring.forget(ref);
    return changed;
  });
  return {
    name: 'key-deletion',
    intervalMs: KEY_INTERVAL_MS,
    nextDueMs: (afterMs) => deps.store.findNextDue('key-deletion', afterMs),
    failedItems,
    async run(nowMs) {
      const deleted = await runDue(nowMs);
      if (deleted > 0) log.info({ deleted }, 'destroyed keys whose scheduled deletion was due');
      return deleted;
    },
  };
}

/** The job that adds a version to keys whose rotation is due. @see KMS API, EnableKeyRotation */
export function createKeyRotation(deps: KeyJobDeps): Job {
  const { keyring, log, store } = deps;
  const { failedItems, runDue } = createDueRun(deps, 'rotation', async (ref, nowMs) => {
    const key = await store.findKey(ref);
    if (key === undefined || !isRotationDue(key, nowMs)) return false;
    const versionNumber = currentKeyVersion(key).number + 1;
    const material = keyring.createKeyMaterial(ref, versionNumber);
    const command = { aggregate: 'key', kind: 'rotate-key', ref, versionNumber, material, nowMs } as const;
    return (await change(deps, command)).changed;
  });
  return {
    name: 'key-rotation',
    intervalMs: KEY_INTERVAL_MS,
    nextDueMs: (afterMs) => store.findNextDue('key-rotation', afterMs),
    failedItems,
    async run(nowMs) {
      const rotated = await runDue(nowMs);
      if (rotated > 0) log.info({ rotated }, 'rotated keys');
      return rotated;
    },
  };
}

/** Prepares runs through the due keys; a run returns for how many `work` did something. */
function createDueRun(
  deps: KeyJobDeps,
  due: DueKeyQuery['due'],
  work: (ref: KeyRef, nowMs: number) => Promise<boolean>,
): { readonly runDue: (nowMs: number) => Promise<number>; readonly failedItems: () => number } {
  const guard = createItemGuard(deps, { item: 'a due key', outcome: 'was left alone' });

  async function carryOut(ref: KeyRef, nowMs: number): Promise<boolean> {
    try {
      return await work(ref, nowMs);
    } catch (error) {
      // It was destroyed in the meantime.
      if (error instanceof SecretError && error.code === 'key-not-found') return false;
      throw error;
    }
  }

  async function runDue(nowMs: number): Promise<number> {
    let done = 0;
    // Skipped ones stay at the head of the list; the run reads past them.
    for (const ref of await deps.store.listDueKeys({ due, nowMs, limit: RUN_KEYS + guard.size })) {
      const id = `${ref.projectId}/${ref.id}`;
      if (guard.isLeftOut(id)) continue;
      if (await guard.run(id, () => carryOut(ref, nowMs))) done += 1;
    }
    return done;
  }

  return { runDue, failedItems: () => guard.failed };
}
