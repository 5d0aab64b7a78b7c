import type { ServerProcess } from '../../compose/process.ts';
import { monotonicClock, systemClock } from '../../compose/sources.ts';
import { choicesOf, MAIN, type World, type WorldParts } from '../../compose/world.ts';
import { createWorldClock, type WorldClock } from '../clock/clock.ts';
import { createFaultyWebhooks } from '../faults/calls.ts';
import { createFaults, type Faults } from '../faults/faults.ts';
import { createQuota, type Quota, quotaChoices } from '../quota/quota.ts';

/** A world with everything that tests control in it. */
export interface TestWorld {
  readonly name: string;
  /** The world that it was copied from; null for main. */
  readonly from: string | null;
  readonly clock: WorldClock;
  readonly faults: Faults;
  readonly quota: Quota;
  /** Throws when it has not been created yet. */
  readonly world: World;
  /** What it is made of, from what it would be made of otherwise. */
  partsFrom(parts: WorldParts): WorldParts;
  /** Called once it has been created. */
  attach(world: World): void;
}

/** Creates what tests control in main, before main itself. */
export function createTestMain({ config, outbound }: Pick<ServerProcess, 'config' | 'outbound'>): TestWorld {
  const clock = createWorldClock(systemClock);
  const faults = createFaults(monotonicClock.nowMs);
  const quota = createQuota(config, systemClock);
  let present: World | undefined;
  return {
    name: MAIN,
    from: null,
    clock,
    faults,
    quota,
    get world() {
      if (present === undefined) throw new Error('the world is not there yet');
      return present;
    },
    partsFrom(parts) {
      const { choices = choicesOf(config), webhooks = outbound.webhooks } = parts;
      return {
        ...parts,
        clock,
        webhooks: createFaultyWebhooks(webhooks, faults),
        choices: quotaChoices(choices, quota),
        takeRequest: quota.takeRequest,
      };
    },
    attach(world) {
      present = world;
    },
  };
}
