import { codeOf } from '../core/errors.ts';
import type { Deps } from './ports.ts';
import { takesJobs } from './storage-status.ts';
import type { MonotonicClock, TrustedTime } from './trusted-time.ts';

/** Work that is done again and again in the background. */
export interface Job {
  /** Letters, digits and dashes; unique. */
  readonly name: string;
  /** From the end of one run to the start of the next. */
  readonly intervalMs: number;
  /** `wall`: harmless under a wrong clock, so it also runs while the clock cannot be trusted. Default: trusted time. */
  readonly time?: 'wall' | 'trusted';
  /**
   * One bounded run; answers how many things it carried out. It may be cut off anywhere and must be safe to repeat.
   * `ending` fires once the process wants to stop: a long run ends at its next good moment, and so do its calls.
   */
  run(nowMs: number, ending: AbortSignal): Promise<number>;
  /** How often something failed that did not end a run, since the job was made. */
  failedItems?(): number;
}

/** A job as `/metrics` shows it. */
export interface JobStatus {
  readonly name: string;
  readonly isDue: boolean;
  readonly isRunning: boolean;
  /** Whether it waits because the clock cannot be trusted. */
  readonly isHeld: boolean;
  /** Failed runs of this process, and things that failed without ending one. */
  readonly failures: number;
  /** Since when the job is due and has not ended a run, in milliseconds; 0 when it is not. */
  readonly lagMs: number;
}

/** Runs jobs when they are due. */
export interface JobRunner {
  /** Starts what is due and not running; resolves when the runs that it started have ended. Never rejects. */
  tick(): Promise<void>;
  /** Starts nothing any more and waits for what runs. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
}

/** What a runner needs. */
export interface JobRunnerDeps extends Pick<Deps, 'store' | 'clock' | 'log'> {
  readonly monotonic: MonotonicClock;
  readonly trustedTime: TrustedTime;
}

interface Entry {
  readonly job: Job;
  /** On the monotonic clock. */
  dueAtMs: number;
  running: Promise<void> | undefined;
  failures: number;
  /** Failed runs in a row. */
  failedInRow: number;
}

/** A job that failed waits longer each time, up to this or its own interval. */
const FAILED_WAIT_MS_MAX = 60_000;

/** Makes the runner of background jobs. */
export function createJobRunner(deps: JobRunnerDeps, jobs: readonly Job[]): JobRunner {
  const { clock, monotonic } = deps;
  const entries = jobs.map((job): Entry => {
    return { job, dueAtMs: monotonic.nowMs(), running: undefined, failures: 0, failedInRow: 0 };
  });
  const stopping = new AbortController();
  let isHeld = false;

  function start(entry: Entry, nowMs: number): Promise<void> {
    entry.running = runEntry(deps, entry, { nowMs, ending: stopping.signal }).finally(() => {
      entry.running = undefined;
    });
    return entry.running;
  }

  return {
    async tick() {
      // Read once, also when nothing is due: the guard compares neighbouring readings.
      const trustedMs = deps.trustedTime.nowMs();
      isHeld = trustedMs === undefined;
      if (stopping.signal.aborted) return;
      const started = entries.map((entry) => {
        const nowMs = entry.job.time === 'wall' ? clock.nowMs() : trustedMs;
        const isReady = entry.running === undefined && entry.dueAtMs <= monotonic.nowMs();
        return isReady && nowMs !== undefined ? start(entry, nowMs) : undefined;
      });
      await Promise.all(started);
    },
    async stop() {
      stopping.abort();
      await Promise.all(entries.map((entry) => entry.running));
    },
    status: () =>
      entries.map((entry) => {
        const waits = isHeld && entry.job.time !== 'wall';
        return { ...statusOf(entry, monotonic.nowMs()), isHeld: waits };
      }),
  };
}

function statusOf({ job, dueAtMs, running, failures }: Entry, sinceMs: number): Omit<JobStatus, 'isHeld'> {
  const isDue = dueAtMs <= sinceMs;
  const failedItems = job.failedItems?.() ?? 0;
  const lagMs = isDue ? sinceMs - dueAtMs : 0;
  return { name: job.name, isDue, isRunning: running !== undefined, failures: failures + failedItems, lagMs };
}

/** Never rejects: what fails here is logged, counted and tried again. */
async function runEntry(
  deps: JobRunnerDeps,
  entry: Entry,
  { nowMs, ending }: { readonly nowMs: number; readonly ending: AbortSignal },
): Promise<void> {
  const { job } = entry;
  let waitMs = job.intervalMs;
  try {
    await job.run(nowMs, ending);
    entry.failedInRow = 0;
  } catch (error) {
    entry.failures += 1;
    entry.failedInRow += 1;
    const doubled = job.intervalMs * 2 ** Math.min(entry.failedInRow, 16);
    waitMs = Math.max(job.intervalMs, Math.min(doubled, FAILED_WAIT_MS_MAX));
    // What keeps every job from its work is told once, and not by each of them.
    if (takesJobs(deps.store.storageStatus())) {
      deps.log.error({ job: job.name, code: codeOf(error) }, 'a background job failed');
    }
  }
  entry.dueAtMs = deps.monotonic.nowMs() + waitMs;
}
