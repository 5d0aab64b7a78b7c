import {
  CLOCK_GAP_MS_MAX,
  CLOCK_HOLD_MS,
  type ClockHold,
  type ClockRecord,
  holdAtStart,
} from '../../core/clock.ts';
import { HOUR_MS } from '../../std/durations.ts';
import type { Deps } from '../ports/deps.ts';

/** How far the wall clock may run from the monotonic one between two readings. */
const CLOCK_JUMP_MS_MAX = 60_000;
const REMEDY = 'If the clock is right, stop the server and run csms-server clock accept';

/** A clock that cannot be set; milliseconds from an arbitrary start. */
export interface MonotonicClock {
  nowMs(): number;
}

/** The wall clock as far as it can be trusted. */
export interface TrustedTime {
  /** Epoch milliseconds; undefined while the clock cannot be trusted. To be read once per round. */
  nowMs(): number | undefined;
  /** What the next start has to know, as of the latest reading. */
  record(): ClockRecord;
}

/** A clock that is not trusted, all on the monotonic clock. */
interface Hold {
  /** How far the wall clock is ahead of where it should be. */
  readonly driftMs: number;
  /** If it is ahead by no more than this, the clock has been corrected. */
  readonly driftMsMax: number;
  /** As if the hold had begun then and the server had run since. */
  readonly sinceMs: number;
}

/**
 * Watches the wall clock. One that jumps forward, or has advanced by more than a day since an earlier run of the server
 * (`remembered`; undefined: there was none), must not delete or expire anything: there is no trusted time until the
 * server has run for a day, or the clock is set back; another jump starts the day again. A clock that is set back is
 * followed, also in the record: it may have been wrong before.
 */
export function createTrustedTime(
  { clock, log }: Pick<Deps, 'clock' | 'log'>,
  monotonic: MonotonicClock,
  remembered?: ClockRecord,
): TrustedTime {
  const [startMs, startedAtMs] = [clock.nowMs(), monotonic.nowMs()];
  const begun = holdAtStart(remembered, startMs);
  let seenMs = begun === undefined ? startMs : (remembered?.seenMs ?? startMs);
  let wallSeenMs = startMs;
  let monotonicSeenMs = startedAtMs;
  // Where the wall clock should be when the monotonic clock is at zero.
  let originMs = seenMs - startedAtMs;
  let hold: Hold | undefined;
  if (begun !== undefined) {
    const driftMs = startMs - seenMs;
    hold = { driftMs, driftMsMax: CLOCK_GAP_MS_MAX, sinceMs: startedAtMs - begun.passedMs };
    warnOfStart(log, { seenMs, startMs, begun });
  }

  return {
    nowMs() {
      [wallSeenMs, monotonicSeenMs] = [clock.nowMs(), monotonic.nowMs()];
      const driftMs = wallSeenMs - monotonicSeenMs - originMs;
      const driftMsMax = hold?.driftMsMax ?? CLOCK_JUMP_MS_MAX;
      if (driftMs > (hold?.driftMs ?? 0) + CLOCK_JUMP_MS_MAX) {
        hold = { driftMs, driftMsMax, sinceMs: monotonicSeenMs };
        log.error(
          { driftMs },
          `the clock jumped forward: background jobs that delete or expire wait for a day. ${REMEDY}`,
        );
      }
      if (hold !== undefined && driftMs > driftMsMax && monotonicSeenMs - hold.sinceMs < CLOCK_HOLD_MS) {
        // A clock that is set back halfway and jumps again starts a new hold.
        hold = { ...hold, driftMs: Math.min(hold.driftMs, driftMs) };
        return undefined;
      }
      // Small steps and clocks that were set back are followed.
      originMs += driftMs;
      hold = undefined;
      seenMs = wallSeenMs;
      return wallSeenMs;
    },
    record() {
      if (hold === undefined) return { seenMs, hold: undefined };
      const passedMs = Math.max(0, Math.round(monotonicSeenMs - hold.sinceMs));
      return { seenMs, hold: { seenMs: wallSeenMs, passedMs } };
    },
  };
}

function warnOfStart(
  log: Deps['log'],
  {
    seenMs,
    startMs,
    begun,
  }: { readonly seenMs: number; readonly startMs: number; readonly begun: ClockHold },
): void {
  log.warn(
    {
      lastSeen: textOf(seenMs),
      clock: textOf(startMs),
      hoursLeft: Math.ceil((CLOCK_HOLD_MS - begun.passedMs) / HOUR_MS),
    },
    'the clock is more than a day ahead of the last time that this server saw: nothing is deleted and nothing expires' +
      ` until it has run for a day. ${REMEDY}`,
  );
}

/** A time for people; a clock may show what a date cannot. */
function textOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
