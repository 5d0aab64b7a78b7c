import v8 from 'node:v8';
import vm from 'node:vm';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect, discard } from '../../../../src/storage/sqlite/engine/connection.ts';
import { openReader, openWriter, withoutWaiting } from '../../../../src/storage/sqlite/engine/open.ts';
import { createTruncation } from '../../../../src/storage/sqlite/files/checkpoints.ts';
import { databaseFile, makeDirectory, removeDirectory } from '../harness.ts';

// Alone in its process: it counts what the process has kept and collected.
const { prepare } = Database.prototype;

let directory: string;
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => {
  Database.prototype.prepare = prepare;
  removeDirectory(directory);
});

/** @see docs/adr/0034-what-the-binding-makes-is-kept.md */
it('nothing that the binding of SQLite makes is ever collected, also when its database is closed', async () => {
  const collected: string[] = [];
  const registry = new FinalizationRegistry((source: string) => collected.push(source));
  let made = 0;
  Database.prototype.prepare = function (this: Database.Database, source: string) {
    const statement = prepare.call(this, source);
    made += 1;
    registry.register(this, 'the database');
    registry.register(statement, source);
    return statement;
  } as typeof prepare;

  use();
  expect(made).toBeGreaterThan(20);
  registry.register({}, 'garbage');
  await collectGarbage(() => collected.length > 0);
  expect(collected).toEqual(['garbage']);
});

function use(): void {
  for (const open of [openWriter, openReader]) {
    const db = open(databaseFile(directory));
    db.prepare('SELECT 1').get();
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    db.close();
  }
}

it('what ends before its thread is kept until many have or a while has passed, and then collected at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let [collected, collections] = [0, 0];
  const registry = new FinalizationRegistry(() => {
    collected += 1;
  });
  const discardSome = (count: number) => {
    for (let made = 0; made < count; made += 1) {
      const db = connect(':memory:');
      registry.register(db, undefined);
      registry.register(db.prepare('SELECT 1'), undefined);
      discard(db, () => {
        collections += 1;
      });
    }
  };
  try {
    discardSome(127);
    registry.register({}, undefined);
    await collectGarbage(() => collected > 0);
    expect([collected, collections]).toEqual([1, 0]);
    discardSome(1);
    expect(collections).toBe(1);
    await collectGarbage(() => collected > 256);
    expect(collected).toBe(257);
    discardSome(2);
    vi.advanceTimersByTime(999);
    expect(collections).toBe(1);
    vi.advanceTimersByTime(1);
    expect([collections, vi.getTimerCount()]).toEqual([2, 0]);
    await collectGarbage(() => collected > 260);
    expect(collected).toBe(261);
  } finally {
    vi.useRealTimers();
  }
});

it('what runs again and again makes nothing new to keep', () => {
  const db = openWriter(databaseFile(directory));
  const truncate = createTruncation(db);
  Database.prototype.prepare = () => {
    throw new Error('prepared once more');
  };
  expect(truncate()).toBe(true);
  expect(truncate()).toBe(true);
  expect(withoutWaiting(db, () => 'done')).toBe('done');
  db.close();
});

/** Collects until the engine has told of it; it does so in a later turn. */
async function collectGarbage(isTold: () => boolean): Promise<void> {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 1_000 && !isTold(); turn += 1) {
    collect();
    await new Promise((resume) => setImmediate(resume));
  }
}
