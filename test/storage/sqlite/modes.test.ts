import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartError } from '../../../src/app/start-error.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { create, freshRef } from '../../support/stores.ts';
import { databaseFile, MIGRATIONS, makeDirectory, openSqlite, removeDirectory } from './harness.ts';

describe('modes of the data directory', () => {
  let root: string;
  let umask: number;
  beforeEach(() => {
    root = makeDirectory();
    umask = process.umask(0o022);
  });
  afterEach(() => {
    process.umask(umask);
    removeDirectory(root);
  });

  it('lets nobody else read the directory or any file, under an ordinary umask', async () => {
    const directory = join(root, 'new', 'data');
    const { store } = await openSqlite(directory);
    await store.change(create(freshRef()));
    const names = readdirSync(directory).sort();
    expect(names).toStrictEqual(['ballast', 'csms.db', 'csms.db-shm', 'csms.db-wal', 'instance.lock']);
    for (const name of names) expect(modeOf(join(directory, name)), name).toBe(0o600);
    expect(modeOf(directory)).toBe(0o700);
    await store.close();
    for (const name of readdirSync(directory)) expect(modeOf(join(directory, name)), name).toBe(0o600);
  });

  it('narrows a directory and a database that were left open to others', async () => {
    const directory = join(root, 'data');
    await (await openSqlite(directory)).store.close();
    chmodSync(directory, 0o755);
    for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o644);
    const { store } = await openSqlite(directory);
    await store.change(create(freshRef()));
    expect(modeOf(directory)).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm'])
      expect(modeOf(`${databaseFile(directory)}${suffix}`), suffix).toBe(0o600);
    await store.close();
  });

  it('refuses a path that is no directory', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => openDirectory(file, MIGRATIONS)).toThrow(StartError);
  });

  it.runIf(process.getuid?.() === 0)('refuses a directory of another user', () => {
    const directory = join(root, 'theirs');
    mkdirSync(directory);
    chownSync(directory, 65_534, 65_534);
    expect(() => openDirectory(directory, MIGRATIONS)).toThrow(/belongs to another user/);
  });
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
