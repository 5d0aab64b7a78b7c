import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../../src/core/commands.ts';
import { createChangeCounters } from '../../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { requests, type TestStore } from '../../support/acting.ts';
import { create, putTags, remove } from '../../support/stores.ts';
import { tagsOfProject } from '../../support/walks.ts';
import {
  databaseFile,
  makeDirectory,
  type OpenSqlite,
  openSqlite,
  ROW_MAC,
  removeDirectory,
  tamper,
} from './harness.ts';

const TAG = { key: 'team', value: 'payments' };
const [MINE, THEIRS] = ['mine', 'theirs'];

/** An index is a copy of rows that nobody signed: what it says must be what the rows of the secret say. */
describe('an index of tags that is older than the tags', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  /** Carries out commands that the index does not see: past the start, which would miss the index. */
  async function behindTheIndex(commands: readonly Command[]): Promise<OpenSqlite> {
    const index = tamper(directory, hideIndex);
    const db = openWriter(databaseFile(directory));
    const commit = createCommitBatch(db, ROW_MAC, createChangeCounters());
    for (const command of commands) expect(commit(requests(command))).toMatchObject([{ result: {} }]);
    db.close();
    tamper(directory, (raw) => showIndex(raw, index));
    return openSqlite(directory);
  }

  async function tagged(store: TestStore, projectId: string): Promise<string> {
    const ref = { projectId, name: 'db' };
    const { id } = (await store.change(create(ref))).secret!;
    await store.change(putTags(ref, id, [TAG]));
    return id;
  }

  it('does not list a tag that its secret has no more', async () => {
    const first = await openSqlite(directory);
    const id = await tagged(first.store, MINE);
    await first.store.close();
    const { store, damage } = await behindTheIndex([
      putTags({ projectId: MINE, name: 'db' }, id, [{ ...TAG, value: 'other' }]),
    ]);
    expect(await tagsOfProject(store, MINE)).toEqual([]);
    expect(damage).toEqual(['a tag team of project mine']);
    await store.close();
  });

  it('does not list a tag of a secret that is gone', async () => {
    const first = await openSqlite(directory);
    await tagged(first.store, MINE);
    await first.store.close();
    const { store, damage } = await behindTheIndex([remove({ projectId: MINE, name: 'db' })]);
    expect(await tagsOfProject(store, MINE)).toEqual([]);
    expect(damage).toEqual(['a tag team of project mine']);
    await store.close();
  });

  it('does not list the tag of another project’s secret that has taken the row', async () => {
    const first = await openSqlite(directory);
    await tagged(first.store, MINE);
    await first.store.close();
    const theirs = create({ projectId: THEIRS, name: 'db' });
    const { store, damage } = await behindTheIndex([
      remove({ projectId: MINE, name: 'db' }),
      theirs,
      putTags(theirs.ref, theirs.id, [TAG]),
    ]);
    expect(await tagsOfProject(store, MINE)).toEqual([]);
    expect(damage).toEqual(['a tag team of project mine']);
    await store.close();
  });
});

type SchemaRow = Readonly<Record<'type' | 'name' | 'tbl_name' | 'rootpage' | 'sql', unknown>>;

/** Takes the index out of the schema and leaves its pages as they are. */
function hideIndex(db: Database.Database): SchemaRow {
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  const row = db.prepare<[], SchemaRow>("SELECT * FROM sqlite_schema WHERE name = 'secret_tag_value'").get()!;
  db.exec("DELETE FROM sqlite_schema WHERE name = 'secret_tag_value'");
  return row;
}

function showIndex(db: Database.Database, row: SchemaRow): void {
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.prepare('INSERT INTO sqlite_schema VALUES (@type, @name, @tbl_name, @rootpage, @sql)').run(row);
}
