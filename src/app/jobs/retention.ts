import { HOUR_MS } from '../../std/durations.ts';
import type { Awaitable, Deps, DueKind } from '../ports/deps.ts';
import { createItemGuard } from './guard.ts';
import type { Job } from './job.ts';

/** An hour more or less does not matter to records, and many are removed in one run. */
const INTERVAL_MS = HOUR_MS;
const BATCH = 200;
/** Batches of one run; the rest waits for the next. */
const BATCHES_MAX = 50;

/** What is kept for a while, and how to remove it afterwards. */
export interface Retention<T extends { readonly id: string }> {
  /** Name of the job. */
  readonly job: string;
  /** Its name in the log, such as `an old task`. */
  readonly item: string;
  readonly kind: Extract<DueKind, `${string}-record`>;
  readonly keptMs: number;
  /** Those created before then, at most `limit`. */
  listOld(beforeMs: number, limit: number): Awaitable<readonly T[]>;
  /** Resolves with whether it existed and is gone now. */
  remove(thing: T, nowMs: number): Promise<{ readonly changed: boolean }>;
}

/** Creates the hourly job that removes what is too old; one that cannot be removed does not stop the others. */
export function createRetention<T extends { readonly id: string }>(
  deps: Pick<Deps, 'store' | 'clock' | 'log'>,
  retention: Retention<T>,
): Job {
  const { item, keptMs, kind } = retention;
  const guard = createItemGuard(deps, { item, outcome: 'was not removed' });

  async function removeBatch(nowMs: number): Promise<number> {
    const old = await retention.listOld(nowMs - keptMs, BATCH + guard.size);
    const tried = old.filter(({ id }) => !guard.isLeftOut(id));
    const results = await Promise.all(
      tried.map((thing) => guard.run(thing.id, () => retention.remove(thing, nowMs))),
    );
    return results.filter((result) => result?.changed).length;
  }

  return {
    name: retention.job,
    intervalMs: INTERVAL_MS,
    async nextDueMs(afterMs) {
      const madeMs = await deps.store.findNextDue(kind, afterMs - keptMs - 1);
      return madeMs === undefined ? undefined : madeMs + keptMs + 1;
    },
    failedItems: () => guard.failed,
    async run(nowMs, ending) {
      let total = 0;
      for (let batches = 0; batches < BATCHES_MAX; batches += 1) {
        const leftOut = guard.size;
        const removed = await removeBatch(nowMs);
        total += removed;
        // A whole failed batch is skipped from now on; there may be others behind it.
        const isOver = removed === 0 && guard.size <= leftOut;
        if (isOver || ending.aborted) break;
      }
      return total;
    },
  };
}
