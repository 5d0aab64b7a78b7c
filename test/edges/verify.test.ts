import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createXaesKey, sealXaes } from '../../src/crypto/aead.ts';
import { encodeContext, formatHeader } from '../../src/crypto/envelope.ts';
import { createRootKey } from '../../src/crypto/root-key.ts';
import { createClient, createSecret, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, run, shareDev, startDev } from '../e2e/process.ts';

// The server of this file has written and stopped before the first test; each test damages a copy of what it left.
const dev = shareDev();
let projectId = '';

beforeAll(async () => {
  const account = devAccount(dev.directory, dev.server.baseUrl);
  ({ projectId } = account);
  const client = createClient(account);
  const userId = /- id: ([0-9a-f]{32})\n\s+name: admin/.exec(
    readFileSync(join(dev.directory, 'identities.yaml'), 'utf8'),
  )?.[1];
  for (const name of ['alpha', 'beta']) {
    await createSecret(client, name);
    await client('POST', `${SECRETS}/${name}/versions`, { secret_string: `second of ${name}` });
    await client('POST', `${SECRETS}/${name}/stages`, { name: 'blue', version_id: 'v1' });
    const { body } = await client('GET', `${SECRETS}/${name}`);
    const csms = '/v1/{project_id}/csms';
    await client('POST', `${csms}/${body.secret.id}/tags`, { tag: { key: 'team', value: 'a' } });
    const grantee = { grantee_type: '0', grantee_target_id: userId };
    await client('POST', `${csms}/grants`, { resource_id: body.secret.id, type: 'SECRET', ...grantee });
  }
  const topic = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
  const event = { name: 'alarm', event_types: ['SECRET_DELETED'], state: 'ENABLED', notification: topic };
  await client('POST', '/v1/{project_id}/csms/events', event);
  const rotated = { secret_type: 'RDS-FG', rotation_config: '{}' };
  const told = { name: 'told', secret_string: 'x', event_subscriptions: ['alarm'], ...rotated };
  await client('POST', SECRETS, told);
  await client('POST', `${SECRETS}/told/rotate`);
  await client('DELETE', `${SECRETS}/told`);
  await fetch(`${dev.server.baseUrl}/smn/certificate.pem`);
  // The clock has a row once its job has run.
  const records = async () =>
    (await client('GET', '/v1/{project_id}/csms/notification-records')).body.records;
  await vi.waitUntil(async () => (await records()).length === 1, { timeout: 60_000 });
  await client('POST', `${SECRETS}/checker/config`, { checking_secret_strength: true });
  await dev.server.stop();
});

/** A copy of the data, changed by these statements; each must hit something. */
function damaged(...statements: string[]): string {
  const directory = createScratch();
  for (const name of ['csms.db', 'root.key']) copyFileSync(join(dev.directory, name), join(directory, name));
  const db = new Database(join(directory, 'csms.db'));
  db.pragma('foreign_keys = OFF');
  db.function('flip', (bytes) => {
    const copy = Buffer.from(bytes as Buffer);
    copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
    return copy;
  });
  for (const statement of statements) expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
  db.close();
  return directory;
}

const SHARD = /^shard \d+ of 64: one of its rows is missing, or is not the one that was written last$/;

/** What is said of the rows themselves, and how many shards have others than were written last. */
async function findings(directory: string) {
  const { code, stdout } = await run(['verify', '--json'], { CSMS_DATA: directory });
  const all: string[] = JSON.parse(stdout).findings;
  const lines = all.filter((line) => !SHARD.test(line));
  return { code, lines, shards: all.length - lines.length };
}

const ALPHA = "(SELECT row FROM secret WHERE name = 'alpha')";
const VERSION = (name: string, number: number) =>
  `(SELECT v.row FROM version v JOIN secret s ON s.row = v.secret_row WHERE s.name = '${name}' AND v.number = ${number})`;

/** The canary of a database from before its record was signed, as a backup from that time still has it. */
function unsignedCanary(directory: string): Buffer {
  const rootKey = createRootKey(Buffer.from(readFileSync(join(directory, 'root.key'), 'utf8'), 'base64'));
  const db = new Database(join(directory, 'csms.db'), { readonly: true });
  const id = db.prepare<[], string>('SELECT id FROM installation').pluck().get() ?? '';
  db.close();
  return sealXaes(createXaesKey(rootKey.derive('check')), {
    header: formatHeader('CSN'),
    context: encodeContext('canary', [id]),
    plaintext: Buffer.from('csms canary 1'),
  });
}

