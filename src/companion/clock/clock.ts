import type { Clock } from '../../app/ports/deps.ts';
import { YEAR_9999_END_MS } from '../times.ts';

/**
 * The clock of a world, which tests move. It runs as the machine's does, at an offset, or stands still, as it does at the
 * end of the year 9999: later years have no form. Times are epoch milliseconds.
 */
export interface WorldClock extends Clock {
  /** Whether it was stopped on purpose; a hold does not count. */
  readonly isFrozen: boolean;
  /** Whether anyone has moved, stopped or held it: it is no longer the machine's. */
  readonly isMoved: boolean;
  /** Whether it has ever been set to an earlier time. */
  readonly wasSetBack: boolean;
  freeze(): void;
  /** Lets it run on from where it stands. */
  resume(): void;
  /** Shows that time at once, also an earlier one; frozen stays frozen. */
  set(toMs: number): void;
  /** Stops it until the returned function is called: it then runs on, unless it is frozen. */
  hold(): () => void;
}

/** Creates a clock that shows the machine's time, or what another one shows, in the same state. */
export function createWorldClock(machine: Clock, like?: WorldClock): WorldClock {
  let holds = 0;
  let aheadMs = like === undefined ? 0 : like.nowMs() - machine.nowMs();
  /** What it shows while it stands. */
  let shownMs = like?.isFrozen ? like.nowMs() : undefined;

  const nowMs = () => Math.min(shownMs ?? machine.nowMs() + aheadMs, YEAR_9999_END_MS);

  function stop(): void {
    clock.isMoved = true;
    shownMs = nowMs();
  }

  function runOn(): void {
    if (shownMs === undefined || clock.isFrozen || holds > 0) return;
    aheadMs = shownMs - machine.nowMs();
    shownMs = undefined;
  }

  const clock = {
    isFrozen: like?.isFrozen ?? false,
    isMoved: like !== undefined,
    wasSetBack: like?.wasSetBack ?? false,
    nowMs,
    freeze() {
      stop();
      clock.isFrozen = true;
    },
    resume() {
      clock.isFrozen = false;
      runOn();
    },
    set(toMs: number) {
      clock.isMoved = true;
      clock.wasSetBack ||= toMs < nowMs();
      if (shownMs === undefined) aheadMs = toMs - machine.nowMs();
      else shownMs = toMs;
    },
    hold() {
      stop();
      holds += 1;
      return () => {
        holds -= 1;
        runOn();
      };
    },
  };
  return clock;
}
