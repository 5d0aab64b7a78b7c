import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openReader, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { databaseFile, makeDirectory, openDirect, removeDirectory } from './harness.ts';

/** Written out again on purpose: the list in the program must not be its own judge. */
const WRITER = {
  journal_mode: 'wal',
  synchronous: 2,
  fullfsync: 1,
  checkpoint_fullfsync: 1,
  secure_delete: 1,
  foreign_keys: 1,
  trusted_schema: 0,
  cell_size_check: 1,
  temp_store: 2,
  mmap_size: 0,
  wal_autocheckpoint: 1_000,
  journal_size_limit: 67_108_864,
  busy_timeout: 5_000,
};

/** For each setting a value that SQLite takes and that must not be accepted. */
const WRONG: Record<keyof typeof WRITER, string | number> = {
  journal_mode: 'delete',
  synchronous: 1,
  fullfsync: 0,
  checkpoint_fullfsync: 0,
  secure_delete: 'fast',
  foreign_keys: 0,
  trusted_schema: 1,
  cell_size_check: 0,
  temp_store: 1,
  mmap_size: 65_536,
  wal_autocheckpoint: 999,
  journal_size_limit: -1,
  busy_timeout: 0,
};

const prepare = Database.prototype.prepare;

describe('settings of the SQLite connections', () => {
  let directory: string;
  let file: string;
  beforeAll(async () => {
    directory = makeDirectory();
    await openDirect(directory).store.close();
    file = databaseFile(directory);
  });
  afterEach(() => {
    Database.prototype.prepare = prepare;
  });
  afterAll(() => removeDirectory(directory));

  it.each(Object.entries(WRITER))('sets %s to %s on the connection that writes', (name, value) => {
    const db = openWriter(file);
    try {
      db.prepare('SELECT count(*) FROM secret').get();
      db.transaction(() => db.exec('DELETE FROM project')).immediate();
      expect(db.pragma(name, { simple: true })).toBe(value);
    } finally {
      db.close();
    }
  });

  it('keeps FULL when the file is new and turns to WAL', () => {
    const db = openWriter(join(directory, 'new.db'));
    try {
      db.exec('CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)');
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(db.pragma('synchronous', { simple: true })).toBe(2);
    } finally {
      db.close();
    }
  });

  it.each(Object.entries(WRONG))('refuses to write with %s = %s', (name, wrong) => {
    Database.prototype.prepare = function (this: Database.Database, source: string) {
      const isAssignment = source.startsWith(`PRAGMA ${name} =`);
      return prepare.call(this, isAssignment ? `PRAGMA ${name} = ${wrong}` : source);
    } as typeof prepare;
    expect(() => openWriter(join(directory, `wrong-${name}.db`))).toThrow(`SQLite setting ${name} is `);
  });

  it('refuses a database that cannot have a write-ahead log', () => {
    expect(() => openWriter(':memory:')).toThrow('SQLite setting journal_mode is memory and not wal');
  });

  it('cannot write on the connection that reads', () => {
    const db = openReader(file);
    try {
      expect(db.readonly).toBe(true);
      expect(db.pragma('query_only', { simple: true })).toBe(1);
      expect(() => db.exec('DELETE FROM secret')).toThrow(/readonly|query/);
      for (const name of ['trusted_schema', 'mmap_size'] as const) {
        expect(db.pragma(name, { simple: true })).toBe(WRITER[name]);
      }
      expect(db.pragma('cell_size_check', { simple: true })).toBe(1);
      expect(db.pragma('busy_timeout', { simple: true })).toBe(1_000);
    } finally {
      db.close();
    }
  });

  it('does not make a database by reading', () => {
    expect(() => openReader(join(directory, 'absent.db'))).toThrow(/unable to open|does not exist/);
  });
});