it('verify ends with 1 when someone has put the canary of an old backup in, which needs no signature', async () => {
  const canary = `x'${unsignedCanary(dev.directory).toString('hex')}'`;
  const { code, lines } = await findings(
    damaged(`UPDATE installation SET canary = ${canary}, row_mac = NULL, create_time_ms = 1`),
  );
  expect(code).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^the installation: its row is not signed/)]);
});

describe('verify of good data', () => {
  it('ends with 0 and counts what it has checked', async () => {
    const { code, stdout } = await run(['verify'], { CSMS_DATA: dev.directory });
    expect(code).toBe(0);
    expect(stdout).toBe('checked 2 secrets, 4 versions, 1 keys: all good\n');
  });

  it('says so in JSON', async () => {
    const { code, stdout } = await run(['verify', '--json'], { CSMS_DATA: dev.directory });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ secrets: 2, versions: 4, unreadable: 0, keys: 1, findings: [] });
  });

  it.each([
    ['', []],
    [' and leaves the log of an unclean stop to the server', ["UPDATE project SET id = 'x'"]],
  ])('changes no file and leaves none behind%s', async (_, statements) => {
    const directory = damaged();
    const db = new Database(join(directory, 'csms.db'));
    for (const statement of statements) db.exec(statement);
    const crashed = createScratch();
    for (const name of readdirSync(directory)) {
      if (!name.endsWith('-shm')) copyFileSync(join(directory, name), join(crashed, name));
    }
    db.close();
    const before = contentsOf(crashed);
    expect((await run(['verify'], { CSMS_DATA: crashed })).code).toBe(statements.length === 0 ? 0 : 1);
    expect(contentsOf(crashed)).toEqual(before);
  });

  function contentsOf(directory: string): Record<string, string> {
    const names = readdirSync(directory).filter((name) => name !== 'instance.lock');
    return Object.fromEntries(
      names.map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
    );
  }
});

/** What verify says of a row, as a pattern with the project in the place of {p}, and the changes that it says it of. */
const CHANGED: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  'secret {p}/alpha: its rows have been changed': [
    "UPDATE secret SET description = 'x' WHERE name = 'alpha'",
    "UPDATE secret SET state = 'DISABLED' WHERE name = 'alpha'",
    "UPDATE secret SET revision = revision - 1 WHERE name = 'alpha'",
    "UPDATE secret SET row_mac = flip(row_mac) WHERE name = 'alpha'",
    `UPDATE version SET expire_time_ms = 1 WHERE secret_row = ${ALPHA} AND number = 1`,
    `UPDATE version SET number = 9 WHERE secret_row = ${ALPHA} AND number = 1`,
    `UPDATE version SET kind = 'binary' WHERE secret_row = ${ALPHA} AND number = 1`,
    `UPDATE stage SET version_number = 2 WHERE secret_row = ${ALPHA} AND name = 'blue'`,
    `UPDATE stage SET name = 'red' WHERE secret_row = ${ALPHA} AND name = 'blue'`,
    `DELETE FROM stage WHERE secret_row = ${ALPHA} AND name = 'blue'`,
    `UPDATE secret_tag SET value = 'b' WHERE secret_row = ${ALPHA}`,
    `UPDATE secret_tag SET project_id = 'x' WHERE secret_row = ${ALPHA}`,
    `DELETE FROM secret_tag WHERE secret_row = ${ALPHA}`,
    `DELETE FROM version WHERE secret_row = ${ALPHA} AND number = 1`,
  ],
  'version {p}/alpha/v1: its value does not open': [
    `UPDATE version_body SET body = flip(body) WHERE version_row = ${VERSION('alpha', 1)}`,
    `UPDATE version_body SET body = substr(body, 2) WHERE version_row = ${VERSION('alpha', 1)}`,
    `UPDATE version_key SET wrapped = flip(wrapped) WHERE version_row = ${VERSION('alpha', 1)}`,
    `DELETE FROM version_body WHERE version_row = ${VERSION('alpha', 1)}`,
    [
      `UPDATE version_body SET body = (SELECT body FROM version_body WHERE version_row = ${VERSION('beta', 1)}) WHERE version_row = ${VERSION('alpha', 1)}`,
      `UPDATE version_key SET wrapped = (SELECT wrapped FROM version_key WHERE version_row = ${VERSION('beta', 1)}) WHERE version_row = ${VERSION('alpha', 1)}`,
    ],
  ],
  'key {p}/\\S+: .*': [
    "UPDATE kms_key SET state = 'DISABLED'",
    "UPDATE kms_key SET alias = 'other'",
    'UPDATE kms_key_version SET wrapped = flip(wrapped)',
  ],
  'event {p}/alarm: its row has been changed': ["UPDATE event SET state = 'DISABLED'"],
  'notification \\S+: its row has been changed': ["UPDATE notification SET content = '{}'"],
  'task \\S+: its row has been changed': ['UPDATE task SET attempts = attempts + 1'],
  'the last time seen: its row has been changed': ['DELETE FROM clock', 'UPDATE clock SET seen_ms = 0'],
  'the signing key: its row has been changed': [
    'DELETE FROM signing_key',
    "UPDATE signing_key SET certificate_pem = 'x'",
  ],
  'the installation: its row has been changed': [
    'UPDATE installation SET create_time_ms = create_time_ms + 1',
    "UPDATE installation SET root_key_stretching = 'x'",
    "UPDATE installation SET roll = '[]'",
    'UPDATE installation SET row_mac = NULL',
  ],
  'checker configuration of project {p}: its row has been changed': [
    'UPDATE checker_config SET checks_strength = 0',
    'UPDATE checker_config SET update_time_ms = update_time_ms + 1',
    'UPDATE checker_config SET revision = 2',
    'UPDATE checker_config SET row_mac = flip(row_mac)',
  ],
  'secret {p}/alpha: its grants have been changed': [
    `UPDATE secret_grant SET grantee_id = 'eve' WHERE secret_row = ${ALPHA}`,
    `UPDATE secret_grant SET expire_time_ms = 1 WHERE secret_row = ${ALPHA}`,
    `UPDATE secret_grant SET row_mac = flip(row_mac) WHERE secret_row = ${ALPHA}`,
  ],
};

