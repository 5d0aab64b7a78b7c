import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Connection, openWriter } from '../../../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../../../src/storage/sqlite/files/installation.ts';
import { convertOnce, createVacuum } from '../../../../src/storage/sqlite/files/vacuum.ts';
import { create, freshProject, newVersion, remove, sealedValue } from '../../../support/stores.ts';
import { databaseFile, MIGRATIONS, makeDirectory, openSqlite, removeDirectory } from '../harness.ts';

const INCREMENTAL = 2;
const PLENTY = 2 ** 40;

let directory: string;
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

const modeOf = (db: Connection) => db.pragma('auto_vacuum', { simple: true });

/** A database as earlier releases made it. */
function openOlder(): Connection {
  const db = new Database(databaseFile(directory));
  db.pragma('journal_mode = wal');
  db.exec('CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB)');
  for (let count = 0; count < 20; count += 1)
    db.exec('INSERT INTO filler (bytes) VALUES (randomblob(50000))');
  return db;
}

describe('a database', () => {
  it('that is new can give pages back', () => {
    openDirectory(directory, MIGRATIONS).release();
    const db = openWriter(databaseFile(directory));
    expect(modeOf(db)).toBe(INCREMENTAL);
    db.close();
  });

  it('of an earlier release is rewritten once when it is small and there is room, and holds what it held', () => {
    const db = openOlder();
    const before = db.prepare('SELECT id, hex(bytes) FROM filler').all();
    convertOnce(db, PLENTY);
    expect(modeOf(db)).toBe(INCREMENTAL);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.prepare('SELECT id, hex(bytes) FROM filler').all()).toEqual(before);
    db.close();
  });

  it('of an earlier release stays as it is without the room for a rewrite', () => {
    const db = openOlder();
    convertOnce(db, 2_000_000);
    expect(modeOf(db)).toBe(0);
    expect(createVacuum(db).slice('idle')).toBe(false);
    db.close();
  });

  it('gives what deletions left back to the volume while the server is at rest', async () => {
    const { store } = await openSqlite(directory);
    const projectId = freshProject();
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const add = (name: string) =>
      store.change(create({ projectId, name }, { version: newVersion({ sealed: sealedValue(60_000) }) }));
    await Promise.all([...names, 'kept'].map(add));
    const kept = await store.findValue({ projectId, name: 'kept' }, 'latest');
    await Promise.all(names.map((name) => store.change(remove({ projectId, name }))));
    const size = () => statSync(databaseFile(directory)).size;
    await vi.waitFor(() => expect(size()).toBeGreaterThan(3_000_000), { timeout: 60_000 });
    await vi.waitFor(() => expect(size()).toBeLessThan(1_500_000), { timeout: 60_000, interval: 50 });
    expect((await store.findValue({ projectId, name: 'kept' }, 'latest'))?.sealed).toEqual(kept?.sealed);
    await store.close();
  });

  it('keeps some pages for the changes to come', () => {
    const db = openWriter(databaseFile(directory));
    db.exec('CREATE TABLE filler (bytes BLOB)');
    for (let count = 0; count < 20; count += 1) db.exec('INSERT INTO filler VALUES (zeroblob(100000))');
    db.exec('DELETE FROM filler WHERE rowid > 2');
    const vacuum = createVacuum(db);
    expect(vacuum.slice('idle')).toBe(false);
    db.close();
  });
});
