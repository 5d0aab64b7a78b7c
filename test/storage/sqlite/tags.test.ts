import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/app/ports.ts';
import { create, expectRefused, putTags, remove } from '../../support/stores.ts';
import { makeDirectory, openSqlite, removeDirectory, tamper } from './harness.ts';

const TAG = { key: 'team', value: 'payments' };
const [MINE, THEIRS] = ['mine', 'theirs'];

/** An index is a copy of rows that nobody signed: what it says must be what the rows of the secret say. */
describe('an index of tags that is older than the tags', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  /** Runs changes that the index does not see. */
  async function behindTheIndex(changes: (store: Store) => Promise<unknown>): Promise<Store> {
    const index = tamper(directory, hideIndex);
    const { store } = await openSqlite(directory);
    await changes(store);
    await store.close();
    tamper(directory, (db) => showIndex(db, index));
    return (await openSqlite(directory)).store;
  }

  async function tagged(store: Store, projectId: string): Promise<string> {
    const ref = { projectId, name: 'db' };
    const { id } = (await store.change(create(ref))).secret!;
    await store.change(putTags(ref, id, [TAG]));
    return id;
  }

  it('does not list a tag that its secret has no more', async () => {
    const first = await openSqlite(directory);
    const id = await tagged(first.store, MINE);
    await first.store.close();
    const store = await behindTheIndex((open) =>
      open.change(putTags({ projectId: MINE, name: 'db' }, id, [{ ...TAG, value: 'other' }])),
    );
    await expectRefused(
      Promise.resolve().then(() => store.listTags(MINE)),
      'damaged',
    );
    await store.close();
  });

  it('does not list a tag of a secret that is gone', async () => {
    const first = await openSqlite(directory);
    await tagged(first.store, MINE);
    await first.store.close();
    const store = await behindTheIndex((open) => open.change(remove({ projectId: MINE, name: 'db' })));
    await expectRefused(
      Promise.resolve().then(() => store.listTags(MINE)),
      'damaged',
    );
    await store.close();
  });

  it('does not list the tag of another project’s secret that has taken the row', async () => {
    const first = await openSqlite(directory);
    await tagged(first.store, MINE);
    await first.store.close();
    const store = await behindTheIndex(async (open) => {
      await open.change(remove({ projectId: MINE, name: 'db' }));
      await tagged(open, THEIRS);
      expect(await open.listTags(THEIRS)).toStrictEqual([TAG]);
    });
    await expectRefused(
      Promise.resolve().then(() => store.listTags(MINE)),
      'damaged',
    );
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
