import { randomInt } from 'node:crypto';
import type { StorageStatus } from '../../src/app/health/storage-status.ts';
import type { OnNews, RandomSource } from '../../src/app/ports/deps.ts';
import type { Actor } from '../../src/core/actor.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import { SecretError } from '../../src/core/errors.ts';
import { type Asking, driveNow } from '../../src/storage/asking.ts';
import { carry } from '../../src/storage/carry.ts';
import type { Table } from '../../src/storage/columns/fields.ts';
import { EVENT, NOTIFICATION, TASK } from '../../src/storage/columns/small.ts';
import type { Engine, Loaded } from '../../src/storage/engine.ts';
import { ACTOR, type TestStore } from './acting.ts';
import { emptyMemory, type Memory, memoryEngine } from './memory-engine.ts';
import { memoryReads } from './memory-reads.ts';
import type { StoreEngine, StoreHarness } from './stores.ts';

/** Room enough, and nothing in the way. */
const ROOMY: StorageStatus = {
  refusal: undefined,
  freeBytes: 2 ** 40,
  reusableBytes: 0,
  neededBytes: 0,
  databaseBytes: 0,
  logBytes: 0,
  checkpointOwedMs: 0,
};

/** A store in memory. `end`: as a crash would, in the middle of whatever it does. */
export interface MemoryStore extends TestStore {
  end(): void;
}

/** A store over a memory; `isSlow`: its engine answers later, and a change takes many turns of the event loop. */
export function createMemoryStore(memory: Memory, random: RandomSource, isSlow = false): MemoryStore {
  const engine = memoryEngine(memory);
  const listeners: OnNews[] = [];
  let state: 'open' | 'closed' | 'ended' = 'open';
  let last: Promise<unknown> = Promise.resolve();

  async function carryOut<C extends Command>(command: C, actor: Actor): Promise<ResultOf<C>> {
    const given = copyOf(command);
    try {
      const result = isSlow
        ? await answerLater(carry(slow(engine), given, { actor }))
        : driveNow(carry(engine, given, { actor }));
      if (state === 'ended') throw new SecretError('outcome-unknown');
      engine.commit();
      for (const listener of listeners) listener('changes');
      return copyOf(result);
    } catch (error) {
      engine.forget();
      throw error instanceof SecretError ? error : new SecretError('internal', '', { cause: error });
    }
  }

  return {
    ...memoryReads(memory, random),
    change(command, actor = ACTOR) {
      if (state !== 'open') return Promise.reject(new SecretError('unavailable', '', { logReason: state }));
      const carried = isSlow ? last.then(() => carryOut(command, actor)) : carryOut(command, actor);
      last = carried.catch(() => undefined);
      return carried;
    },
    onNews: (listener) => void listeners.push(listener),
    storageStatus: () => (state === 'ended' ? { ...ROOMY, refusal: 'ended' } : ROOMY),
    end() {
      state = 'ended';
    },
    async close() {
      if (state === 'open') state = 'closed';
      await last;
    },
  };
}

/** A copy as a database gives it back: bytes are a Buffer of their own, not of the memory around them. */
function copyOf<T>(thing: T): T {
  if (thing instanceof Uint8Array) return Buffer.from(thing) as Uint8Array as T;
  if (Array.isArray(thing)) return thing.map(copyOf) as T;
  if (typeof thing !== 'object' || thing === null) return thing;
  return Object.fromEntries(Object.entries(thing).map(([name, part]) => [name, copyOf(part)])) as T;
}

/** Drives work whose answers come when they come, as a driver of a database across the network does. */
export async function answerLater<T>(asking: Asking<T>): Promise<T> {
  let step = asking.next();
  while (!step.done) {
    const answered = await Promise.resolve(step.value).then(
      (value) => () => asking.next(value),
      (error: unknown) => () => asking.throw(error),
    );
    step = answered();
  }
  return step.value;
}

/** The same object whose functions, and those of the objects in it, answer a while later. */
function slow<T extends object>(quick: T): T {
  return new Proxy(quick, {
    get(target, name) {
      const part: unknown = Reflect.get(target, name);
      if (name === 'onDamage') return part;
      if (name === 'rows') return (table: Table<object>) => slow((part as Engine<Loaded>['rows'])(table));
      if (typeof part === 'object' && part !== null) return slow(part);
      return typeof part !== 'function'
        ? part
        : async (...given: unknown[]) => {
            await new Promise(setImmediate);
            return part.apply(target, given);
          };
    },
  });
}

function countRows({ grants, keys, rows, secrets, values }: Memory): ReturnType<StoreHarness['countRows']> {
  const sum = <T>(all: Iterable<T>, countOf: (one: T) => number) =>
    [...all].reduce((count, one) => count + countOf(one), 0);
  return {
    secret: secrets.size,
    version: sum(secrets.values(), ({ versions }) => versions.length),
    stage: sum(secrets.values(), ({ stages }) => stages.length),
    tag: sum(secrets.values(), ({ tags }) => tags.length),
    grant: sum(grants.values(), ({ length }) => length),
    wrappedKey: values.size,
    body: values.size,
    key: keys.size,
    keyMaterial: sum(keys.values(), ({ versions }) => versions.length),
    keyAlias: sum(keys.values(), ({ aliases }) => aliases.length),
    keyTag: sum(keys.values(), ({ tags }) => tags.length),
    event: rows(EVENT).size,
    notification: rows(NOTIFICATION).size,
    task: rows(TASK).size,
  };
}

/** An engine for the contract, whose data outlive a store. */
function engineInMemory(name: string, isSlow: boolean): StoreEngine {
  return {
    name,
    async open(): Promise<StoreHarness> {
      const memory = emptyMemory();
      const open = () => createMemoryStore(memory, { below: (bound) => randomInt(bound) }, isSlow);
      let store = open();
      return {
        get store() {
          return store;
        },
        fatal: [],
        async reopen() {
          await store.close();
          store = open();
        },
        async kill() {
          store.end();
          store = open();
        },
        countRows: () => countRows(memory),
        destroy: () => store.close(),
      };
    },
  };
}

/** The second engine, which loads and saves in maps. */
export const mapEngine = engineInMemory('maps', false);
/** The same, as a database across the network answers: whatever a carrier asks for comes later. */
export const slowEngine = engineInMemory('maps that answer later', true);
