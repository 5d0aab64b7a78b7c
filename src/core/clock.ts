import { DAY_MS } from '../std/durations.ts';
/** A clock that runs ahead of the last time seen by more than this is not believed. */
export const CLOCK_GAP_MS_MAX = DAY_MS;
/** How long the server runs under such a clock before it trusts it anyway. */
export const CLOCK_HOLD_MS = DAY_MS;

/** What the database remembers of the machine's clock between starts of the server. */
export interface ClockRecord {
  /** The last time that was believed, epoch milliseconds. */
  readonly seenMs: number;
  /** Present while the clock is not believed. */
  readonly hold: ClockHold | undefined;
}

/** A clock that is not believed yet. */
export interface ClockHold {
  /** What it showed last, epoch milliseconds. */
  readonly seenMs: number;
  /** How long the server has run under it, in milliseconds, over all its starts. */
  readonly passedMs: number;
}

/** Stores what is known of the clock. Only one process at a time uses the data. */
export interface ClockCommand {
  readonly aggregate: 'clock';
  readonly kind: 'record-clock';
  readonly record: ClockRecord;
  readonly nowMs: number;
}

/** The record after the change. */
export interface ClockDecision {
  readonly next: ClockRecord;
  readonly result: ClockRecord;
}

/** The newest record counts, whatever was there, so that a damaged one is replaced. */
export function decideClock(_scope: object, command: ClockCommand): ClockDecision {
  return { next: command.record, result: command.record };
}

/**
 * The hold that a start begins with; undefined: the clock may be believed. A hold continues where the last run left it,
 * unless the clock has moved by another day since: that begins the day again. Without a record there is nothing to
 * compare with.
 */
export function holdAtStart(record: ClockRecord | undefined, nowMs: number): ClockHold | undefined {
  if (record === undefined || nowMs - record.seenMs <= CLOCK_GAP_MS_MAX) return undefined;
  const { hold } = record;
  const goesOn = hold !== undefined && nowMs - hold.seenMs <= CLOCK_GAP_MS_MAX;
  return { seenMs: nowMs, passedMs: goesOn ? hold.passedMs : 0 };
}
