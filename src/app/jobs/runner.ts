import { createEntry, type Entry, LOOK_MS_MAX, type LookDeps, lookAt, statusOf, wakeEntry } from './entry.ts';
import type { Job, JobStatus } from './job.ts';
import { createSteps, type JobSteps } from './steps.ts';
import type { TrustedTime } from './trusted-time.ts';

/** Runs jobs when they are due. */
export interface JobRunner extends JobSteps {
  /** As `runDue` by the clock, but each job at its own pace. Never rejects. */
  tick(): Promise<void>;
  /** How long until the next tick is wanted: `lookMsMax` at most, however little there is to do; endless in runDue. */
  waitMs(): number;
  /** To be called after every change, which may make anything due. Cheap. */
  wake(): void;
  /** Starts nothing more and waits for what runs. */
  stop(): Promise<void>;
  status(): readonly JobStatus[];
}

/** What a runner needs. */
export interface JobRunnerDeps extends Omit<LookDeps, 'lookMsMax'> {
  readonly trustedTime: Pick<TrustedTime, 'nowMs'>;
  /** Longest time without a look; default a minute. */
  readonly lookMsMax?: number;
  /** Called when `waitMs` has changed. */
  onChange?(): void;
}

/** Creates the runner of background jobs. At rest it only reads the next due moment of each, once a minute. */
export function createJobRunner(given: JobRunnerDeps, jobs: readonly Job[]): JobRunner {
  const deps = { lookMsMax: LOOK_MS_MAX, ...given };
  const { clock, lookMsMax, monotonic } = deps;
  const entries = jobs.map((job) => createEntry(job, monotonic.nowMs()));
  const stopping = new AbortController();
  let [isHeld, isAwake] = [false, false];
  const waits = ({ job }: Entry) => isHeld && job.time !== 'wall';
  const onChange = () => deps.onChange?.();

  /** Reads trusted time once, also when nothing is due: it compares consecutive readings. */
  function timesAt(wallMs: number): (entry: Entry) => number | undefined {
    const trustedMs = deps.trustedTime.nowMs();
    isHeld = trustedMs === undefined;
    isAwake = false;
    return ({ job }) => (job.time === 'wall' ? wallMs : trustedMs);
  }

  async function start(entry: Entry, nowMs: number | undefined): Promise<number> {
    if (nowMs === undefined) return 0;
    entry.running = lookAt(deps, entry, { nowMs, ending: stopping.signal }).finally(() => {
      entry.running = undefined;
      onChange();
    });
    return entry.running;
  }

  function wakeAll(): void {
    isAwake = true;
    for (const entry of entries) wakeEntry(entry, monotonic.nowMs());
    onChange();
  }

  const stepDeps = { timesAt, start, onChange, wakeAll, ending: stopping.signal };
  const { isStepping, ...steps } = createSteps(entries, stepDeps);
  return {
    ...steps,
    async tick() {
      const timeOf = timesAt(clock.nowMs());
      if (stopping.signal.aborted || isStepping()) return;
      const ready = entries.filter(
        ({ lookAtMs, running }) => running === undefined && lookAtMs <= monotonic.nowMs(),
      );
      await Promise.all(ready.map((entry) => start(entry, timeOf(entry))));
    },
    waitMs() {
      if (isStepping()) return Number.POSITIVE_INFINITY;
      const looks = entries.filter((entry) => entry.running === undefined && !waits(entry));
      const nearestMs = Math.min(...looks.map(({ lookAtMs }) => lookAtMs)) - monotonic.nowMs();
      return Math.max(0, Math.ceil(Math.min(nearestMs, lookMsMax)));
    },
    wake() {
      if (!isAwake) wakeAll();
    },
    async stop() {
      stopping.abort();
      await Promise.all(entries.map((entry) => entry.running));
    },
    status: () => entries.map((entry) => ({ ...statusOf(entry, monotonic.nowMs()), isHeld: waits(entry) })),
  };
}
