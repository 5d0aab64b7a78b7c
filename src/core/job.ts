/** How long a claim of a background job lasts, in milliseconds; its holder claims again when half of it is over. */
export const LEASE_MS = 120_000;
/** Longest text that is kept of a job's last error. It is an error code, never a foreign message. */
export const JOB_ERROR_CHARACTERS_MAX = 64;

/** Names one background job: letters, digits and dashes, chosen by the program. */
export interface JobRef {
  readonly name: string;
}

/** A background job as all processes see it. Times are epoch milliseconds, UTC. */
export interface JobState {
  readonly name: string;
  /** The process that may run it; absent when nobody does. */
  readonly leaseHolder: string | undefined;
  readonly leaseUntilMs: number;
  /** Rises by one with every claim: what an earlier holder says afterwards does not count. */
  readonly epoch: number;
  /** When the job is due next. */
  readonly nextRunMs: number;
  /** Code of the error that the latest recorded run ended with; absent when it ended well. */
  readonly lastError: string | undefined;
  /** Recorded runs: those that did something, failed, or are rare. */
  readonly runs: number;
  readonly failures: number;
  /** Things carried out over all runs. */
  readonly processed: number;
}

/** What the rules for a job decide on. */
export interface JobScope {
  readonly current: JobState | undefined;
}

/** Every change of a job, as plain data. */
export type JobCommand = { readonly aggregate: 'job'; readonly ref: JobRef; readonly nowMs: number } & (
  | { readonly kind: 'claim-job'; readonly holder: string }
  | { readonly kind: 'extend-job'; readonly epoch: number }
  | {
      readonly kind: 'finish-job';
      readonly epoch: number;
      readonly nextRunMs: number;
      /** Absent: the run ended well. */
      readonly error: string | undefined;
      readonly processed: number;
    }
  | { readonly kind: 'release-job'; readonly epoch: number }
);

/** One command by its kind. */
export type JobCommandOf<K extends JobCommand['kind']> = Extract<JobCommand, { kind: K }>;

/** Whether the caller holds the lease now, and the job as it is. */
export interface JobResult {
  readonly held: boolean;
  readonly job: JobState | undefined;
}

/** The job after the change; the very object of before when nothing changed. */
export interface JobDecision {
  readonly next: JobState | undefined;
  readonly result: JobResult;
}

/**
 * Decides one command about a background job. Pure. A lease makes sure that one process at a time runs a job; the epoch
 * (fencing token) makes sure that a process which slept through the end of its lease changes nothing any more.
 */
export function decideJob({ current }: JobScope, command: JobCommand): JobDecision {
  if (command.kind === 'claim-job') return claim(current, command);
  if (current === undefined || current.epoch !== command.epoch || current.leaseHolder === undefined) {
    return { next: current, result: { held: false, job: current } };
  }
  switch (command.kind) {
    case 'extend-job':
      return changed({ ...current, leaseUntilMs: command.nowMs + LEASE_MS });
    case 'finish-job':
      return changed(finished(current, command));
    case 'release-job':
      return { ...changed({ ...current, leaseHolder: undefined }), result: { held: false, job: current } };
    default:
      throw new Error(`unknown command ${(command satisfies never as JobCommand).kind}`);
  }
}

/**
 * A lease is free when nobody has it, when it is over, and when it ends later than any lease can: then the clock was
 * set back since. A holder that claims again gets a new epoch, since it may be a new life of the same process.
 */
function claim(current: JobState | undefined, command: JobCommandOf<'claim-job'>): JobDecision {
  const { nowMs, holder, ref } = command;
  const remainingMs = (current?.leaseUntilMs ?? 0) - nowMs;
  const isTaken =
    current?.leaseHolder !== undefined &&
    current.leaseHolder !== holder &&
    remainingMs > 0 &&
    remainingMs <= LEASE_MS;
  if (isTaken) return { next: current, result: { held: false, job: current } };
  const counters = { nextRunMs: nowMs, lastError: undefined, runs: 0, failures: 0, processed: 0 };
  return changed({
    ...counters,
    ...current,
    name: ref.name,
    leaseHolder: holder,
    leaseUntilMs: nowMs + LEASE_MS,
    epoch: (current?.epoch ?? 0) + 1,
  });
}

function finished(current: JobState, command: JobCommandOf<'finish-job'>): JobState {
  const { error, nextRunMs } = command;
  return {
    ...current,
    nextRunMs,
    lastError: error?.slice(0, JOB_ERROR_CHARACTERS_MAX),
    runs: current.runs + 1,
    failures: current.failures + (error === undefined ? 0 : 1),
    processed: current.processed + command.processed,
  };
}

function changed(job: JobState): JobDecision {
  return { next: job, result: { held: true, job } };
}
