import type { Deps } from './ports.ts';

/** How far the wall clock may run from the monotonic one between two readings. */
const CLOCK_JUMP_MS_MAX = 60_000;
/** How long a jumped clock keeps background work waiting, unless it is set back. */
const CLOCK_JUMP_HOLD_MS = 24 * 3_600_000;

/** A clock that nobody can set; milliseconds from an arbitrary start. */
export interface MonotonicClock {
  nowMs(): number;
}

/** The wall clock's time, epoch milliseconds; undefined while it cannot be trusted. To be read once a round. */
export type TrustedTime = () => number | undefined;

/**
 * Watches the wall clock. One that jumps forward must not delete or expire anything: after a jump of more than a minute
 * there is no trusted time for a day, or until the clock is set back; another jump starts the day again.
 */
export function createTrustedTime(
  { clock, log }: Pick<Deps, 'clock' | 'log'>,
  monotonic: MonotonicClock,
): TrustedTime {
  // Where the wall clock should be when the monotonic clock is at zero.
  let originMs = clock.nowMs() - monotonic.nowMs();
  let hold: { readonly driftMs: number; readonly untilMs: number } | undefined;

  return () => {
    const [wallMs, sinceMs] = [clock.nowMs(), monotonic.nowMs()];
    const driftMs = wallMs - sinceMs - originMs;
    const jumped = driftMs > (hold?.driftMs ?? 0) + CLOCK_JUMP_MS_MAX;
    if (jumped) {
      hold = { driftMs, untilMs: sinceMs + CLOCK_JUMP_HOLD_MS };
      log.error(
        { driftMs },
        'the clock jumped forward: background jobs that delete or expire wait for a day',
      );
    }
    const isBack = driftMs <= CLOCK_JUMP_MS_MAX;
    if (hold !== undefined && !isBack && sinceMs < hold.untilMs) {
      // A clock that is set back halfway and jumps again has jumped again.
      hold = { ...hold, driftMs: Math.min(hold.driftMs, driftMs) };
      return undefined;
    }
    // Small steps are followed, and so is a clock that was set back.
    originMs += driftMs;
    hold = undefined;
    return wallMs;
  };
}
