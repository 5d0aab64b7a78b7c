import type { Jitter, Store } from '../../app/ports/deps.ts';
import type { Pause } from '../../app/turns.ts';
import { monotonicClock } from '../../compose/sources.ts';
import type { World, WorldParts } from '../../compose/world.ts';
import type { WorldClock } from './clock.ts';
import { createHappenings, type Happenings } from './happenings.ts';
import { createMoves, type Moves } from './moves.ts';

/** Waits between attempts have their full length: tests know when the next one comes. */
const FULL_LENGTH: Jitter = Object.freeze({ fraction: () => 1 - Number.EPSILON });

/** A world's clock with what comes to pass by it. */
export interface Timeline extends Pick<Happenings, 'noteChange'> {
  readonly moves: Moves;
  /** Forgets what a move that did not come to its end has left for the next; to be called in the turn of the moves. */
  restart(): void;
  /** What the world with that store is made of, for its time. */
  partsOver(store: Store): Pick<WorldParts, 'clock' | 'isClockMoved' | 'jitter'>;
  /** To be called once the world has been created. */
  attach(world: Pick<World, 'runner'>): void;
}

/** Creates the timeline of a world. `pause`: between the steps of its moves. */
export function createTimeline(clock: WorldClock, pause: Pause): Timeline {
  const happenings = createHappenings((id) => stored?.findNotification(id));
  let stored: Store | undefined;
  let moves: Moves | undefined;
  return {
    noteChange: happenings.noteChange,
    get moves() {
      if (moves === undefined) throw new Error('the world is not there yet');
      return moves;
    },
    restart() {
      happenings.take(Number.POSITIVE_INFINITY);
      happenings.end();
    },
    partsOver(store) {
      stored = store;
      return { clock, isClockMoved: () => clock.isMoved, jitter: FULL_LENGTH };
    },
    attach({ runner }) {
      if (stored === undefined) throw new Error('the world is not made of these parts');
      moves = createMoves({ clock, store: stored, happenings, runner, monotonic: monotonicClock, pause });
    },
  };
}
