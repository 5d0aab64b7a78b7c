import type { Clock } from '../../app/ports/deps.ts';

/**
 * The clock of a world, which tests move. It runs as the machine's does, at an offset, or stands still. Times are epoch
 * milliseconds.
 */
export interface WorldClock extends Clock {
  /** Whether it was stopped on purpose; a hold does not count. */
  readonly isFrozen: boolean;
  /** Whether anyone has moved, stopped or held it: it is no longer the machine's. */
  readonly isMoved: boolean;
  freeze(): void;
  /** Lets it run on from where it stands. */
  resume(): void;
  /** Shows that time at once, also an earlier one; frozen stays frozen. */
  set(toMs: number): void;
  /** Stops it until the returned function is called: it then runs on, unless it is frozen. */
  hold(): () => void;
  /** Each listener is called from then on when the clock was set or runs on, but not during a hold. */
  onMove(listener: () => void): void;
}

/** Creates a clock that shows the machine's time, or what another one shows, in the same state. */
export function createWorldClock(machine: Clock, like?: WorldClock): WorldClock {
  const listeners: (() => void)[] = [];
  let [isFrozen, isMoved, holds] = [like?.isFrozen ?? false, like !== undefined, 0];
  let aheadMs = like === undefined ? 0 : like.nowMs() - machine.nowMs();
  /** What it shows while it stands. */
  let shownMs = like?.isFrozen ? like.nowMs() : undefined;

  const nowMs = () => shownMs ?? machine.nowMs() + aheadMs;

  function stop(): void {
    isMoved = true;
    shownMs = nowMs();
  }

  function runOn(): void {
    if (shownMs === undefined || isFrozen || holds > 0) return;
    aheadMs = shownMs - machine.nowMs();
    shownMs = undefined;
  }

  const tell = () => holds === 0 && listeners.map((listener) => listener());
  return {
    nowMs,
    get isFrozen() {
      return isFrozen;
    },
    get isMoved() {
      return isMoved;
    },
    freeze() {
      stop();
      isFrozen = true;
    },
    resume() {
      isFrozen = false;
      runOn();
      tell();
    },
    set(toMs) {
      isMoved = true;
      if (shownMs === undefined) aheadMs = toMs - machine.nowMs();
      else shownMs = toMs;
      tell();
    },
    hold() {
      stop();
      holds += 1;
      return () => {
        holds -= 1;
        runOn();
        tell();
      };
    },
    onMove(listener) {
      listeners.push(listener);
    },
  };
}
