import { codeOf } from '../../core/errors.ts';
import { takesJobs } from '../health/storage-status.ts';
import type { Awaitable, Deps } from '../ports/deps.ts';
import type { MonotonicClock, TrustedTime } from './trusted-time.ts';

/** Recurring background work. */
export interface Job {
  /** Letters, digits and dashes; unique. */
  readonly name: string;
  /** At least this long from the end of one run to the start of the next: bounds what a busy server spends on the job. */
  readonly intervalMs: number;
  /** `wall`: harmless under a wrong clock, so it also runs while the clock cannot be trusted. Default: trusted time. */
  readonly time?: 'wall' | 'trusted';
  /**
   * When there is something to do next, epoch milliseconds; undefined: never, as things are. Only what is due after
   * `afterMs` counts: nothing could be done about the rest.
   */
  nextDueMs(afterMs: number): Awaitable<number | undefined>;
  /**
   * One bounded run; returns how many things it carried out. It may be cut off anywhere and must be safe to repeat.
   * `ending` fires once the process is to stop: a long run then ends soon, and so do its calls.
   */
  run(nowMs: number, ending: AbortSignal): Promise<number>;
  /** How often something failed without ending a run, since the job was created. */
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
  /** How long the job has been due without ending a run, in milliseconds; 0 when it is not due. */
  readonly lagMs: number;
}

/** Runs jobs when they are due. */
export interface JobRunner {
  /**
   * Starts the idle jobs that have something to do at `nowMs`, whatever their intervals; resolves with how many things
   * they carried out. For moving a clock from one due moment to the next. Never rejects.
   */
  runDue(nowMs: number): Promise<number>;
  /** The next moment at which a job has something to do, epoch milliseconds; undefined: never. */
  nextDueMs(): Promise<number | undefined>;
  /** As `runDue` by the clock, but each job at its own pace. Never rejects. */
  tick(): Promise<void>;
  /** How long until the next tick is wanted: a minute at most, however little there is to do. */
  waitMs(): number;
  /** To be called after every change, which may make anything due. Cheap. */
  wake(): void;
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
}

/** What a runner needs. */
export interface JobRunnerDeps extends Pick<Deps, 'store' | 'clock' | 'log'> {
  readonly monotonic: MonotonicClock;
  readonly trustedTime: Pick<TrustedTime, 'nowMs'>;
  /** Longest time without a look; default a minute. */
  readonly lookMsMax?: number;
  /** Called when `waitMs` has changed. */
  onChange?(): void;
}

