import type { Awaitable } from '../ports/deps.ts';

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
   * `ending` fires once the process is to stop: a long run then ends soon, and so do its calls. `afterMs`: as for
   * `nextDueMs`.
   */
  run(nowMs: number, ending: AbortSignal, afterMs?: number): Promise<number>;
  /** How often something failed without ending a run, since the job was created. */
  failedItems?(): number;
  /** Whether it has begun something that its next runs continue, such as calls without a response yet. */
  isUnderWay?(): boolean;
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
