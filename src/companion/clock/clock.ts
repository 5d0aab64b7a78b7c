import type { Clock } from '../../app/ports/deps.ts';

/** The clock of a world, which tests move. */
export interface WorldClock extends Clock {
  readonly isFrozen: boolean;
}

/** Creates a clock that shows the machine's time. */
export function createWorldClock(machine: Clock): WorldClock {
  return { nowMs: () => machine.nowMs(), isFrozen: false };
}
