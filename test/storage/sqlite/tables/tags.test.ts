import type Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { createChangeCounters } from '../../../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../../../src/storage/sqlite/engine/open.ts';
import { requests } from '../../../support/acting.ts';
import { create, putTags, remove } from '../../../support/stores.ts';
import { tagsOfProject } from '../../../support/walks.ts';
import { filledDirectory } from '../filled-directory.ts';
import { databaseFile, ROW_MAC } from '../harness.ts';

const TAG = { key: 'team', value: 'payments' };
const mine = create({ projectId: 'mine', name: 'db' });
const theirs = create({ projectId: 'theirs', name: 'db' });
const filled = filledDirectory(async (store) => {
  await store.change(mine);
  await store.change(putTags(mine.ref, mine.id, [TAG]));
});

/** An index is a copy of rows that nobody signed: what it says must be what the rows of the secret say. */
it.each([
  ['a tag that its secret has no more', [putTags(mine.ref, mine.id, [{ ...TAG, value: 'other' }])]],
  ['a tag of a secret that is gone', [remove(mine.ref)]],
  [
    'the tag of another project’s secret that has taken the row',
    [remove(mine.ref), theirs, putTags(theirs.ref, theirs.id, [TAG])],
  ],
])('an index of tags that is older than the tags does not list %s', async (_, commands) => {
  // Past the start, which would miss the index.
  const index = filled.tamper(hideIndex);
  const db = openWriter(databaseFile(filled.path));
  const commit = createCommitBatch(db, ROW_MAC, createChangeCounters());
  for (const command of commands) expect(commit(requests(command))).toMatchObject([{ result: {} }]);
  db.close();
  filled.tamper((raw) => showIndex(raw, index));
  expect(await tagsOfProject(filled.store, 'mine')).toEqual([]);
  expect(filled.told).toEqual(['a tag team of project mine']);
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
