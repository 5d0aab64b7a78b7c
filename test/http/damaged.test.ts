import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ALPHA, eachServer } from '../support/server.ts';
import { callsOf, ok } from './calls.ts';

const server = eachServer();
const acme = callsOf(server);

/** Changes rows under the running server, which has not read them yet. */
function tamper(statement: string): void {
  const db = new Database(join(server.directory, 'data', 'csms.db'));
  db.exec(statement);
  db.close();
}

const rotated = (name: string) =>
  acme.create(name, {
    secret_string: 'x',
    secret_type: 'RDS-FG',
    rotation_config: JSON.stringify({ InstanceId: 'i-1' }),
  });
const namesOf = (secrets: readonly { name: string }[]) => secrets.map(({ name }) => name);
const OF_CONTENTS =
  'UPDATE stage SET update_time_ms = 1 WHERE secret_row = (SELECT row FROM secret WHERE name = ';

describe('a damaged secret among others', () => {
  it('is named by BatchDeleteSecrets, or deleted when its own row is intact, and the others are deleted', async () => {
    for (const name of ['a', 'b', 'c']) await rotated(name);
    tamper(`UPDATE secret SET description = 'x' WHERE name = 'b'; ${OF_CONTENTS}'c')`);
    const answer = ok(await acme.post('/batch-delete', { instance_id: 'i-1' }));
    expect(answer).toEqual({ total: 3, success_secrets: ['a', 'c'], failed_secrets: ['b'] });
    expect((await acme.remove('/b')).status).toBe(200);
    expect(ok(await acme.get('')).secrets).toEqual([]);
  });

  it('is named by BatchShowSecretVersion, and the others are shown', async () => {
    for (const name of ['a', 'b']) await acme.create(name);
    tamper("UPDATE secret SET description = 'x' WHERE name = 'a'");
    const answer = ok(await acme.post('/batch-get-secret-value', { secret_name_list: ['a', 'b'] }));
    expect(answer.total_count).toBe(1);
    expect(namesOf(answer.error_list)).toEqual(['a']);
  });

  it('keeps BatchImportSecrets from no other name', async () => {
    await acme.create('a');
    tamper("UPDATE secret SET description = 'x' WHERE name = 'a'");
    const secrets = ['a', 'b'].map((name) => ({ name, secret_string: 'x' }));
    const answer = ok(await acme.post('/batch-import', { secrets }));
    expect([answer.success, namesOf(answer.error_list)]).toEqual([1, ['a']]);
  });

  it('is left out of ListSecrets, which is logged once', async () => {
    for (const name of ['a', 'b', 'c']) await acme.create(name);
    tamper("UPDATE secret SET description = 'x' WHERE name = 'a'");
    for (let time = 0; time < 2; time += 1)
      expect(namesOf(ok(await acme.get('')).secrets)).toEqual(['b', 'c']);
    const first = ok(await acme.get('?limit=1'));
    expect([namesOf(first.secrets), first.page_info.next_marker]).toEqual([['b'], 'b']);
    const told = server.logged().filter(({ place }) => place === `secret ${ALPHA}/a`);
    expect(told).toEqual([expect.objectContaining({ msg: expect.stringContaining('verify') })]);
  });

  it('is not scheduled for deletion, and the error says what is left to do', async () => {
    await acme.create('a');
    tamper("UPDATE secret SET row_mac = zeroblob(32) WHERE name = 'a'");
    const body = { recovery_window_in_days: 7 };
    const answer = await acme.post('/a/scheduled-deleted-tasks/create', body);
    expect(answer.status).toBe(500);
    expect(answer.json.error_msg).toContain('deleted at once, with DeleteSecret');
    expect((await acme.remove('/a')).status).toBe(200);
  });
});
