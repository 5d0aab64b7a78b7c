import { HOUR_MS } from '../std/durations.ts';
import { createItemGuard } from './item-guard.ts';
import type { Job } from './jobs.ts';
import type { Awaitable, Deps } from './ports.ts';

/** A day or an hour more or less does not matter to records, and many are removed in one run. */
const INTERVAL_MS = HOUR_MS;
const BATCH = 200;
/** Batches of one run; the rest waits for the next. */
const BATCHES_MAX = 50;

/** What is kept for a while, and how it is removed afterwards. */
export interface Retention<T extends { readonly id: string }> {
  /** Name of the job. */
  readonly job: string;
  /** What one of them is called in the log: `an old task`. */
  readonly item: string;
  /** When one of them is too old next: see `Job`. */
  nextDueMs: Job['nextDueMs'];
  /** Those that are too old at `nowMs`, at most `limit`. */
  listOld(nowMs: number, limit: number): Awaitable<readonly T[]>;
  /** Answers whether it was there and is gone now. */
  remove(thing: T, nowMs: number): Promise<{ readonly changed: boolean }>;
}

/** Makes the hourly job that removes what is too old; one that cannot be removed does not keep the others. */
export function createRetention<T extends { readonly id: string }>(
  deps: Pick<Deps, 'clock' | 'log'>,
  retention: Retention<T>,
): Job {
  const guard = createItemGuard(deps, { item: retention.item, outcome: 'was not removed' });

  async function removeBatch(nowMs: number): Promise<number> {
    const old = await retention.listOld(nowMs, BATCH + guard.size);
    const sound = old.filter(({ id }) => !guard.isLeftOut(id));
    const results = await Promise.all(
      sound.map((thing) => guard.run(thing.id, () => retention.remove(thing, nowMs))),
    );
    return results.filter((result) => result?.changed).length;
  }

  return {
    name: retention.job,
    intervalMs: INTERVAL_MS,
    nextDueMs: retention.nextDueMs,
    failedItems: () => guard.failed,
    async run(nowMs, ending) {
      let total = 0;
      for (let batches = 0; batches < BATCHES_MAX; batches += 1) {
        const leftOut = guard.size;
        const removed = await removeBatch(nowMs);
        total += removed;
        // A whole batch that failed is left out from now on; there may be others behind it.
        const isOver = removed === 0 && guard.size <= leftOut;
        if (isOver || ending.aborted) break;
      }
      return total;
    },
  };
}

/** When the first record of that kind is older than `keptMs`, after `afterMs`. */
export async function nextTooOld(
  store: Pick<Deps['store'], 'findNextDue'>,
  kind: 'notification-record' | 'task-record',
  { keptMs, afterMs }: { readonly keptMs: number; readonly afterMs: number },
): Promise<number | undefined> {
  const keptForMs = keptMs + 1;
  const madeMs = await store.findNextDue(kind, afterMs - keptForMs);
  return madeMs === undefined ? undefined : madeMs + keptForMs;
}
