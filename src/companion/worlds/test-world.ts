import { systemClock } from '../../compose/sources.ts';
import { MAIN, type World, type WorldParts } from '../../compose/world.ts';
import { createWorldClock, type WorldClock } from '../clock/clock.ts';

/** A world with everything that tests control in it. */
export interface TestWorld {
  readonly name: string;
  /** The world that it was copied from; null for main. */
  readonly from: string | null;
  readonly clock: WorldClock;
  /** Throws when it has not been created yet. */
  readonly world: World;
  /** What it is made of, from what it would be made of otherwise. */
  partsFrom(parts: WorldParts): WorldParts;
  /** Called once it has been created. */
  attach(world: World): void;
}

/** Creates what tests control in main, before main itself. */
export function createTestMain(): TestWorld {
  const clock = createWorldClock(systemClock);
  let present: World | undefined;
  return {
    name: MAIN,
    from: null,
    clock,
    get world() {
      if (present === undefined) throw new Error('the world is not there yet');
      return present;
    },
    partsFrom: (parts) => ({ ...parts, clock }),
    attach(world) {
      present = world;
    },
  };
}
