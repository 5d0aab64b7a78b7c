import { codeOf, type ErrorCode, SecretError } from '../../core/errors.ts';
import { HOUR_MS } from '../../std/durations.ts';
import type { Deps } from '../ports/deps.ts';

/** How long a failed item is skipped; doubled with each failure in a row. */
const WAIT_MS = Object.freeze({ min: 60_000, max: HOUR_MS });
/** A failure this long ago is forgotten: the item is gone by then, or was never listed again. */
const REMEMBERED_MS = 3 * WAIT_MS.max;
/** The store cannot work now: every other item would fail too. */
const STORE_DOWN: ReadonlySet<ErrorCode> = new Set(['unavailable', 'storage-full', 'outcome-unknown']);

/** Lets background work continue past items that fail. */
export interface ItemGuard {
  /** Items skipped at present; they stay at the head of lists, so a list must be longer by these. */
  readonly size: number;
  /** How often an item has failed since the guard was created. */
  readonly failed: number;
  /** True for a damaged item, and for one that failed a little while ago. */
  isLeftOut(id: string): boolean;
  /**
   * The work's result; undefined when the item failed, which is logged with its address. Throws only when the store
   * cannot work now: unavailable, storage-full, outcome-unknown.
   */
  run<T>(id: string, work: () => Promise<T>, address?: object): Promise<T | undefined>;
}

interface Failure {
  /** In a row. */
  readonly count: number;
  readonly latestMs: number;
}

/**
 * Creates a guard for one kind of item. A damaged item is skipped for good and reported once; one that failed in any
 * other way, a bug included, is tried again after a wait. Both are forgotten with the process. `words`: how the log calls
 * an item, and what was not done to it.
 */
export function createItemGuard(
  { clock, log }: Pick<Deps, 'clock' | 'log'>,
  words: { readonly item: string; readonly outcome: string },
): ItemGuard {
  const damaged = new Set<string>();
  // The latest failure is the last one.
  const failures = new Map<string, Failure>();
  let failed = 0;

  function noteDamage(id: string, address: object): void {
    failures.delete(id);
    if (!damaged.has(id)) log.error({ id, ...address }, `${words.item} is damaged and ${words.outcome}`);
    damaged.add(id);
  }

  function noteFailure(id: string, code: ErrorCode, address: object): void {
    const nowMs = clock.nowMs();
    const count = (failures.get(id)?.count ?? 0) + 1;
    failures.delete(id);
    failures.set(id, { count, latestMs: nowMs });
    for (const [oldId, { latestMs }] of failures) {
      if (nowMs - latestMs <= REMEMBERED_MS) break;
      failures.delete(oldId);
    }
    // The code alone: an unexpected error's message may hold anything.
    const fields = { id, ...address, code, failures: count, waitMs: waitAfter(count) };
    log.error(fields, `${words.item} failed and ${words.outcome}; it is tried again later`);
  }

  return {
    get size() {
      if (failures.size === 0) return damaged.size;
      const nowMs = clock.nowMs();
      return damaged.size + [...failures.values()].filter((one) => isWaiting(one, nowMs)).length;
    },
    get failed() {
      return failed;
    },
    isLeftOut(id) {
      const failure = failures.get(id);
      return damaged.has(id) || (failure !== undefined && isWaiting(failure, clock.nowMs()));
    },
    async run(id, work, address = {}) {
      try {
        const result = await work();
        failures.delete(id);
        return result;
      } catch (error) {
        if (error instanceof SecretError && STORE_DOWN.has(error.code)) throw error;
        failed += 1;
        const code = codeOf(error);
        if (code === 'damaged') noteDamage(id, address);
        else noteFailure(id, code, address);
        return undefined;
      }
    },
  };
}

/** A failure in the future does not count: the clock was set back. */
function isWaiting({ count, latestMs }: Failure, nowMs: number): boolean {
  return latestMs <= nowMs && nowMs < latestMs + waitAfter(count);
}

function waitAfter(count: number): number {
  return Math.min(WAIT_MS.min * 2 ** (count - 1), WAIT_MS.max);
}
