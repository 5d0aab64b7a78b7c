import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../src/core/commands.ts';
import { SecretError } from '../../src/core/errors.ts';
import { carryRow } from '../../src/storage/carriers.ts';
import { defineTable, optional, plain } from '../../src/storage/columns/fields.ts';
import { isAdmittedAlways, isRemoval, KINDS } from '../../src/storage/kinds.ts';
import { createChangeCounters } from '../../src/storage/sqlite/engine/change-counters.ts';
import { createInlineStore } from '../../src/storage/sqlite/engine/inline-store.ts';
import { type Connection, openWriter } from '../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../src/storage/sqlite/files/installation.ts';
import { createInspector } from '../../src/storage/sqlite/rows/inspect.ts';
import { createWholeReads } from '../../src/storage/sqlite/rows/wholes.ts';
import { byTest, type TestStore } from '../support/acting.ts';
import { emptyMemory } from '../support/memory-engine.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { T0 } from '../support/stores.ts';
import {
  databaseFile,
  INSTALLATION,
  MIGRATIONS,
  makeDirectory,
  RANDOM,
  ROW_MAC,
  removeDirectory,
} from './sqlite/harness.ts';

// Alone in its process: it adds a table and a kind to the program's own.
// The core's file of a kind that there is not: what is known of one, and its rules.
interface Note {
  readonly projectId: string;
  readonly name: string;
  readonly text: string;
  readonly tillMs: number | undefined;
  readonly revision: number;
}

interface NoteCommand {
  readonly ref: { readonly projectId: string; readonly name: string };
  readonly text: string;
  readonly nowMs: number;
}

function decideNote({ current }: { readonly current: Note | undefined }, { nowMs, ref, text }: NoteCommand) {
  if (text === '') throw new SecretError('invalid-parameter', 'A note says something.');
  const tillMs = text === 'soon' ? nowMs : undefined;
  const next: Note = { ...ref, text, tillMs, revision: (current?.revision ?? 0) + 1 };
  return { next, result: next };
}

// Its table, which every engine takes its rows from, and an engine's own step of the schema.
const NOTE = defineTable<Note>({
  name: 'note',
  kind: 'note/1',
  key: ['project_id', 'name'],
  fields: { projectId: plain(), name: plain(), text: plain(), tillMs: optional(), revision: plain() },
});
const SCHEMA = {
  number: MIGRATIONS.length + 1,
  name: 'notes',
  sql: `CREATE TABLE note (project_id TEXT, name TEXT, text TEXT, till_ms INTEGER, revision INTEGER, row_mac BLOB,
                           PRIMARY KEY (project_id, name)) STRICT, WITHOUT ROWID`,
};

// Its descriptor. Nothing else of the program knows of it.
Object.assign(KINDS, {
  note: {
    carry: carryRow(NOTE, ({ ref }: NoteCommand) => [ref.projectId, ref.name], decideNote),
    wholes: [NOTE],
    whenFull: ['write-note'],
    removals: ['drop-note'],
    readers: ({ ref }: NoteCommand) => ref,
  },
});

const ref = { projectId: 'project', name: 'first' };
const commandOf = (kind: string, text = '', name = ref.name) =>
  ({ aggregate: 'note', kind, ref: { ...ref, name }, text, nowMs: T0 }) as unknown as Command;
const write = (store: TestStore, text: string, name?: string): Promise<unknown> =>
  store.change(commandOf('write-note', text, name));

describe('a kind of aggregate that a later release adds', () => {
  let directory: string;
  let db: Connection;
  let store: TestStore;
  let told: string[];
  const changes = createChangeCounters();
  beforeEach(() => {
    directory = makeDirectory();
    const open = openDirectory(directory, [...MIGRATIONS, SCHEMA]);
    open.initialise(INSTALLATION, ROW_MAC);
    db = openWriter(databaseFile(directory));
    told = [];
    const onDamage = (place: string) => void told.push(place);
    const close = () => {
      db.close();
      open.release();
    };
    store = byTest(createInlineStore({ db, changes, mac: ROW_MAC, onDamage, random: RANDOM, close }));
  });
  afterEach(async () => {
    await store.close();
    removeDirectory(directory);
  });

  const find = () => createWholeReads(db, ROW_MAC)(NOTE)(ref.projectId, ref.name);
  const inspector = () => createInspector(db, ROW_MAC);

  it.each([
    ['tables', () => store],
    ['maps', () => createMemoryStore(emptyMemory(), RANDOM)],
    ['maps that answer later', () => createMemoryStore(emptyMemory(), RANDOM, true)],
  ])('is carried, saved and found again by an engine of %s', async (_, open) => {
    const opened = open();
    expect(await write(opened, 'soon')).toEqual({ ...ref, text: 'soon', tillMs: T0, revision: 1 });
    await expect(write(opened, '')).rejects.toMatchObject({ code: 'invalid-parameter' });
    expect(await write(opened, 'another', 'second')).toMatchObject({ revision: 1 });
    expect(await write(opened, 'later')).toEqual({ ...ref, text: 'later', tillMs: undefined, revision: 2 });
  });

  it.each([
    ['text', 'forged'],
    ['till_ms', 5],
    ['revision', 7],
  ])('has its %s authenticated, inspected, and replaced when it is damaged', async (column, value) => {
    await write(store, 'mine');
    expect(find()).toEqual({ ...ref, text: 'mine', tillMs: undefined, revision: 1 });
    expect(inspector().changedRows()).toEqual([]);
    db.prepare(`UPDATE note SET ${column} = ?`).run(value);
    expect(find).toThrow(expect.objectContaining({ code: 'damaged' }));
    expect(inspector().changedRows()).toEqual(['note project/first']);
    expect(await write(store, 'again')).toMatchObject({ revision: 1 });
    expect(told).toEqual(['note project/first']);
    expect(inspector().changedRows()).toEqual([]);
  });

  it('is in the sums over all rows, which notice a row that was put back or is gone', async () => {
    await write(store, 'before');
    db.exec('CREATE TEMP TABLE former AS SELECT * FROM note');
    await write(store, 'after');
    expect(inspector().sums()).toEqual([]);
    db.exec('REPLACE INTO note SELECT * FROM former');
    expect(inspector().changedRows()).toEqual([]);
    expect(inspector().sums()).not.toEqual([]);
    db.exec('DELETE FROM note');
    expect(inspector().sums()).not.toEqual([]);
  });

  it('says who has to look again, what a full disk has room for, and what takes values away', async () => {
    const [own, other] = [ref, { ...ref, name: 'other' }].map((one) => changes.slotOf(one));
    const before = [changes.settled(own!), changes.settled(other!)];
    await write(store, 'seen');
    expect(changes.settled(own!)).not.toBe(before[0]);
    expect(changes.settled(other!)).toBe(before[1]);
    const commands = ['write-note', 'drop-note', 'bind-note'].map((kind) => commandOf(kind));
    expect(commands.map(isAdmittedAlways)).toEqual([true, true, false]);
    expect(commands.map(isRemoval)).toEqual([false, true, false]);
  });
});
