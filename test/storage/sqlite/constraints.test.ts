import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { prepareUpdate } from '../../../src/storage/sqlite/rows/rows.ts';
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
import { databaseFile, makeDirectory, openDirect, removeDirectory } from './harness.ts';

const SECRET = "(SELECT row FROM secret WHERE name = 'db-password')";
const VERSION_20 = `(SELECT row FROM version WHERE secret_row = ${SECRET} AND number = 20)`;

const version = (slot: number, number = 100, secret: unknown = SECRET) =>
  `INSERT INTO version (secret_row, number, uid, kind, kms_key_id, create_time_ms, slot)
    VALUES (${secret}, ${number}, 'u', 'string', 'k', 1, ${slot})`;
const stage = (name: string, slot: number) =>
  `INSERT INTO stage VALUES (${SECRET}, '${name}', 3, 1, ${slot})`;
const grant = (secret: unknown, type: string, grantee: string) =>
  `INSERT INTO secret_grant VALUES ('new', ${secret}, '${type}', '${grantee}', 1, 1, NULL, 1, x'00')`;
const tag = (secret: unknown) => `INSERT INTO secret_tag VALUES (${secret}, 'p', 'team', 'x')`;
const alias = (name: string, keyId = 'key-1') =>
  `INSERT INTO kms_key_alias VALUES ('p', '${name}', '${keyId}', 1, 1)`;
const keyTag = (position: number) => `INSERT INTO kms_key_tag VALUES ('p', 'key-1', 'new', '', ${position})`;
const secret = (assignment: string) => `UPDATE secret SET ${assignment} WHERE row = ${SECRET}`;
const key = (assignment: string) => `UPDATE kms_key SET ${assignment} WHERE id = 'key-1'`;

/** What the rules never ask for, by the kind of constraint that refuses it. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CHECK: {
    'a 21st version': version(20),
    'a version in slot -1': version(-1),
    'a version number 0': version(0, 0),
    'a 13th stage': stage('new', 12),
    'a state that does not exist': secret("state = 'OPEN'"),
    'a pending deletion without a time': secret("state = 'PENDING_DELETE'"),
    'a time of deletion without the state': secret('scheduled_delete_time_ms = 1'),
    'fewer than no secrets': 'UPDATE project SET secret_count = -1',
    'a second installation': 'UPDATE installation SET only_row = 2',
    'a grantee of no type': grant(SECRET, 'role', 'bob'),
    'a 21st tag of a key': keyTag(20),
    'a key of a state that does not exist': key("state = 'OPEN'"),
    'a key that waits for its deletion without a time': key("state = 'PENDING_DELETE'"),
    'half a rotation': key('rotation_interval_days = 30'),
  },
  UNIQUE: {
    'a version in a slot that is taken': version(7),
    'a version number twice': version(0, 20),
    'a stage on two versions': stage('SYSCURRENT', 11),
    'a stage in a slot that is taken': stage('new', 11),
    'a name twice in a project': secret("name = 'other'"),
    'two grants of one grantee': grant(SECRET, 'user', 'ann'),
    'an alias twice in a project': alias('alias/two'),
    'an alias that another key has without the prefix': alias('alias/one'),
    'an alias that another key has with the prefix': alias('two'),
    'a tag of a key in a place that is taken': keyTag(3),
  },
  PRIMARYKEY: { 'a tag’s key twice': tag(SECRET) },
  FOREIGNKEY: {
    'a version of no secret': version(0, 1, 999),
    'a stage on a missing version': "UPDATE stage SET version_number = 99 WHERE name = 'own-1'",
    'the deletion of a version with a stage': `DELETE FROM version_key WHERE version_row = ${VERSION_20};
      DELETE FROM version_body WHERE version_row = ${VERSION_20};
      DELETE FROM version WHERE row = ${VERSION_20}`,
    'the deletion of a version with a value': `DELETE FROM version WHERE secret_row = ${SECRET} AND number = 1`,
    'the deletion of a secret with versions': `DELETE FROM secret WHERE row = ${SECRET}`,
    'a tag of no secret': tag(999),
    'a grant of no secret': grant(999, 'user', 'bob'),
    'a key version of no key': "INSERT INTO kms_key_version VALUES ('p', 'absent', 1, x'00', 1)",
    'an alias of no key': alias('new', 'absent'),
    'the deletion of a key with material': "DELETE FROM kms_key WHERE id = 'key-1'",
  },
  DATATYPE: { 'text where a number belongs': secret("revision = 'x'") },
};

/** The database refuses by itself what the rules never ask for. */
describe('constraints of the SQLite schema', () => {
  const directory = makeDirectory();
  let db: Database.Database;
  beforeAll(async () => {
    const { store } = openDirect(directory);
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
  });
  afterAll(() => {
    db.close();
    removeDirectory(directory);
  });

  const cases = Object.entries(REFUSED).flatMap(([kind, attempts]) =>
    Object.entries(attempts).map(([claim, sql]) => ({ claim, code: `SQLITE_CONSTRAINT_${kind}`, sql })),
  );
  it.each(cases)('refuse $claim', ({ code, sql }) => {
    const attempt = db.transaction(() => db.exec(sql));
    expect(attempt).toThrow(Database.SqliteError);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });
});

it('a table with more columns than an update distinguishes is refused', () => {
  const table = (columns: number) => ({ name: 'wide', own: Array<string>(columns).fill('c') });
  const prepare = (columns: number) => prepareUpdate({} as never, table(columns), { more: [], where: '' });
  expect(prepare(32)).toBeTypeOf('function');
  expect(() => prepare(33)).toThrow(RangeError);
});
