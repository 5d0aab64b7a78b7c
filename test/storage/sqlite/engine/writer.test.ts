import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChangeCounters } from '../../../../src/storage/sqlite/engine/change-counters.ts';
import type { FromWriter } from '../../../../src/storage/sqlite/engine/protocol.ts';
import { createSqliteStore, startWriter } from '../../../../src/storage/sqlite/engine/store.ts';
import { runWriter } from '../../../../src/storage/sqlite/engine/writer.ts';
import { openDirectory } from '../../../../src/storage/sqlite/files/installation.ts';
import {
  databaseFile,
  INSTALLATION,
  MIGRATIONS,
  makeDirectory,
  openSqlite,
  RANDOM,
  ROW_MAC,
  ROW_MAC_KEY,
  removeDirectory,
  WRITER_ENTRY,
} from '../harness.ts';

let directory: string;
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

/** What is no message of ours: the writer fails at it as it would at a fault of its own. */
const NONSENSE = Object.freeze({});

const TOOLS = Object.freeze({ mac: ROW_MAC, giveMemoryBack: () => undefined });

// A connection that is left open is closed while the thread's environment is taken down, in SQLite's binding's own time.
describe('the connection of the writer', () => {
  let mine: MessagePort;
  let its: MessagePort;
  beforeEach(() => {
    const channel = new MessageChannel();
    [mine, its] = [channel.port1, channel.port2];
  });
  afterEach(() => {
    mine.close();
    its.close();
  });

  it.each([
    ['stops', { stop: true }, 'stopped'],
    ['fails at its work', NONSENSE, 'fatal'],
  ])('is closed when it %s', async (_, message, lastWord) => {
    const open = openDirectory(directory, MIGRATIONS);
    open.initialise(INSTALLATION, ROW_MAC);
    open.release();
    runWriter(its, settings(), TOOLS);
    expect(openDatabases()).not.toEqual([]);
    const words: string[] = [];
    mine.on('message', (word: FromWriter) => words.push(...Object.keys(word)));
    mine.postMessage(message);
    await once(mine, 'close');
    expect(words.at(-1)).toBe(lastWord);
    expect(openDatabases()).toEqual([]);
  });

  it('is closed when it does not come up', () => {
    new Database(databaseFile(directory)).close();
    expect(() => runWriter(its, settings(), TOOLS)).toThrow('no such table');
    expect(openDatabases()).toEqual([]);
  });
});

describe('the thread of the writer', () => {
  it('has ended when a store is closed whose writer failed', async () => {
    const { store, worker, fatal } = await openSqlite(directory);
    const exit = once(worker, 'exit');
    worker.postMessage(NONSENSE);
    while (fatal.length === 0) await once(worker, 'message');
    expect(fatal).toEqual(['the writer thread failed']);
    await store.close();
    // A thread that has ended has no number; one that was cut off ends with 1.
    expect(worker.threadId).toBe(-1);
    expect(await exit).toEqual([0]);
  });

  it('has ended by itself when a start fails because it does not come up', async () => {
    const open = openDirectory(directory, MIGRATIONS);
    const writer = startWriter(WRITER_ENTRY, { directory, databaseFile: directory }, { rowMac: ROW_MAC_KEY });
    const cutOff: unknown[] = [];
    writer.worker.terminate = async () => cutOff.push('by us');
    const ignored = { onFatal: () => undefined, onDamage: () => undefined };
    const store = createSqliteStore(open, { mac: ROW_MAC, random: RANDOM, writer, ...ignored });
    await expect(store).rejects.toThrow('the writer thread did not start');
    expect([writer.worker.threadId, cutOff]).toEqual([-1, []]);
    openDirectory(directory, MIGRATIONS).release();
  });
});

function settings() {
  return { directory, databaseFile: databaseFile(directory), changes: createChangeCounters().memory };
}

/** The databases of the directory that this process has open, by descriptor. */
function openDatabases(): string[] {
  return readdirSync('/proc/self/fd')
    .map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`);
      } catch {
        return '';
      }
    })
    .filter((file) => file.startsWith(databaseFile(directory)));
}
