import { codeOf } from '../core/errors.ts';
import { type JobCommand, type JobResult, LEASE_MS } from '../core/job.ts';
import type { Deps } from './ports.ts';
import { takesJobs } from './storage-status.ts';
import type { MonotonicClock, TrustedTime } from './trusted-time.ts';

/** The claim on a job while it runs. */
export interface Lease {
  /** Fencing token: rises with every claim of the job. */
  readonly epoch: number;
  /** Makes the lease last from now on; false: another process has it, and the run has to end. */
  extend(): Promise<boolean>;
  /** True once the process wants to stop: a long run ends at its next good moment. */
  isEnding(): boolean;
  /** Fires at that moment: for calls that would keep the process from stopping. */
  readonly ending: AbortSignal;
}

/** Work that is done again and again in the background, by one process at a time. */
export interface Job {
  /** Letters, digits and dashes; unique. */
  readonly name: string;
  /** From the end of one run to the start of the next. */
  readonly intervalMs: number;
  /** `wall`: harmless under a wrong clock, so it also runs while the clock cannot be trusted. Default: trusted time. */
  readonly time?: 'wall' | 'trusted';
  /**
   * One bounded run; answers how many things it carried out. It may be cut off anywhere and must be safe to repeat. What
   * lasts longer than half a minute extends the lease and ends when it is lost.
   */
  run(nowMs: number, lease: Lease): Promise<number>;
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
  /** Starts nothing any more, waits for what runs and gives the leases back. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
}

/** What a runner needs. `holder` names this process: one that is alone on its data may use the same name for ever. */
export interface JobRunnerDeps extends Pick<Deps, 'store' | 'clock' | 'log'> {
  readonly monotonic: MonotonicClock;
  readonly trustedTime: TrustedTime;
  readonly holder: string;
}

interface RunDeps extends JobRunnerDeps {
  readonly ending: AbortSignal;
}

interface Entry {
  readonly job: Job;
  /** On the monotonic clock. */
  dueAtMs: number;
  running: Promise<void> | undefined;
  held: { readonly epoch: number; readonly untilMs: number } | undefined;
  failures: number;
  /** Failed runs in a row. */
  failedInRow: number;
}

/** A job that failed waits longer each time, up to this or its own interval. */
const FAILED_WAIT_MS_MAX = 60_000;
const CLAIM_WAIT_MS_MAX = LEASE_MS / 4;

/**
 * Makes the runner of background jobs. A lease is kept over many runs and claimed again when half of it is over, and a
 * run that did nothing is not recorded: a server at rest writes next to nothing.
 */
export function createJobRunner(deps: JobRunnerDeps, jobs: readonly Job[]): JobRunner {
  const { clock, monotonic } = deps;
  const entries = jobs.map((job): Entry => {
    return {
      job,
      dueAtMs: monotonic.nowMs(),
      running: undefined,
      held: undefined,
      failures: 0,
      failedInRow: 0,
    };
  });
  const stopping = new AbortController();
  let isHeld = false;
  const runDeps: RunDeps = { ...deps, ending: stopping.signal };

  function start(entry: Entry, nowMs: number): Promise<void> {
    entry.running = runEntry(runDeps, entry, nowMs).finally(() => {
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
      await Promise.all(entries.map((entry) => release(deps, entry)));
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
async function runEntry(deps: RunDeps, entry: Entry, nowMs: number): Promise<void> {
  const { job } = entry;
  let waitMs = job.intervalMs;
  try {
    const waitFirstMs = await ensureLease(deps, entry, nowMs);
    if (waitFirstMs === undefined) await runOnce(deps, entry, nowMs);
    else waitMs = waitFirstMs;
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

/** Answers how long to wait when another process has the job, or it is not due yet; undefined: run it. */
async function ensureLease(deps: JobRunnerDeps, entry: Entry, nowMs: number): Promise<number | undefined> {
  const { job, held } = entry;
  const remainingMs = (held?.untilMs ?? 0) - nowMs;
  if (remainingMs > LEASE_MS / 2 && remainingMs <= LEASE_MS) return undefined;
  const isFirst = held === undefined;
  entry.held = undefined;
  const result = await changeJob(deps, entry, { kind: 'claim-job', holder: deps.holder, nowMs });
  if (!result.held) {
    const leftMs = (result.job?.leaseUntilMs ?? 0) - nowMs;
    return Math.max(job.intervalMs, Math.min(leftMs, CLAIM_WAIT_MS_MAX));
  }
  if (!isFirst) return undefined;
  // What another process, or an earlier life of this one, did not long ago need not be done again.
  const notYetMs = (result.job?.nextRunMs ?? 0) - nowMs;
  return notYetMs > 0 && notYetMs <= job.intervalMs ? notYetMs : undefined;
}

async function runOnce(deps: RunDeps, entry: Entry, nowMs: number): Promise<void> {
  const { job } = entry;
  const epoch = entry.held?.epoch ?? 0;
  const extend = async () => {
    return (await changeJob(deps, entry, { kind: 'extend-job', epoch, nowMs: deps.clock.nowMs() })).held;
  };
  const finish = (processed: number, error: string | undefined) => {
    const endMs = deps.clock.nowMs();
    const nextRunMs = endMs + job.intervalMs;
    return changeJob(deps, entry, { kind: 'finish-job', epoch, nextRunMs, error, processed, nowMs: endMs });
  };
  let processed: number;
  try {
    const { ending } = deps;
    processed = await job.run(nowMs, { epoch, extend, ending, isEnding: () => ending.aborted });
  } catch (error) {
    await finish(0, codeOf(error));
    throw error;
  }
  const isRare = job.intervalMs >= LEASE_MS / 2;
  if (processed > 0 || isRare || entry.failedInRow > 0) await finish(processed, undefined);
}

async function release(deps: JobRunnerDeps, entry: Entry): Promise<void> {
  // The lease ends by itself.
  if (entry.held === undefined || !takesJobs(deps.store.storageStatus())) return;
  const { epoch } = entry.held;
  try {
    await changeJob(deps, entry, { kind: 'release-job', epoch, nowMs: deps.clock.nowMs() });
  } catch (error) {
    deps.log.warn({ job: entry.job.name, code: codeOf(error) }, 'a background job kept its lease');
  }
}

/** Carries out a command about the job, and remembers what it says about the lease. */
async function changeJob(deps: JobRunnerDeps, entry: Entry, command: BareCommand): Promise<JobResult> {
  const result = await deps.store.change({ aggregate: 'job', ref: { name: entry.job.name }, ...command });
  const { held, job } = result;
  entry.held = held && job !== undefined ? { epoch: job.epoch, untilMs: job.leaseUntilMs } : undefined;
  return result;
}

type Bare<C> = C extends JobCommand ? Omit<C, 'aggregate' | 'ref'> : never;
type BareCommand = Bare<JobCommand>;
