import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../../../src/core/commands.ts';
import {
  type ChangeCounters,
  createChangeCounters,
} from '../../../../src/storage/sqlite/engine/change-counters.ts';
import {
  type CommitBatch,
  createCommitBatch,
  DiskFullError,
} from '../../../../src/storage/sqlite/engine/group-commit.ts';
import { openReader, openWriter } from '../../../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../../../src/storage/sqlite/files/installation.ts';
import { createSecretReads } from '../../../../src/storage/sqlite/tables/secret-reads.ts';
import { requests } from '../../../support/acting.ts';
import {
  addVersion,
  create,
  expire,
  freshProject,
  newVersion,
  sealedValue,
  T0,
} from '../../../support/stores.ts';
import { databaseFile, MIGRATIONS, makeDirectory, ROW_MAC, removeDirectory } from '../harness.ts';

/** More pages than the database may have: SQLite answers as on a full disk. */
const NO_ROOM = newVersion({ sealed: sealedValue(4_000_000) });

describe('group commit', () => {
  let directory: string;
  let db: Database.Database;
  let changes: ChangeCounters;
  let commit: CommitBatch;
  const projectId = freshProject();
  const [one, other] = [
    { projectId, name: 'one' },
    { projectId, name: 'other' },
  ];

  beforeEach(() => {
    directory = makeDirectory();
    openDirectory(directory, MIGRATIONS).release();
    db = openWriter(databaseFile(directory));
    changes = createChangeCounters();
    commit = createCommitBatch(db, ROW_MAC, changes);
  });
  afterEach(() => {
    db.close();
    removeDirectory(directory);
  });

  const send = (...commands: Command[]) => commit(requests(...commands));

  function limitPages(extra: number): void {
    db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true })) + extra}`);
  }

  /** What someone sees who opens the file afresh. */
  function stored(name: string) {
    const reader = openReader(databaseFile(directory));
    try {
      return createSecretReads(reader, ROW_MAC).load({ projectId, name })?.aggregate;
    } finally {
      reader.close();
    }
  }

  it('answers in the order of the commands and has them committed by then', () => {
    const outcomes = send(create(one), create(one), create(other));
    expect(outcomes).toMatchObject([
      { id: 0, result: {} },
      { id: 1, error: { code: 'secret-exists' } },
      { id: 2, result: {} },
    ]);
    expect(db.inTransaction).toBe(false);
    expect(stored('one')).toBeDefined();
    expect(stored('other')).toBeDefined();
  });

  describe('with a command that fails when it has written', () => {
    const kind = 'no such kind' as 'string';
    const broken = () => addVersion(one, 'id', { version: newVersion({ kind }) });
    beforeEach(() => send(create(one, { id: 'id' })));

    it('carries out the others, and leaves nothing of that one', () => {
      const before = stored('one');
      const outcomes = send(expire(one, 1, T0 + 1), broken(), create(one), create(other));
      expect(outcomes).toMatchObject([
        { id: 0, result: {} },
        { id: 1, error: { code: 'internal' } },
        { id: 2, error: { code: 'secret-exists' } },
        { id: 3, result: {} },
      ]);
      const revision = before!.secret.revision + 1;
      expect(stored('one')).toMatchObject({ secret: { revision }, versions: [{ expireTimeMs: T0 + 1 }] });
      expect(stored('other')).toBeDefined();
    });

    it('builds on what is stored', () => {
      const [, added] = send(broken(), addVersion(one, 'id'));
      expect(added).toMatchObject({ result: { version: { version: { number: 2 } } } });
      expect(send(expire(one, 2, T0 + 1))).toMatchObject([{ result: {} }]);
      expect(stored('one')?.versions.map(({ expireTimeMs }) => expireTimeMs)).toStrictEqual([
        undefined,
        T0 + 1,
      ]);
    });

    it('has readers wait once, until all is done', () => {
      const slot = changes.slotOf(one);
      const settled = changes.settled(slot);
      send(broken(), expire(one, 1, T0 + 1));
      expect(settled).toBeDefined();
      expect(changes.settled(slot)).toBe(settled! + 2);
    });
  });

  it('keeps the value of a new version, though that of the one that makes room has been taken away', () => {
    send(create(one, { id: 'id' }));
    for (let version = 2; version <= 20; version += 1) send(addVersion(one, 'id'));
    const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    db.exec('DELETE FROM version_key WHERE version_row = 1; DELETE FROM version_body WHERE version_row = 1');
    expect(send(addVersion(one, 'id'))).toMatchObject([{ result: {} }]);
    expect([count('version'), count('version_key'), count('version_body')]).toStrictEqual([20, 20, 20]);
  });

  it('carries out each command once, also beside others that are refused', () => {
    const carried: string[] = [];
    const counting = createCommitBatch(db, ROW_MAC, changes, {
      permit: (_, wanted) => {
        carried.push(`${wanted?.kind}`);
        return undefined;
      },
    });
    const commands = [create(one), create(one), expire(other, 1, T0 + 1), create(other)];
    counting(requests(...commands));
    expect(carried).toStrictEqual(commands.map(({ kind }) => kind));
  });

  it('keeps nothing of a batch that finds no room', () => {
    send(create(other));
    limitPages(100);
    expect(() => send(create(one), create({ projectId, name: 'large' }, { version: NO_ROOM }))).toThrow(
      DiskFullError,
    );
    expect(db.inTransaction).toBe(false);
    expect(stored('one')).toBeUndefined();
    expect(send(create(one))).toMatchObject([{ result: {} }]);
  });

  it('forgets what it read in a batch that was rolled back', () => {
    const id = 'id-of-other';
    send(create(other, { id }));
    // Loads the secret "one" as it would have been.
    const retried = [create(one), expire(one, 1, T0 + 1)] as const;
    limitPages(100);
    expect(() => send(...retried, create({ projectId, name: 'large' }, { version: NO_ROOM }))).toThrow(
      DiskFullError,
    );
    // Takes the row that version 1 of "one" had before the rollback.
    send(addVersion(other, id));
    send(...retried);
    expect(stored('other')?.versions.map((version) => version.expireTimeMs)).toStrictEqual([
      undefined,
      undefined,
    ]);
    expect(stored('one')?.versions.map((version) => version.expireTimeMs)).toStrictEqual([T0 + 1]);
  });

  it('takes a batch again after one that found no room', () => {
    limitPages(50);
    expect(() => send(create({ projectId, name: 'large' }, { version: NO_ROOM }))).toThrow(DiskFullError);
    db.pragma('max_page_count = 1000000');
    expect(send(create({ projectId, name: 'large' }, { version: NO_ROOM }))).toMatchObject([{ result: {} }]);
    expect(stored('large')).toBeDefined();
  });
});
