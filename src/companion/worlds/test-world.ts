import type { ServerProcess } from '../../compose/process.ts';
import { monotonicClock, systemClock, systemRandom } from '../../compose/sources.ts';
import type { Storage } from '../../compose/storage.ts';
import { choicesOf, MAIN, type World, type WorldParts } from '../../compose/world.ts';
import type { HookList } from '../../webhook/hooks-file.ts';
import { createWorldClock, type WorldClock } from '../clock/clock.ts';
import { createTimeline, type Timeline } from '../clock/timeline.ts';
import { createFaultyWebhooks } from '../faults/calls.ts';
import { createFaults, type Faults } from '../faults/faults.ts';
import { withBuiltin } from '../hooks/builtin.ts';
import { createWorldHooks, type WorldHooks } from '../hooks/world-hooks.ts';
import { createNotificationList, type NotificationList } from '../notifications/notification-list.ts';
import { followOutbox } from '../notifications/outbox.ts';
import { createQuota, type Quota, quotaChoices } from '../quota/quota.ts';
import { createRequestList, type RequestList } from '../requests/request-list.ts';
import { createMainUsers, type PasswordOf, type WorldUsers } from './users.ts';
import { watchStore } from './watched-store.ts';

/** A world with everything that tests control in it. */
export interface TestWorld {
  readonly name: string;
  /** The world that it was copied from; null for main. */
  readonly from: string | null;
  /** How long it lasts without use, as it was given; null for main, which lasts. */
  readonly ttl: string | null;
  readonly clock: WorldClock;
  readonly timeline: Timeline;
  readonly users: WorldUsers;
  /** Its data, as nothing watches them. */
  readonly storage: Storage;
  readonly faults: Faults;
  readonly quota: Quota;
  readonly hooks: WorldHooks;
  readonly requests: RequestList;
  readonly notifications: NotificationList;
  /** Aborted when it is deleted or reset: what waits for it is answered. */
  readonly life: AbortSignal;
  /** Throws when it has not been created yet. */
  readonly world: World;
  /** What it is made of, from what it would be made of otherwise. */
  partsFrom(parts: WorldParts): WorldParts;
  /** Called once it has been created. */
  attach(world: World): void;
  /** Ends its life. */
  end(): void;
}

/** What a world is made from. */
export interface TestWorldOrigin
  extends Pick<TestWorld, 'clock' | 'from' | 'name' | 'storage' | 'ttl' | 'users'> {
  /** Where its topics and functions lead until a test says otherwise. */
  readonly hooks: HookList;
}

/** Creates what tests control in main, before main itself. `passwordOf`: what is known of its users' passwords. */
export function createTestMain(shared: ServerProcess, passwordOf: PasswordOf): TestWorld {
  return createTestWorld(shared, {
    name: MAIN,
    from: null,
    ttl: null,
    clock: createWorldClock(systemClock),
    hooks: shared.outbound.hooks,
    storage: shared.storage,
    users: createMainUsers(() => shared.identities.present.directory, passwordOf),
  });
}

/** Creates what tests control in a world, before the world itself. */
export function createTestWorld(
  { config, outbound, turns }: Pick<ServerProcess, 'config' | 'outbound' | 'turns'>,
  origin: TestWorldOrigin,
): TestWorld {
  const { clock, from, name, storage, ttl, users } = origin;
  const faults = createFaults(monotonicClock.nowMs);
  const quota = createQuota(config, systemClock);
  const hooks = createWorldHooks(origin.hooks);
  const notifications = createNotificationList();
  const life = new AbortController();
  const pause = turns.pauseOf(`${name}/background`);
  const timeline = createTimeline(clock, pause);
  let present: World | undefined;
  return {
    name,
    from,
    ttl,
    clock,
    timeline,
    users,
    storage,
    faults,
    quota,
    hooks,
    requests: createRequestList(),
    notifications,
    life: life.signal,
    get world() {
      if (present === undefined) throw new Error('the world is not there yet');
      return present;
    },
    partsFrom(parts) {
      const { choices = choicesOf(config), webhooks = outbound.webhooks } = parts;
      const noteChange = followOutbox(storage.store, notifications);
      const store = watchStore(storage.store, async (command, actor, result) => {
        await noteChange(command, result);
        await timeline.noteChange(command, result);
        // In memory no change waits for anything: a year of them would otherwise be one turn of the event loop.
        if (actor.kind === 'system') await pause();
      });
      return {
        ...parts,
        ...timeline.partsOver(storage.store),
        hooks,
        webhooks: createFaultyWebhooks(withBuiltin(webhooks, systemRandom), faults),
        choices: quotaChoices(choices, quota),
        takeRequest: quota.takeRequest,
        storage: { ...storage, store },
        directory: users.directory,
        nonce: users.nonce,
      };
    },
    attach(world) {
      present = world;
      timeline.attach(world);
    },
    end: () => life.abort(),
  };
}
