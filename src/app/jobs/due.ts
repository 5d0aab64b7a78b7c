import { codeOf, type ErrorCode } from '../../core/errors.ts';
import type { Awaitable, Deps, DueKind } from '../ports/deps.ts';
import { createItemGuard } from './guard.ts';
import type { Job } from './job.ts';

const INTERVAL_MS = 1_000;
/** Due things of one run. */
const RUN_MAX = 100;
const GONE: ReadonlySet<ErrorCode> = new Set(['secret-not-found', 'key-not-found']);

/** Things of one kind that become due, and what is done to them then. */
export interface DueWork<T> {
  /** Name of the job. */
  readonly job: string;
  readonly kind: DueKind;
  /** How the log calls one of them, and what was not done to it. */
  readonly item: string;
  readonly outcome: string;
  /** What is due, at most `limit`. */
  list(nowMs: number, limit: number): Awaitable<readonly T[]>;
  /** Distinguishes them; `address`: for the log. */
  nameOf(thing: T): { readonly id: string; readonly address?: object };
  /** Resolves with whether it did something. */
  carryOut(thing: T, nowMs: number): Promise<boolean>;
  /** Called with for how many things a run did something. */
  tell(count: number): void;
}

/** Creates the job that does it, one thing after the other; one that fails does not stop the others. */
export function createDueJob<T>(deps: Pick<Deps, 'store' | 'clock' | 'log'>, due: DueWork<T>): Job {
  const guard = createItemGuard(deps, due);
  return {
    name: due.job,
    intervalMs: INTERVAL_MS,
    nextDueMs: (afterMs) => deps.store.findNextDue(due.kind, afterMs),
    failedItems: () => guard.failed,
    async run(nowMs) {
      let done = 0;
      // Skipped ones stay at the head of the list; the run reads past them.
      for (const thing of await due.list(nowMs, RUN_MAX + guard.size)) {
        const { id, address } = due.nameOf(thing);
        if (guard.isLeftOut(id)) continue;
        if (await guard.run(id, () => unlessGone(due.carryOut(thing, nowMs)), address)) done += 1;
      }
      if (done > 0) due.tell(done);
      return done;
    },
  };
}

/** What the work resolves with; false when its secret or key was deleted in the meantime. */
export async function unlessGone(work: Promise<boolean>): Promise<boolean> {
  try {
    return await work;
  } catch (error) {
    if (GONE.has(codeOf(error))) return false;
    throw error;
  }
}
