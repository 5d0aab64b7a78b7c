import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Awaitable, Store } from '../../src/app/ports/deps.ts';
import type { Command } from '../../src/core/commands.ts';
import { SecretError } from '../../src/core/errors.ts';
import { type Asking, answerNow, ask } from '../../src/storage/asking.ts';
import { carry } from '../../src/storage/carry.ts';
import type { Table } from '../../src/storage/columns/fields.ts';
import type { Engine, Loaded } from '../../src/storage/engine.ts';
import { createChangeCounters } from '../../src/storage/sqlite/engine/change-counters.ts';
import { createEngine } from '../../src/storage/sqlite/engine/engine.ts';
import { openReader, openWriter } from '../../src/storage/sqlite/engine/open.ts';
import { createReadModels } from '../../src/storage/sqlite/engine/read-models.ts';
import { openDirectory } from '../../src/storage/sqlite/files/installation.ts';
import { ACTOR } from '../support/acting.ts';
import { emptyMemory, memoryEngine } from '../support/memory-engine.ts';
import {
  addVersion,
  changeKey,
  create,
  createEvent,
  createGrant,
  createKey,
  ensureKey,
  passStep,
  putStage,
  putTags,
  ROTATED_DRAFT,
  remove,
  removeEvent,
  removeGrants,
  removeStage,
  type StoreHarness,
  setStrengthCheck,
  startRotation,
  storePending,
  T0,
  updateGrant,
} from '../support/stores.ts';
import { checkerContract } from './contract/checker.ts';
import { clockContract } from './contract/clock.ts';
import { eventContract } from './contract/events.ts';
import { grantContract } from './contract/grants.ts';
import { keyContract } from './contract/keys.ts';
import { lifecycleContract } from './contract/lifecycle.ts';
import { secretContract } from './contract/secrets.ts';
import { taskContract } from './contract/tasks.ts';
import { twoProcessesContract } from './contract/two-processes.ts';
import { engineOver, INSTALLATION, MIGRATIONS, RANDOM, ROW_MAC } from './sqlite/harness.ts';

/** Drives work whose answers come when they come, as a driver of a database across the network does. */
async function answerLater<T>(asking: Asking<T>): Promise<T> {
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

/** SQLite without its thread, one change after the other, each of many turns of the event loop. */
async function openSlow(directory: string) {
  const open = openDirectory(directory, MIGRATIONS);
  if (open.installation === undefined) open.initialise(INSTALLATION, ROW_MAC);
  const [db, reader] = [openWriter(open.databaseFile), openReader(open.databaseFile)];
  const changes = createChangeCounters();
  const engine = createEngine(db, ROW_MAC, { onRemoval: () => {}, onDamage: () => {} });
  let last: Promise<unknown> = Promise.resolve();

  async function carryOut(command: Command): Promise<unknown> {
    changes.begin([command]);
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = await answerLater(carry(slow(engine), structuredClone(command), { actor: ACTOR }));
      db.exec('COMMIT');
      return structuredClone(result);
    } catch (error) {
      db.exec('ROLLBACK');
      engine.forget();
      throw error;
    } finally {
      changes.end([command]);
    }
  }
  const store = {
    ...createReadModels(reader, { mac: ROW_MAC, changes, onDamage: () => {}, random: RANDOM }),
    change(command: Command) {
      const carried = last.then(() => carryOut(command));
      last = carried.catch(() => undefined);
      return carried;
    },
    onNews: () => {},
    async close() {
      await last;
      db.close();
      reader.close();
      open.release();
    },
  } as unknown as Store;
  return { store, fatal: [] };
}

const slowEngine = engineOver('an engine that answers later', openSlow, ({ store }) => store.close());

describe('the rules on an engine that answers later', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await slowEngine.open();
  });
  afterAll(() => harness.destroy());
  const harnessOf = () => harness;

  describe('secrets', () => secretContract(harnessOf));
  describe('deletion', () => lifecycleContract(harnessOf));
  describe('events', () => eventContract(harnessOf));
  describe('tasks', () => taskContract(harnessOf));
  describe('grants', () => grantContract(harnessOf));
  describe('keys', () => keyContract(harnessOf));
  describe('checkers', () => checkerContract(harnessOf));
  describe('the clock', () => clockContract(harnessOf));
  describe('two processes', () => twoProcessesContract(harnessOf));
});

describe('an engine of maps', () => {
  it('comes to the same as that of tables, command by command', async () => {
    const open = await slowEngine.open();
    const memory = emptyMemory();
    const maps = memoryEngine(memory);
    const ref = { projectId: 'project', name: 'db' };
    const [key, id] = [{ projectId: ref.projectId, id: 'own' }, 'id-of-db'];
    const grants = { projectId: ref.projectId, secretId: id };
    const event = { projectId: ref.projectId, name: 'alarm' };
    const draft = { ...ROTATED_DRAFT, eventSubscriptions: ['alarm'] };
    const commands: Command[] = [
      createEvent(event),
      createKey(key),
      ensureKey({ projectId: ref.projectId, id: 'default' }),
      ensureKey({ projectId: ref.projectId, id: 'another' }),
      changeKey(key, { kind: 'disable-key' }),
      create(ref, { id, draft }),
      create(ref, { id: 'twice' }),
      addVersion(ref, id, { nowMs: T0 + 1 }),
      putStage(ref, 'blue', 1),
      putTags(ref, id, [{ key: 'team', value: 'pay' }]),
      createGrant(grants, 'user'),
      updateGrant(grants, 'user', T0 + 1),
      setStrengthCheck(ref.projectId, true),
      removeEvent(event),
      startRotation(ref, 'task'),
      startRotation(ref, 'task-2', undefined, T0 + 1),
      storePending(ref, 'task'),
      passStep(ref, 'task', 'set'),
      removeStage(ref, 'blue'),
      removeGrants(grants),
      remove(ref),
      remove(ref),
    ];
    const ends: string[] = [];
    const refuse = (error: unknown) => {
      maps.forget();
      throw error;
    };
    for (const command of commands) {
      const [mapped, stored] = await Promise.allSettled([
        answerLater(carry(maps, structuredClone(command), { actor: ACTOR })).then((result) => {
          maps.commit();
          return structuredClone(result);
        }, refuse),
        open.store.change(command),
      ]);
      if (mapped.status === 'rejected')
        expect(stored).toMatchObject({ reason: { code: mapped.reason.code } });
      else expect(stored).toEqual(mapped);
      expect(await open.store.findVersions(ref)).toEqual(memory.secrets.get('project/db'));
      ends.push(mapped.status);
    }
    expect(ends.filter((end) => end === 'rejected').length).toBeLessThan(commands.length / 2);
    expect(await open.store.listKeys(ref.projectId)).toHaveLength(memory.keys.size);
    await open.destroy();
  });
});

describe('work that asks', () => {
  function* twice(find: () => Awaitable<number>): Asking<number> {
    try {
      return 2 * (yield* ask(find()));
    } catch (error) {
      return error instanceof SecretError ? -1 : -2;
    }
  }

  it('continues with answers that are there, and with those that come', async () => {
    expect(answerNow(twice(() => 21))).toBe(42);
    expect(await answerLater(twice(() => 21))).toBe(42);
    expect(await answerLater(twice(async () => 21))).toBe(42);
  });

  it('meets a refusal where it asked', async () => {
    const refuse = () => {
      throw new SecretError('damaged');
    };
    expect(answerNow(twice(refuse))).toBe(-1);
    expect(await answerLater(twice(async () => refuse()))).toBe(-1);
  });
});
