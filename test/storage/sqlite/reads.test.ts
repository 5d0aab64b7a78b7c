import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signSecret } from '../../../src/storage/row-mac.ts';
import { createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { requests } from '../../support/acting.ts';
import { addVersion, create, expectRefused, freshRef, update } from '../../support/stores.ts';
import {
  databaseFile,
  makeDirectory,
  openDirect,
  openSqlite,
  ROW_MAC,
  removeDirectory,
  tamper,
} from './harness.ts';

describe('reads on SQLite', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  it('see one moment, though a change is committed between any two of their statements', async () => {
    const { store, changes } = openDirect(directory);
    const ref = freshRef();
    const { id } = (await store.change(create(ref))).secret!;
    const db = openWriter(databaseFile(directory));
    // A second writer, which no operator can have; it counts its changes as the first one does.
    const commit = createCommitBatch(db, ROW_MAC, changes);
    const betweens: number[] = [];
    for (let between = 1; between <= 10; between += 1) {
      commit(requests(addVersion(ref, id)));
      const restore = afterStatement(between, () => {
        betweens.push(between);
        commit(requests(addVersion(ref, id)));
      });
      try {
        const found = (await store.findValue(ref, 'latest'))!;
        expect(found.stages).toStrictEqual(['SYSCURRENT']);
        expect(found.version.number).toBe(found.secret.lastVersionNumber);
      } finally {
        restore();
      }
      expect((await store.findVersions(ref))?.versions).toHaveLength(
        Math.min(20, 1 + betweens.length + between),
      );
    }
    expect(betweens.length).toBeGreaterThanOrEqual(6);
    db.close();
    await store.close();
  });

  it('do not take a row whose MAC was made for another secret', async () => {
    const { store } = openDirect(directory);
    const ref = freshRef();
    await store.change(create(ref));
    const aggregate = (await store.findVersions(ref))!;
    await store.close();
    const other = { ...aggregate, secret: { ...aggregate.secret, projectId: 'another' } };
    tamper(directory, (db) => {
      const { rowMac, contentsDigest } = signSecret(ROW_MAC, other);
      db.prepare('UPDATE secret SET row_mac = ?, contents_digest = ?').run(rowMac, contentsDigest);
    });
    const again = openDirect(directory);
    expect(() => again.store.findSecret(ref)).toThrow('A stored secret has been changed.');
    await expectRefused(again.store.change(update(ref, { description: 'x' })), 'damaged');
    await again.store.close();
  });

  it('take subscriptions that are no list for damage, and find nobody subscribed by them', async () => {
    const { store } = openDirect(directory);
    const ref = freshRef();
    await store.change(create(ref));
    await store.close();
    tamper(directory, (db) => db.exec("UPDATE secret SET event_subscriptions = 'no list'"));
    const again = openDirect(directory);
    try {
      const query = { projectId: ref.projectId, limit: 9 };
      const damaged: string[] = [];
      const onDamaged = (name: string) => damaged.push(name);
      expect(await again.store.listSecrets({ ...query, onDamaged })).toStrictEqual([]);
      expect(damaged).toStrictEqual([ref.name]);
      for (const eventName of ['no list', 'no', ''])
        expect(await again.store.listSecrets({ ...query, eventName })).toStrictEqual([]);
    } finally {
      await again.store.close();
    }
  });

  it('refuse a page that SQLite cannot read as damaged', async () => {
    const { store } = openDirect(directory);
    const ref = freshRef();
    await store.change(create(ref));
    await store.close();
    const page = tamper(directory, (db) =>
      Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'stage'").pluck().get()),
    );
    const bytes = readFileSync(databaseFile(directory));
    bytes.fill(0xaa, (page - 1) * 4_096, (page - 1) * 4_096 + 100);
    writeFileSync(databaseFile(directory), bytes);
    const again = openDirect(directory);
    try {
      await expectRefused(
        Promise.resolve().then(() => again.store.findVersions(ref)),
        'damaged',
      );
    } finally {
      await again.store.close();
    }
  });

  it('let the writer thread end by itself when the store is closed', async () => {
    const { store, worker } = await openSqlite(directory);
    const exit = once(worker, 'exit');
    await store.close();
    // A thread that was cut off ends with 1.
    expect(await exit).toEqual([0]);
  });

  it('can be closed by two callers at once', async () => {
    const { store } = await openSqlite(directory);
    await Promise.all([store.close(), store.close()]);
  });
});

/** Has `act` done once, after so many statements of this thread from now on; returns how to undo that. */
function afterStatement(count: number, act: () => void): () => void {
  const db = new Database(':memory:');
  const prototype = Object.getPrototypeOf(db.prepare('SELECT 1')) as Database.Statement;
  db.close();
  const { get, all, run } = prototype;
  const restore = () => void Object.assign(prototype, { get, all, run });
  let left = count;
  const counted = (execute: (...values: unknown[]) => unknown) =>
    function (this: unknown, ...values: unknown[]): unknown {
      const result = execute.apply(this, values);
      left -= 1;
      if (left === 0) {
        restore();
        act();
      }
      return result;
    };
  Object.assign(prototype, { get: counted(get), all: counted(all), run: counted(run) });
  return restore;
}
