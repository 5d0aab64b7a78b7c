import type { Entry } from './entry.ts';

/** Running jobs step by step, for moving a clock from one due moment to the next. */
export interface JobSteps {
  /**
   * Carries out what is due at `nowMs`, one job after the other in their order and each to its end, whatever their
   * intervals; what they have under way is waited for, and no tick starts anything meanwhile. `goesOn` is asked before
   * each run; false ends it early. Resolves with how many things were carried out: once that is none, nothing more is due. Never
   * rejects.
   */
  runDue(nowMs: number, goesOn?: () => boolean): Promise<number>;
  /**
   * The next moment at which a job has something to do, epoch milliseconds; undefined: never. With `afterMs`: the next
   * one after it, whatever could not be done up to then.
   */
  nextDueMs(afterMs?: number): Promise<number | undefined>;
  /** Keeps the timer from starting anything until the returned function is called; then all jobs are checked. */
  hold(): () => void;
  /** Whether something has begun and not ended. */
  isUnderWay(): boolean;
  /** Whether what is due cannot be done now: the latest run of a job failed, or the runner has been stopped. */
  isFailing(): boolean;
}

/** What the steps are made of. */
interface StepDeps {
  /** The time that each job goes by; undefined: it must not run now. */
  timesAt(wallMs: number): (entry: Entry) => number | undefined;
  /** Checks an idle job once and runs it if it is due. Never rejects. */
  start(entry: Entry, nowMs: number): Promise<number>;
  /** Called when the timer may start jobs again. */
  onChange(): void;
  /** Makes the timer check every job. */
  wakeAll(): void;
  readonly ending: AbortSignal;
}

/** Creates the steps of a runner; `isStepping`: whether some are being made, and nothing else may start a job. */
export function createSteps(
  entries: readonly Entry[],
  { timesAt, start, onChange, wakeAll, ending }: StepDeps,
): JobSteps & { isStepping(): boolean } {
  let stepping = 0;

  /** Runs one job until nothing is left to it; returns how many things that were. */
  async function finish(entry: Entry, nowMs: number, goesOn: () => boolean): Promise<number> {
    let total = 0;
    // The wait of what failed may have ended.
    if ((entry.job.failedItems?.() ?? 0) > 0) entry.passedMs = 0;
    for (;;) {
      total += (await entry.running) ?? 0;
      if (ending.aborted || !goesOn()) return total;
      const made = await start(entry, nowMs);
      total += made;
      if (entry.failedInRow > 0 || (made === 0 && entry.job.isUnderWay?.() !== true)) return total;
    }
  }

  return {
    hold() {
      stepping += 1;
      return () => {
        stepping -= 1;
        wakeAll();
      };
    },
    isStepping: () => stepping > 0,
    async runDue(nowMs, goesOn = () => true) {
      const timeOf = timesAt(nowMs);
      let total = 0;
      stepping += 1;
      for (const entry of entries) {
        const dueMs = timeOf(entry);
        if (dueMs !== undefined) total += await finish(entry, dueMs, goesOn);
      }
      stepping -= 1;
      onChange();
      return total;
    },
    async nextDueMs(afterMs = -1) {
      const moments = await Promise.all(
        entries.map(({ job, passedMs }) => job.nextDueMs(Math.max(passedMs, afterMs))),
      );
      return moments
        .filter((moment) => moment !== undefined)
        .filter((moment) => moment > afterMs)
        .sort((a, b) => a - b)[0];
    },
    isUnderWay: () =>
      entries.some(({ job, running }) => running !== undefined || job.isUnderWay?.() === true),
    isFailing: () => ending.aborted || entries.some(({ failedInRow }) => failedInRow > 0),
  };
}
