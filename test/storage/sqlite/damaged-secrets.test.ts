import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/app/ports.ts';
import { create, expectRefused, remove, update } from '../../support/stores.ts';
import { databaseFile, makeDirectory, openRaw, openSqlite, removeDirectory, tamper } from './harness.ts';
import { fillProject, NAMES } from './tamper-project.ts';

const ROW = "(SELECT row FROM secret WHERE name = 'open')";
const VALUES = `version_row IN (SELECT row FROM version WHERE secret_row = ${ROW})`;

describe('a damaged secret', () => {
  const projectId = 'project';
  const ref = { projectId, name: 'open' };
  let directory: string;
  let store: Store;
  beforeEach(async () => {
    directory = makeDirectory();
    ({ store } = await openSqlite(directory));
    await fillProject(store, projectId);
  });
  afterEach(async () => {
    await store.close();
    removeDirectory(directory);
  });

  async function damage(statement: string): Promise<void> {
    await store.close();
    tamper(directory, (db) => db.exec(statement));
    ({ store } = await openSqlite(directory));
  }

  /** Rows that hang on a secret, and what the project counts. */
  function countRows(): Record<string, number> {
    const db = openRaw(databaseFile(directory));
    const count = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
    const tables = [
      'secret',
      'version',
      'version_key',
      'version_body',
      'stage',
      'secret_tag',
      'secret_grant',
    ];
    const counts = Object.fromEntries(tables.map((table) => [table, count(`SELECT count(*) FROM ${table}`)]));
    counts.counted = count('SELECT secret_count FROM project');
    db.close();
    return counts;
  }

  it.each([
    ['its own row', "UPDATE secret SET description = 'x' WHERE name = 'open'"],
    ['its MAC', "UPDATE secret SET row_mac = zeroblob(32) WHERE name = 'open'"],
    ['a version', `UPDATE version SET number = 9 WHERE secret_row = ${ROW} AND number = 2`],
    ['a stage', `DELETE FROM stage WHERE secret_row = ${ROW} AND name = 'blue'`],
    ['a tag', `UPDATE secret_tag SET value = 'x' WHERE secret_row = ${ROW}`],
    [
      'its values',
      `DELETE FROM version_key WHERE ${VALUES}; UPDATE secret SET revision = 1 WHERE name = 'open'`,
    ],
    ['an event that it is subscribed to', "UPDATE event SET state = 'DISABLED'"],
    ['the count of its project', "UPDATE project SET secret_count = 0; UPDATE secret SET state = 'FROZEN'"],
  ])('can be deleted, with all that hangs on it, though %s was changed', async (_, statement) => {
    await damage(statement);
    expect(await store.change(remove(ref))).toEqual({ wasDamaged: true });
    await expectRefused(store.change(remove(ref)), 'secret-not-found');
    expect(countRows()).toEqual({
      secret: NAMES.length - 1,
      version: 3,
      version_key: 3,
      version_body: 3,
      stage: 4,
      secret_tag: 2,
      secret_grant: 2,
      counted: NAMES.length - 1,
    });
    await store.change(create(ref));
    expect((await store.findVersions(ref))?.versions).toHaveLength(1);
  });

  it('can neither be changed nor deleted by its id', async () => {
    await damage("UPDATE secret SET description = 'x' WHERE name = 'open'");
    await expectRefused(store.change(update(ref, { description: 'y' })), 'damaged');
    await expectRefused(store.change({ ...remove(ref), id: 'project-open' }), 'damaged');
  });
});