interface Entry {
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
const LOOK_MS_MAX = 60_000;

type Looking = JobRunnerDeps & { readonly lookMsMax: number };

/** Creates the runner of background jobs. At rest it only reads the next due moment of each, once a minute. */
export function createJobRunner(given: JobRunnerDeps, jobs: readonly Job[]): JobRunner {
  const deps: Looking = { lookMsMax: LOOK_MS_MAX, ...given };
  const { clock, lookMsMax, monotonic } = deps;
  const entries = jobs.map((job) => createEntry(job, monotonic.nowMs()));
  const stopping = new AbortController();
  let [isHeld, isAwake] = [false, false];
  const waits = ({ job }: Entry) => isHeld && job.time !== 'wall';

  async function round(wallMs: number, isReady: (entry: Entry) => boolean): Promise<number> {
    // Read once, also when nothing is due: trusted time compares consecutive readings.
    const trustedMs = deps.trustedTime.nowMs();
    isHeld = trustedMs === undefined;
    isAwake = false;
    if (stopping.signal.aborted) return 0;
    const started = entries.map((entry) => {
      const nowMs = entry.job.time === 'wall' ? wallMs : trustedMs;
      if (nowMs === undefined || entry.running !== undefined || !isReady(entry)) return 0;
      entry.running = lookAt(deps, entry, { nowMs, ending: stopping.signal }).finally(() => {
        entry.running = undefined;
        deps.onChange?.();
      });
      return entry.running;
    });
    return (await Promise.all(started)).reduce((sum, made) => sum + made, 0);
  }

  return {
    runDue: (nowMs) => round(nowMs, () => true),
    async nextDueMs() {
      const moments = await Promise.all(entries.map(({ job, passedMs }) => job.nextDueMs(passedMs)));
      return moments.filter((moment) => moment !== undefined).sort((a, b) => a - b)[0];
    },
    async tick() {
      await round(clock.nowMs(), ({ lookAtMs }) => lookAtMs <= monotonic.nowMs());
    },
    waitMs() {
      const looks = entries.filter((entry) => entry.running === undefined && !waits(entry));
      const nearestMs = Math.min(...looks.map(({ lookAtMs }) => lookAtMs)) - monotonic.nowMs();
      return Math.max(0, Math.ceil(Math.min(nearestMs, lookMsMax)));
    },
    wake() {
      if (isAwake) return;
      isAwake = true;
      for (const entry of entries) {
        entry.passedMs = 0;
        entry.isStale = true;
        // A failed job waits anyway: it would fail at each interval while others make changes.
        if (entry.failedInRow > 0) continue;
        const soonMs = Math.max(monotonic.nowMs(), entry.lookedAtMs + entry.job.intervalMs);
        entry.lookAtMs = Math.min(entry.lookAtMs, soonMs);
      }
      deps.onChange?.();
    },
    async stop() {
      stopping.abort();
      await Promise.all(entries.map((entry) => entry.running));
    },
    status: () => entries.map((entry) => ({ ...statusOf(entry, monotonic.nowMs()), isHeld: waits(entry) })),
  };
}

function createEntry(job: Job, lookAtMs: number): Entry {
  const state = { passedMs: 0, isStale: false, running: undefined, failures: 0, failedInRow: 0 };
  return { job, lookAtMs, lookedAtMs: lookAtMs - job.intervalMs, ...state };
}

function statusOf({ job, lookAtMs, running, failures }: Entry, sinceMs: number): Omit<JobStatus, 'isHeld'> {
  const isDue = lookAtMs <= sinceMs;
  const failedItems = job.failedItems?.() ?? 0;
  const lagMs = isDue ? sinceMs - lookAtMs : 0;
  return { name: job.name, isDue, isRunning: running !== undefined, failures: failures + failedItems, lagMs };
}

/** Runs the job if it has something to do; returns how much it did. Never rejects: what fails here is tried again. */
async function lookAt(
  deps: Looking,
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
      made = await job.run(nowMs, ending);
      entry.passedMs = made > 0 || entry.isStale ? 0 : nowMs;
      dueMs = await job.nextDueMs(entry.passedMs);
    }
    entry.failedInRow = 0;
    const untilMs = (dueMs ?? Number.POSITIVE_INFINITY) - deps.clock.nowMs();
    const pauseMs = isDue || entry.isStale ? job.intervalMs : 0;
    waitMs = Math.max(pauseMs, Math.min(untilMs, entry.isStale ? pauseMs : deps.lookMsMax));
  } catch (error) {
    waitMs = noteFailure(deps, entry, error);
  }
  entry.lookedAtMs = deps.monotonic.nowMs();
  entry.lookAtMs = entry.lookedAtMs + waitMs;
  return made;
}

/** Returns how long to wait. */
function noteFailure({ log, store }: JobRunnerDeps, entry: Entry, error: unknown): number {
  const { intervalMs, name } = entry.job;
  entry.failures += 1;
  entry.failedInRow += 1;
  // What stops every job is logged once elsewhere, and not by each of them.
  if (takesJobs(store.storageStatus()))
    log.error({ job: name, code: codeOf(error) }, 'a background job failed');
  const doubled = intervalMs * 2 ** Math.min(entry.failedInRow, 16);
  return Math.max(intervalMs, Math.min(doubled, FAILED_WAIT_MS_MAX));
}