describe('verify ends with 1 and names what someone has changed:', () => {
  const cases = Object.entries(CHANGED).flatMap(([finding, changes]) =>
    changes.map((change) => ({ finding, statements: [change].flat() })),
  );

  it.each(cases)('$finding, by $statements.0', async ({ finding, statements }) => {
    const { code, lines } = await findings(damaged(...statements));
    expect(code).toBe(1);
    const pattern = new RegExp(`^${finding.replace('{p}', projectId)}$`);
    expect(lines.filter((line) => pattern.test(line))).toHaveLength(1);
    // What hangs on the rows of a secret or on a key may be named beside it.
    if (!/rows|^key/.test(finding)) expect(lines).toHaveLength(1);
    if (!finding.startsWith('key')) expect(lines.join('\n')).not.toContain('/beta');
  });
});

describe('verify ends with 1 when', () => {
  it('a secret is gone', async () => {
    const gone = ['stage', 'version'].map((table) => `DELETE FROM ${table} WHERE secret_row = ${ALPHA}`);
    const { code, lines } = await findings(damaged(...gone, "DELETE FROM secret WHERE name = 'alpha'"));
    expect(code).toBe(1);
    expect(lines).toContain(`the count of secrets of project ${projectId} is wrong`);
  });

  it('a secret has another name, and names it by that', async () => {
    const { code, lines } = await findings(damaged("UPDATE secret SET name = 'gamma' WHERE name = 'alpha'"));
    expect(code).toBe(1);
    expect(lines).toEqual([`secret ${projectId}/gamma: its rows have been changed`]);
  });

  it('several rows are damaged, and names each', async () => {
    const statements = ['alpha', 'beta'].map(
      (name) => `UPDATE version_body SET body = flip(body) WHERE version_row = ${VERSION(name, 2)}`,
    );
    const { lines } = await findings(damaged(...statements));
    expect(lines).toEqual(
      ['alpha', 'beta'].map((name) => `version ${projectId}/${name}/v2: its value does not open`),
    );
  });
});

