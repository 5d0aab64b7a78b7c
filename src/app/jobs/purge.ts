import { SecretError } from '../../core/errors.ts';
import { type ChangeDeps, change } from '../change.ts';
import type { Deps, DueSecret } from '../ports/deps.ts';
import { createItemGuard, type ItemGuard } from './guard.ts';
import type { Job } from './runner.ts';

/** Due secrets of one round. */
const PURGE_BATCH = 100;
const PURGE_INTERVAL_MS = 1_000;
/** Carries out the deletions that are due at that time, which must be trusted; returns how many. */
export type PurgeRound = (nowMs: number) => Promise<number>;

/**
 * Prepares the rounds that remove due secrets. One that fails does not stop the others. A damaged one stays until its
 * owner deletes it: only its changed row says that it is due.
 */
export function createPurge(
  deps: ChangeDeps & Pick<Deps, 'log'>,
  guard: ItemGuard = createPurgeGuard(deps),
): PurgeRound {
  /** True when the secret was due and is gone now. */
  async function purge(secret: DueSecret, nowMs: number): Promise<boolean> {
    try {
      const command = { aggregate: 'secret', kind: 'purge-secret', ...secret, nowMs } as const;
      return (await change(deps, command)).removed ?? false;
    } catch (error) {
      // It was deleted in the meantime.
      if (error instanceof SecretError && error.code === 'secret-not-found') return false;
      throw error;
    }
  }

  return async (nowMs) => {
    let purged = 0;
    // Skipped ones stay at the head of the list; the round reads past them.
    for (const secret of await deps.store.listDueSecrets(nowMs, PURGE_BATCH + guard.size)) {
      if (guard.isLeftOut(secret.id)) continue;
      if (await guard.run(secret.id, () => purge(secret, nowMs), secret.ref)) purged += 1;
    }
    if (purged > 0) deps.log.info({ purged }, 'carried out scheduled deletions');
    return purged;
  };
}

function createPurgeGuard(deps: Pick<Deps, 'clock' | 'log'>): ItemGuard {
  return createItemGuard(deps, { item: 'a due secret', outcome: 'was not removed' });
}

/** The job that carries out scheduled deletions of secrets. @see API page DeleteSecretForSchedule */
export function createPurgeJob(deps: ChangeDeps & Pick<Deps, 'log'>): Job {
  const guard = createPurgeGuard(deps);
  const failedItems = () => guard.failed;
  return {
    name: 'purge',
    intervalMs: PURGE_INTERVAL_MS,
    nextDueMs: (afterMs) => deps.store.findNextDue('secret-deletion', afterMs),
    run: createPurge(deps, guard),
    failedItems,
  };
}
