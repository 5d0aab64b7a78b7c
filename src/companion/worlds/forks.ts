import type { ServerProcess } from '../../compose/process.ts';
import { systemClock } from '../../compose/sources.ts';
import type { StorageCopy } from '../../compose/storage.ts';
import { createWorld, type Worlds } from '../../compose/world.ts';
import { codeOf } from '../../core/errors.ts';
import { createWorldClock, type WorldClock } from '../clock/clock.ts';
import { ControlError } from '../control/control-error.ts';
import { INSIDE } from '../hooks/world-hooks.ts';
import { copyStorage } from './storage-copy.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

/** What a fork is to be. */
export interface ForkWish {
  /** Absent: one that is free. */
  readonly name: string | undefined;
  readonly from: TestWorld;
  /** How long it lasts without use, and the same as it was given. */
  readonly ttl: { readonly ms: number; readonly text: string };
  /** Of the first user; absent ones are generated. */
  readonly credentials: GivenForkCredentials;
}

/** Credentials by the names of the control API. */
export interface GivenForkCredentials {
  readonly ak?: string | undefined;
  readonly sk?: string | undefined;
  readonly password?: string | undefined;
}

/** The worlds beside main, by their names, which the caller keeps distinct. */
export interface Forks {
  all(): readonly TestWorld[];
  find(name: string): TestWorld | undefined;
  /** Rejects with ControlError: too-large, not-found when `from` has ended. */
  make(plan: Pick<TestWorld, 'name' | 'ttl' | 'users'> & { readonly from: TestWorld }): Promise<TestWorld>;
  /** Rejects with ControlError (not-found) when it has ended. */
  reset(name: string): Promise<TestWorld>;
  /** Unknown at once; its work and its data end in the background. */
  remove(name: string): void;
  end(): Promise<void>;
}

/** A world with what it began from. */
interface Fork {
  readonly world: TestWorld;
  readonly storage: StorageCopy;
  readonly start: WorldClock;
}

/** What a world is made by. */
type Plan = Pick<TestWorld, 'from' | 'name' | 'ttl' | 'users'>;

/** Creates the list, and keeps that of the process up to date. */
export function createForks(shared: ServerProcess, worlds: Worlds): Forks {
  const home = { shared, worlds };
  const forks = new Map<string, Fork>();
  // One reset of a world after the other: each begins from what the former one has put in place.
  const inTurn = createTurns();
  const closings = createClosings(shared.log);
  let isOver = false;

  async function resetNow(name: string): Promise<TestWorld> {
    const former = forks.get(name);
    if (former === undefined) throw ended();
    const { start, storage, world } = former;
    const { from, ttl, users } = world;
    const fresh = await open(home, { name, from, ttl, users }, { start, storage: storage.copyAgain() });
    if (forks.get(name) !== former || isOver) {
      closings.add(fresh.world.world.close());
      throw ended();
    }
    users.clear();
    forks.set(name, fresh);
    closings.add(worlds.replace(fresh.world.world));
    world.end();
    return fresh.world;
  }

  function remove(name: string): void {
    forks.get(name)?.world.end();
    forks.delete(name);
    closings.add(worlds.remove(name));
  }

  return {
    all: () => [...forks.values()].map(({ world }) => world),
    find: (name) => forks.get(name)?.world,
    async make({ from, ...plan }) {
      const start = createWorldClock(systemClock, from.clock);
      const fork = await open(
        home,
        { ...plan, from: from.name },
        { start, storage: copyStorage(from.storage) },
      );
      if (isOver) {
        closings.add(fork.world.world.close());
        throw ended();
      }
      forks.set(plan.name, fork);
      worlds.add(fork.world.world);
      return fork.world;
    },
    reset: (name) => inTurn(name, () => resetNow(name)),
    remove,
    async end() {
      isOver = true;
      for (const name of forks.keys()) remove(name);
      await closings.settled();
    },
  };
}

/** Puts a world together from a copy, which ends if that fails. One certificate signs in all worlds: main's. */
async function open(
  { shared, worlds }: { readonly shared: ServerProcess; readonly worlds: Worlds },
  plan: Plan,
  { start, storage }: Omit<Fork, 'world'>,
): Promise<Fork> {
  const clock = createWorldClock(systemClock, start);
  const world = createTestWorld(shared, { ...plan, clock, storage, hooks: INSIDE });
  const { hooks, name, users } = world;
  const { directory } = users;
  const { loadSigningKey } = worlds.main;
  const parts = { world: name, clock, isClockWatched: false, storage, hooks, directory, loadSigningKey };
  try {
    world.attach(await createWorld(shared, world.partsFrom(parts)));
  } catch (error) {
    await storage.store.close();
    throw error;
  }
  return { start, storage, world };
}

/** Work that is done one after the other for each name, whatever comes of it. */
function createTurns() {
  const latest = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (latest.get(name) ?? Promise.resolve()).then(work, work);
    latest.set(name, turn);
    const forget = () => {
      if (latest.get(name) === turn) latest.delete(name);
    };
    turn.then(forget, forget);
    return turn;
  };
}

/** What ends in the background: nobody waits for it but the end of all. */
function createClosings(log: ServerProcess['log']) {
  const closings = new Set<Promise<void>>();
  return {
    add(closed: Promise<void>): void {
      const settled = closed.catch((error: unknown) => {
        log.error({ code: codeOf(error) }, 'a world has not ended in order');
      });
      closings.add(settled);
      void settled.then(() => closings.delete(settled));
    },
    async settled(): Promise<void> {
      await Promise.all(closings);
    },
  };
}

function ended(): ControlError {
  return new ControlError('not-found', 'the world has ended');
}