describe('verify ends with 1 and says how many shards have other rows than were written last', () => {
  const gone = ['stage', 'secret_tag', 'version'].map(
    (table) => `DELETE FROM ${table} WHERE secret_row = ${ALPHA}`,
  );
  it.each<[string, string[]]>([
    ['a grant is gone', [`DELETE FROM secret_grant WHERE secret_row = ${ALPHA}`]],
    ['an event is gone', ["DELETE FROM event WHERE name = 'alarm'"]],
    ['a choice is gone', ['DELETE FROM checker_config']],
    ['a task is gone', ['DELETE FROM task']],
    [
      'a secret is gone, and the count knows',
      [
        `DELETE FROM secret_grant WHERE secret_row = ${ALPHA}`,
        ...['key', 'body'].map(
          (part) =>
            `DELETE FROM version_${part} WHERE version_row IN (SELECT row FROM version WHERE secret_row = ${ALPHA})`,
        ),
        ...gone,
        "DELETE FROM secret WHERE name = 'alpha'",
        'UPDATE project SET secret_count = secret_count - 1',
      ],
    ],
  ])('%s', async (_, statements) => {
    const { code, lines, shards } = await findings(damaged(...statements));
    expect({ code, lines }).toEqual({ code: 1, lines: [] });
    expect(shards).toBeGreaterThanOrEqual(1);
  });

  it('and the start says so and serves', async () => {
    const directory = damaged("DELETE FROM event WHERE name = 'alarm'");
    const server = await startDev(directory);
    await server.stop();
    expect(server.stderr()).toContain('run csms-server verify');
    expect((await findings(directory)).shards).toBe(1);
  });

  it('and names the row beside an older copy, until an operator accepts it', async () => {
    const directory = damaged("DELETE FROM event WHERE name = 'alarm'");
    const verify = (...flags: string[]) => run(['verify', ...flags], { CSMS_DATA: directory });
    const row = `event ${projectId}/alarm: it is not as it was written last, as the older copy has it`;
    const named = await verify('--older', damaged());
    expect(named.code).toBe(1);
    expect(named.stdout.split('\n').slice(0, 2)).toEqual([expect.stringMatching(SHARD), row]);
    expect((await findings(directory)).shards).toBe(1);
    const accepted = await verify('--accept', '--older', damaged());
    expect(accepted.code).toBe(0);
    expect(accepted.stdout).toContain(`accepted: ${row}\n`);
    expect(JSON.parse(accepted.stderr)).toMatchObject({ accepted: [expect.stringMatching(SHARD), row] });
    expect(await findings(directory)).toEqual({ code: 0, lines: [], shards: 0 });
    const another = damaged("UPDATE installation SET id = 'another'");
    expect((await verify('--older', another)).code).toBe(78);
  });

  it('and that the sums are gone, without which nothing starts', async () => {
    const directory = damaged('DELETE FROM row_sums');
    const { code, lines } = await findings(directory);
    expect({ code, lines }).toEqual({
      code: 1,
      lines: ['the sums over all rows: they are missing or have been changed'],
    });
    const { code: exit, stderr } = await run(['dev'], { CSMS_DATA: directory, CSMS_PORT: '0' });
    expect(exit).toBe(74);
    expect(stderr).toContain('sums over its rows');
  });
});

describe('verify names what was changed in the schema', () => {
  it.each([
    [
      'CREATE TRIGGER keeper BEFORE DELETE ON version_body BEGIN SELECT 1; END',
      ['the schema was changed: trigger keeper does not belong there'],
    ],
    ['DROP INDEX secret_due', ['the schema was changed: index secret_due is missing']],
    [
      'ALTER TABLE clock ADD COLUMN more TEXT',
      ['the schema was changed: table clock is another one', 'nothing else was checked'],
    ],
  ])('%s', async (statement, lines) => {
    const directory = damaged();
    const db = new Database(join(directory, 'csms.db'));
    db.exec(statement);
    db.close();
    expect(await findings(directory)).toEqual({ code: 1, lines, shards: 0 });
    const { code, stderr } = await run(['dev'], { CSMS_DATA: directory, CSMS_PORT: '0' });
    expect(code).toBe(74);
    expect(stderr).toContain('schema was changed');
  });
});

describe('verify does not start', () => {
  it.each(['', 'missing'])('where there is no data, and makes none: %s', async (name) => {
    const directory = join(createScratch(), name);
    const { code, stderr } = await run(['verify'], { CSMS_DATA: directory });
    expect(code).toBe(78);
    expect(stderr).toContain('there is no database');
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  });

  it('on a database of an older release, which it does not bring up', async () => {
    const directory = createScratch();
    for (const name of ['csms.db', 'root.key'])
      copyFileSync(join(dev.directory, name), join(directory, name));
    const db = new Database(join(directory, 'csms.db'));
    db.pragma('user_version = 6');
    db.close();
    const { code, stderr } = await run(['verify'], { CSMS_DATA: directory });
    expect(code).toBe(78);
    expect(stderr).toContain('start the server once');
  });
});

describe('a server that starts on damaged data', () => {
  it('does not start when no value opens', async () => {
    const directory = damaged('UPDATE version_body SET body = flip(body)');
    const { code, stderr } = await run(['dev'], { CSMS_DATA: directory, CSMS_PORT: '0' });
    expect(code).toBe(74);
    expect(stderr).toContain('no stored value opens; run csms-server verify');
  });

  it('starts when some open, and says in its log that others do not', async () => {
    const one = `UPDATE version_body SET body = flip(body) WHERE version_row = ${VERSION('alpha', 1)}`;
    const server = await startDev(damaged(one));
    expect(await server.stop()).toBe(0);
    expect(server.stderr()).toContain('"opened":3,"damaged":1');
  });
});
