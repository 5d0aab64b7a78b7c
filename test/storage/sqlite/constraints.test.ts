import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import {
  addVersion,
  changeKey,
  create,
  createGrant,
  createKey,
  freshRef,
  putStage,
  putTags,
} from '../../support/stores.ts';
import { databaseFile, makeDirectory, openSqlite, removeDirectory } from './harness.ts';

/** The database refuses by itself what the rules never ask for. */
describe('constraints of the SQLite schema', () => {
  let directory: string;
  let db: Database.Database;
  let secret: number;
  beforeAll(async () => {
    directory = makeDirectory();
    const { store } = await openSqlite(directory);
    const ref = freshRef();
    const { id } = (await store.change(create(ref))).secret!;
    for (let count = 1; count < 20; count += 1) await store.change(addVersion(ref, id));
    for (let count = 0; count < 10; count += 1) await store.change(putStage(ref, `own-${count}`, 5));
    await store.change(putTags(ref, id, [{ key: 'team', value: 'a' }]));
    await store.change(createGrant({ projectId: ref.projectId, secretId: id }, 'ann'));
    await store.change(create({ ...ref, name: 'other' }));
    await store.change(createKey({ projectId: 'p', id: 'key-1' }, { alias: 'one' }));
    await store.change(createKey({ projectId: 'p', id: 'key-2' }, { alias: 'alias/two' }));
    const tags = Array.from({ length: 20 }, (_, index) => ({ key: `t${index}`, value: '' }));
    await store.change(changeKey({ projectId: 'p', id: 'key-1' }, { kind: 'put-tags', tags }));
    await store.close();
    db = openWriter(databaseFile(directory));
    secret = db.prepare<[string], number>('SELECT row FROM secret WHERE name = ?').pluck().get(ref.name) ?? 0;
  });
  afterAll(() => {
    db.close();
    removeDirectory(directory);
  });

  function insertVersion(slot: number, number = 100, secretRow = secret): void {
    const insert = db.prepare(
      `INSERT INTO version (secret_row, number, uid, kind, kms_key_id, create_time_ms, slot)
       VALUES (?, ?, 'u', 'string', 'k', 1, ?)`,
    );
    insert.run(secretRow, number, slot);
  }

  function insertStage(name: string, versionNumber: number, slot: number): void {
    db.prepare('INSERT INTO stage VALUES (?, ?, ?, 1, ?)').run(secret, name, versionNumber, slot);
  }

  function insertGrant(secretRow: number, type: string, grantee: string): void {
    db.prepare("INSERT INTO secret_grant VALUES ('new', ?, ?, ?, 1, 1, NULL, 1, x'00')").run(
      secretRow,
      type,
      grantee,
    );
  }

  const insertAlias = (alias: string, keyId = 'key-1') =>
    db.prepare("INSERT INTO kms_key_alias VALUES ('p', ?, ?, 1, 1)").run(alias, keyId);
  const insertTag = (key: string, position: number) =>
    db.prepare("INSERT INTO kms_key_tag VALUES ('p', 'key-1', ?, '', ?)").run(key, position);
  const updateKey = (assignment: string) => db.exec(`UPDATE kms_key SET ${assignment} WHERE id = 'key-1'`);

  const refused: [claim: string, code: string, attempt: () => void][] = [
    ['a 21st version', 'SQLITE_CONSTRAINT_CHECK', () => insertVersion(20)],
    ['a version in a slot that is taken', 'SQLITE_CONSTRAINT_UNIQUE', () => insertVersion(7)],
    ['a version in slot -1', 'SQLITE_CONSTRAINT_CHECK', () => insertVersion(-1)],
    ['a version number twice', 'SQLITE_CONSTRAINT_UNIQUE', () => insertVersion(0, 20)],
    ['a version number 0', 'SQLITE_CONSTRAINT_CHECK', () => insertVersion(0, 0)],
    ['a version of no secret', 'SQLITE_CONSTRAINT_FOREIGNKEY', () => insertVersion(0, 1, 999)],
    ['a stage on two versions', 'SQLITE_CONSTRAINT_UNIQUE', () => insertStage('SYSCURRENT', 3, 11)],
    ['a stage in a slot that is taken', 'SQLITE_CONSTRAINT_UNIQUE', () => insertStage('new', 3, 11)],
    ['a 13th stage', 'SQLITE_CONSTRAINT_CHECK', () => insertStage('new', 3, 12)],
    [
      'a stage on a missing version',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.exec("UPDATE stage SET version_number = 99 WHERE name = 'own-1'"),
    ],
    [
      'the deletion of a version with a stage',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () =>
        db.transaction(() => {
          const row = db
            .prepare('SELECT row FROM version WHERE secret_row = ? AND number = 20')
            .pluck()
            .get(secret);
          db.prepare('DELETE FROM version_key WHERE version_row = ?').run(row);
          db.prepare('DELETE FROM version_body WHERE version_row = ?').run(row);
          db.prepare('DELETE FROM version WHERE row = ?').run(row);
        })(),
    ],
    [
      'the deletion of a version with a value',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.prepare('DELETE FROM version WHERE secret_row = ? AND number = 1').run(secret),
    ],
    [
      'the deletion of a secret with versions',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.prepare('DELETE FROM secret WHERE row = ?').run(secret),
    ],
    [
      'a name twice in a project',
      'SQLITE_CONSTRAINT_UNIQUE',
      () => db.prepare("UPDATE secret SET name = 'other' WHERE row = ?").run(secret),
    ],
    [
      'a state that does not exist',
      'SQLITE_CONSTRAINT_CHECK',
      () => db.prepare("UPDATE secret SET state = 'OPEN' WHERE row = ?").run(secret),
    ],
    [
      'a pending deletion without a time',
      'SQLITE_CONSTRAINT_CHECK',
      () => db.prepare("UPDATE secret SET state = 'PENDING_DELETE' WHERE row = ?").run(secret),
    ],
    [
      'a time of deletion without the state',
      'SQLITE_CONSTRAINT_CHECK',
      () => db.prepare('UPDATE secret SET scheduled_delete_time_ms = 1 WHERE row = ?').run(secret),
    ],
    [
      'fewer than no secrets',
      'SQLITE_CONSTRAINT_CHECK',
      () => db.exec('UPDATE project SET secret_count = -1'),
    ],
    [
      'a second installation',
      'SQLITE_CONSTRAINT_CHECK',
      () => db.exec('UPDATE installation SET only_row = 2'),
    ],
    [
      'a tag’s key twice',
      'SQLITE_CONSTRAINT_PRIMARYKEY',
      () => db.prepare("INSERT INTO secret_tag VALUES (?, 'p', 'team', 'x')").run(secret),
    ],
    [
      'a tag of no secret',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.exec("INSERT INTO secret_tag VALUES (999, 'p', 'team', 'x')"),
    ],
    ['a grant of no secret', 'SQLITE_CONSTRAINT_FOREIGNKEY', () => insertGrant(999, 'user', 'bob')],
    ['two grants of one grantee', 'SQLITE_CONSTRAINT_UNIQUE', () => insertGrant(secret, 'user', 'ann')],
    ['a grantee of no type', 'SQLITE_CONSTRAINT_CHECK', () => insertGrant(secret, 'role', 'bob')],
    [
      'text where a number belongs',
      'SQLITE_CONSTRAINT_DATATYPE',
      () => db.prepare("UPDATE secret SET revision = 'x' WHERE row = ?").run(secret),
    ],
    [
      'a key version of no key',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.exec("INSERT INTO kms_key_version VALUES ('p', 'absent', 1, x'00', 1)"),
    ],
    ['an alias of no key', 'SQLITE_CONSTRAINT_FOREIGNKEY', () => insertAlias('new', 'absent')],
    ['an alias twice in a project', 'SQLITE_CONSTRAINT_UNIQUE', () => insertAlias('alias/two')],
    [
      'an alias that another key has without the prefix',
      'SQLITE_CONSTRAINT_UNIQUE',
      () => insertAlias('alias/one'),
    ],
    ['an alias that another key has with the prefix', 'SQLITE_CONSTRAINT_UNIQUE', () => insertAlias('two')],
    ['a 21st tag', 'SQLITE_CONSTRAINT_CHECK', () => insertTag('new', 20)],
    ['a tag in a place that is taken', 'SQLITE_CONSTRAINT_UNIQUE', () => insertTag('new', 3)],
    ['a key of a state that does not exist', 'SQLITE_CONSTRAINT_CHECK', () => updateKey("state = 'OPEN'")],
    [
      'a key that waits for its deletion without a time',
      'SQLITE_CONSTRAINT_CHECK',
      () => updateKey("state = 'PENDING_DELETE'"),
    ],
    ['half a rotation', 'SQLITE_CONSTRAINT_CHECK', () => updateKey('rotation_interval_days = 30')],
    [
      'the deletion of a key with material',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      () => db.exec("DELETE FROM kms_key WHERE id = 'key-1'"),
    ],
  ];

  it.each(refused)('refuse %s', (_, code, attempt) => {
    let thrown: unknown;
    try {
      attempt();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Database.SqliteError);
    expect(thrown).toHaveProperty('code', code);
  });
});
