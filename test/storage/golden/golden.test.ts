import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstallation } from '../../../src/compose/installation.ts';
import { verifyInstallation } from '../../../src/compose/verify.ts';
import { loadRootKey } from '../../../src/crypto/root-key.ts';
import { createRowMac } from '../../../src/crypto/row-mac.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { databaseFile, MIGRATIONS, makeDirectory, removeDirectory, tamper } from '../sqlite/harness.ts';
import { configOf, PLACE, PRESENT, PROJECTS, ROOT_KEY, readGolden, takeGolden } from './make.ts';

const [PROJECT] = PROJECTS;
/** Schema of the last release whose texts did not name their fields. */
const UNNAMED = 'schema-0011';
const GOLDEN = readdirSync(PLACE)
  .filter((name) => name.endsWith('.db'))
  .map((name) => name.slice(0, -3));

describe('databases that former programs have made', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  const take = (name: string) => takeGolden(directory, name);
  const verify = () => verifyInstallation(configOf(directory));
  /** What the signing writes, beside what is not signed yet. */
  const signed = () =>
    tamper(directory, (db) => [
      db.pragma('user_version', { simple: true }) === MIGRATIONS.length,
      db.prepare('SELECT row_mac, contents_digest FROM secret ORDER BY row').all(),
      db.prepare('SELECT row_mac, roll FROM installation').all(),
    ]);
  const start = () => openInstallation(configOf(directory), { nowMs: () => 0 }).open.release();

  it('are there for the schema of this program and for every one that needs more than SQL', () => {
    expect(GOLDEN).toEqual(expect.arrayContaining([UNNAMED, PRESENT]));
  });

  it.each(GOLDEN)('open, answer as they did and pass the full check: %s', async (name) => {
    take(name);
    const answers = JSON.parse(readFileSync(join(PLACE, `${name}.json`), 'utf8')) as Record<string, unknown>;
    const read = await readGolden(directory);
    expect(Object.keys(read)).toEqual(Object.keys(answers));
    // Fields that came later may be there as well.
    expect(read).toMatchObject(answers);
    expect(verify()).toMatchObject({ secrets: 4, versions: 12, unreadable: 0, findings: [] });
    expect(await readGolden(directory)).toEqual(read);
  });

  it('are not brought up by a check alone', () => {
    take(UNNAMED);
    const before = readFileSync(databaseFile(directory));
    expect(verify).toThrow(expect.objectContaining({ kind: 'configuration' }));
    expect(readFileSync(databaseFile(directory)).equals(before)).toBe(true);
  });

  const secret = `secret ${PROJECT}/open: its rows have been changed`;
  const changes: readonly (readonly [statement: string, findings: readonly string[]])[] = [
    [`UPDATE secret SET description = 'x' WHERE name = 'open'`, [secret]],
    [`UPDATE secret SET auto_rotation = 2 WHERE name = 'open'`, [secret]],
    [`UPDATE secret SET contents_digest = zeroblob(32) WHERE name = 'open'`, [secret]],
    [`UPDATE secret SET event_subscriptions = '["alarm" ]' WHERE name = 'open'`, [secret]],
    [`UPDATE version SET uid = 'x' WHERE number = 2`, [secret]],
    [`UPDATE version SET expire_time_ms = 1, expiry_notified = 1 WHERE number = 3`, [secret]],
    [`UPDATE stage SET version_number = 2 WHERE name = 'blue'`, [secret]],
    [`UPDATE secret_tag SET value = 'x' WHERE key = 'only-open'`, [secret]],
    [`DELETE FROM secret_tag WHERE key = 'only-open'`, [secret]],
    [`UPDATE secret_grant SET expire_time_ms = 1`, [`secret ${PROJECT}/open: its grants have been changed`]],
    [
      `UPDATE kms_key SET description = 'x' WHERE id = 'key-2'`,
      [`key ${PROJECT}/key-2: its row has been changed`],
    ],
    [
      `UPDATE kms_key_alias SET update_time_ms = 1 WHERE alias = 'second'`,
      [`key ${PROJECT}/key-2: its row has been changed`],
    ],
    [
      `UPDATE kms_key_tag SET position = 5 WHERE tag_key = 'team'`,
      [`key ${PROJECT}/key-2: its row has been changed`],
    ],
    [
      `DELETE FROM kms_key_version WHERE key_id = 'key-4' AND number = 2`,
      [`key ${PROJECT}/key-4: its row has been changed`],
    ],
    [`UPDATE event SET types = '[]'`, [`event ${PROJECT}/alarm: its row has been changed`]],
    [
      `UPDATE checker_config SET project_id = CAST(x'ff' AS TEXT)`,
      ['checker configuration of project \ufffd: its row has been changed'],
    ],
    [
      `UPDATE notification SET content = 'x' WHERE id LIKE '%.1.%'`,
      [`notification ${PROJECT}-open.1.SECRET_VERSION_CREATED: its row has been changed`],
    ],
    [`UPDATE task SET attempts = 1`, [`task ${PROJECT}-rotation: its row has been changed`]],
    [
      `UPDATE checker_config SET checks_strength = 0`,
      [`checker configuration of project ${PROJECT}: its row has been changed`],
    ],
    [
      `UPDATE kms_key_destroyed SET destroy_time_ms = 1`,
      [`destroyed key ${PROJECT}/key-3: its row has been changed`],
    ],
    [`UPDATE signing_key SET create_time_ms = 1`, ['the signing key: its row has been changed']],
    [`UPDATE clock SET hold_passed_ms = 1`, ['the last time seen: its row has been changed']],
  ];
  it.each(changes)('stay damaged where they were: %s', (statement, findings) => {
    take(UNNAMED);
    const isOfProject = !/ (?:signing_key|clock|kms_key_destroyed) /.test(statement);
    tamper(directory, (db) => {
      const [, table = ''] = /(?:UPDATE|FROM) (\w+)/.exec(statement)!;
      const columns = db
        .prepare<[string], string>('SELECT name FROM pragma_table_info(?)')
        .pluck()
        .all(table);
      const rows = `(SELECT row FROM secret WHERE project_id = '${PROJECT}' AND name = 'open')`;
      const whose = columns.includes('secret_row') ? `secret_row = ${rows}` : `project_id = '${PROJECT}'`;
      const where = isOfProject ? `${statement.includes('WHERE') ? ' AND' : ' WHERE'} ${whose}` : '';
      expect(db.prepare(statement + where).run().changes).toBeGreaterThan(0);
    });
    start();
    const found = verify().findings;
    // What a damaged key or secret cannot open is found as well.
    expect(found.filter((finding) => !finding.startsWith('version '))).toEqual(findings);
  });

  it('are refused, and left as they were, when the record of the installation was changed', () => {
    take(UNNAMED);
    tamper(directory, (db) => db.exec('UPDATE installation SET create_time_ms = 1'));
    const before = signed();
    expect(start).toThrow(/record of its installation has been changed/);
    expect(signed()).toEqual(before);
  });

  it('are not signed a second time, when someone says that they are old', () => {
    take(UNNAMED);
    const old = tamper(directory, (db) => db.prepare('SELECT row_mac FROM clock').pluck().get());
    start();
    tamper(directory, (db) => {
      db.prepare('UPDATE clock SET row_mac = ?').run(old);
      db.exec('DROP TABLE row_sums; DROP TABLE revoked_token');
      db.pragma('user_version = 12');
    });
    expect(start).toThrow(/record of its installation has been changed/);
  });

  it('are as they were when the signing ends in the middle, wherever that is', () => {
    take(UNNAMED);
    const rootKey = loadRootKey(
      { kind: 'file', path: ROOT_KEY },
      {
        dataDirectory: directory,
        env: {},
        allowEnv: false,
        allowInsideData: false,
        stretching: undefined,
        isNew: false,
      },
    );
    const mac = createRowMac(rootKey.derive('rowmac'));
    const open = openDirectory(directory, MIGRATIONS);
    const before = signed();
    for (let signatures = 0; signatures < 30; signatures += 1) {
      let left = signatures;
      const sign = (text: string) => {
        if (left === 0) throw new Error('the power went');
        left -= 1;
        return mac.sign(text);
      };
      expect(() => open.requireIntact({ ...mac, sign })).toThrow('the power went');
      expect(signed()).toEqual(before);
    }
    open.release();
    start();
    expect(verify().findings).toEqual([]);
  });
});
