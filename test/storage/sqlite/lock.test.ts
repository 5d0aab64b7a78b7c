import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartError } from '../../../src/app/start-error.ts';
import { createSqliteStore, startWriter } from '../../../src/storage/sqlite/engine/store.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { type Child, startChild } from './children.ts';
import {
  INSTALLATION,
  MIGRATIONS,
  makeDirectory,
  openSqlite,
  RANDOM,
  ROW_MAC,
  ROW_MAC_KEY,
  removeDirectory,
  WRITER_ENTRY,
} from './harness.ts';

describe('lock of a data directory', { timeout: 60_000 }, () => {
  let directory: string;
  let children: Child[];
  beforeEach(() => {
    directory = makeDirectory();
    children = [];
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    removeDirectory(directory);
  });

  function startOpener(): Child {
    const child = startChild('open-child.ts', [directory]);
    children.push(child);
    return child;
  }

  it('refuses a second opening in the same process at once, and frees the directory when released', () => {
    const first = openDirectory(directory, MIGRATIONS);
    const startedMs = performance.now();
    expect(kindOf(() => openDirectory(directory, MIGRATIONS))).toBe('taken');
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    first.release();
    openDirectory(directory, MIGRATIONS).release();
  });

  it('refuses another process while the store is open, and lets it in when the store is closed', async () => {
    const { store } = await openSqlite(directory);
    expect(await startOpener().firstLine()).toBe('taken');
    await store.close();
    expect(await startOpener().firstLine()).toBe('open');
  });

  it('is free again after the process that held it was killed', async () => {
    const holder = startOpener();
    expect(await holder.firstLine()).toBe('open');
    expect(kindOf(() => openDirectory(directory, MIGRATIONS))).toBe('taken');
    await holder.kill();
    openDirectory(directory, MIGRATIONS).release();
  });

  it('is free again after an opening that failed', () => {
    expect(() => openDirectory(directory, [{ number: 1, name: 'bad', sql: 'no sql' }])).toThrow(StartError);
    openDirectory(directory, MIGRATIONS).release();
  });

  it('still holds against other processes after a second opening in this one was refused', async () => {
    const first = openDirectory(directory, MIGRATIONS);
    expect(kindOf(() => openDirectory(directory, MIGRATIONS))).toBe('taken');
    expect(await startOpener().firstLine()).toBe('taken');
    first.release();
    openDirectory(directory, MIGRATIONS).release();
  });

  it('is free again, and the writer has ended, after a start whose database went away behind the writer', async () => {
    const open = openDirectory(directory, MIGRATIONS);
    open.initialise(INSTALLATION, ROW_MAC);
    const files = { directory, databaseFile: open.databaseFile };
    const writer = startWriter(WRITER_ENTRY, files, { rowMac: ROW_MAC_KEY });
    const gone = { ...open, databaseFile: join(directory, 'gone.db') };
    const store = createSqliteStore(gone, {
      mac: ROW_MAC,
      writer,
      onFatal: () => undefined,
      onDamage: () => undefined,
      random: RANDOM,
    });
    await expect(store).rejects.toThrow();
    // A thread that has ended has no number.
    expect(writer.worker.threadId).toBe(-1);
    openDirectory(directory, MIGRATIONS).release();
  });

  it('lets two directories be open in one process', () => {
    const other = makeDirectory();
    const opened = [directory, other].map((path) => openDirectory(path, MIGRATIONS));
    for (const open of opened) open.release();
    removeDirectory(other);
  });
});

function kindOf(open: () => unknown): string {
  try {
    open();
    return 'open';
  } catch (error) {
    return error instanceof StartError ? error.kind : String(error);
  }
}

describe('two processes at the same moment', () => {
  it('get one lock between them, never none', async () => {
    for (let round = 0; round < 5; round += 1) {
      const directory = mkdtempSync(join(tmpdir(), 'csms-lock-'));
      const children = [1, 2].map(() => fork(join(import.meta.dirname, 'lock-child.ts')));
      const said = () => Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
      await said();
      const outcomes = said();
      const atMs = Date.now() + 20;
      for (const child of children) child.send({ directory, atMs });
      expect((await outcomes).toSorted()).toEqual(['locked', 'refused']);
      for (const child of children) child.kill('SIGKILL');
      rmSync(directory, { recursive: true });
    }
  });
});
