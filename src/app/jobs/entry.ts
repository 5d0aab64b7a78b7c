import { codeOf } from '../../core/errors.ts';
import { takesJobs } from '../health/storage-status.ts';
import type { Clock, Deps } from '../ports/deps.ts';
import type { Job, JobStatus } from './job.ts';
import type { MonotonicClock } from './trusted-time.ts';

/** A job with what its runner knows of it. */
export interface Entry {
  readonly job: Job;
  /** When to check it, on the monotonic clock. */
  lookAtMs: number;
  /** When it was last checked, on the monotonic clock. */
  lookedAtMs: number;
  /** What was due up to then has been tried in vain, and nothing has changed since. Epoch milliseconds. */
  passedMs: number;
  /** Whether something has changed since the present check began. */
  isStale: boolean;
  running: Promise<number> | undefined;
  failures: number;
  /** Failed runs in a row. */
  failedInRow: number;
}

/** A job that failed waits longer each time, up to this or its own interval. */
const FAILED_WAIT_MS_MAX = 60_000;
/**
 * At most this long between checks: the clock may be set, another process may change what is stored, and what failed may
 * work again.
 */
export const LOOK_MS_MAX = 60_000;

/** What checking a job needs. */
export interface LookDeps extends Pick<Deps, 'store' | 'clock' | 'log'> {
  readonly monotonic: MonotonicClock;
  /** Longest time without a check. */
  readonly lookMsMax: number;
}

/** A job that is to be checked for the first time then, on the monotonic clock. */
export function createEntry(job: Job, lookAtMs: number): Entry {
  const state = { passedMs: 0, isStale: false, running: undefined, failures: 0, failedInRow: 0 };
  return { job, lookAtMs, lookedAtMs: lookAtMs - job.intervalMs, ...state };
}

/** Something has changed, at a moment of the monotonic clock: the job is to be checked as soon as its interval allows. */
export function wakeEntry(entry: Entry, sinceMs: number): void {
  entry.passedMs = 0;
  entry.isStale = true;
  // A failed job waits anyway: it would fail at each interval while others make changes.
  if (entry.failedInRow > 0) return;
  entry.lookAtMs = Math.min(entry.lookAtMs, Math.max(sinceMs, entry.lookedAtMs + entry.job.intervalMs));
}

/** What the job shows at a moment of the monotonic clock. */
export function statusOf(
  { job, lookAtMs, running, failures }: Entry,
  sinceMs: number,
): Omit<JobStatus, 'isHeld'> {
  const isDue = lookAtMs <= sinceMs;
  const failedItems = job.failedItems?.() ?? 0;
  const lagMs = isDue ? sinceMs - lookAtMs : 0;
  return { name: job.name, isDue, isRunning: running !== undefined, failures: failures + failedItems, lagMs };
}

/** Runs the job if it has something to do; returns how much it did. Never rejects: what fails here is tried again. */
export async function lookAt(
  deps: LookDeps,
  entry: Entry,
  { nowMs, ending }: { readonly nowMs: number; readonly ending: AbortSignal },
): Promise<number> {
  const { job } = entry;
  let made = 0;
  let waitMs: number;
  entry.isStale = false;
  try {
    // What failed may work after a while, without any change.
    if (deps.monotonic.nowMs() - entry.lookedAtMs >= deps.lookMsMax) entry.passedMs = 0;
    let dueMs = await job.nextDueMs(entry.passedMs);
    const isDue = dueMs !== undefined && dueMs <= nowMs;
    if (isDue) {
      made = await job.run(nowMs, ending, entry.passedMs);
      entry.passedMs = made > 0 || entry.isStale ? 0 : nowMs;
      dueMs = await job.nextDueMs(entry.passedMs);
    }
    entry.failedInRow = 0;
    const untilMs = timeUntil(dueMs, deps.clock);
    const pauseMs = isDue || entry.isStale ? job.intervalMs : 0;
    waitMs = Math.max(pauseMs, Math.min(untilMs, entry.isStale ? pauseMs : deps.lookMsMax));
  } catch (error) {
    waitMs = noteFailure(deps, entry, error);
  }
  entry.lookedAtMs = deps.monotonic.nowMs();
  entry.lookAtMs = entry.lookedAtMs + waitMs;
  return made;
}

/** While the clock stands, no later moment comes; the runner is to be woken once it runs on. */
function timeUntil(dueMs: number | undefined, clock: Clock): number {
  if (dueMs === undefined) return Number.POSITIVE_INFINITY;
  const untilMs = dueMs - clock.nowMs();
  return clock.isFrozen === true && untilMs > 0 ? Number.POSITIVE_INFINITY : untilMs;
}

/** Returns how long to wait. */
function noteFailure({ log, store }: LookDeps, entry: Entry, error: unknown): number {
  const { intervalMs, name } = entry.job;
  entry.failures += 1;
  entry.failedInRow += 1;
  // What stops every job is logged once elsewhere, and not by each of them.
  if (takesJobs(store.storageStatus()))
    log.error({ job: name, code: codeOf(error) }, 'a background job failed');
  const doubled = intervalMs * 2 ** Math.min(entry.failedInRow, 16);
  return Math.max(intervalMs, Math.min(doubled, FAILED_WAIT_MS_MAX));
}
