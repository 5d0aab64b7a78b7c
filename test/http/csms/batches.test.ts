import { describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, INVALID, ok, problem } from '../calls.ts';

const server = shareServer();
const acme = callsOf(server);
const beta = callsOf(server, ADMIN, BETA);
const current = async (name: string) => ok(await acme.get(`/${name}/versions/latest`)).version;

describe('BatchImportSecrets', () => {
  const load = (secrets: unknown) => acme.post('/batch-import', { secrets });

  it('creates each secret as CreateSecret does', async () => {
    const full = {
      name: 'full',
      secret_binary: 'AAEC',
      description: 'für alle',
      secret_type: 'RDS-FG',
      rotation_config: '{"InstanceId":"i"}',
      enterprise_project_id: 'eps-7',
    };
    const answer = await load([{ name: 'first', secret_string: 'one' }, full]);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ total: 2, success: 2, failed: 0, error_list: [] });
    expect((await current('first')).secret_string).toBe('one');
    expect((await current('full')).secret_binary).toBe('AAEC');
    const { secret_binary, ...fields } = full;
    expect(secret_binary).toBe('AAEC');
    expect(ok(await acme.get('/full')).secret).toMatchObject(fields);
    expect(ok(await acme.get('/first')).secret.enterprise_project_id).toBe('0');
  });

  it('says of each refused one what CreateSecret would have said, and creates the others', async () => {
    await acme.create('taken');
    const refused = [
      { name: 'taken', secret_string: 'x' },
      { name: 'a/b', secret_string: 'x' },
      { name: '..', secret_string: 'x' },
      { name: 'no-value' },
      { name: 'both', secret_string: 'x', secret_binary: 'AAEC' },
      { name: 'big', secret_string: 'x'.repeat(65_537) },
      { name: 'typed', secret_string: 7 },
      { name: 'keyed', secret_string: 'x', kms_key_id: 'no-such-key' },
      { secret_string: 'x' },
      { name: 7, secret_string: 'x' },
      {},
    ];
    const alone = await Promise.all(refused.map((secret) => acme.post('', secret)));
    const { error_list, ...counts } = ok(
      await load([{ name: 'before', secret_string: 'x' }, ...refused, { name: 'after', secret_string: 'x' }]),
    );
    expect(counts).toEqual({ total: 13, success: 2, failed: 11 });
    expect(error_list).toEqual(
      refused.map(({ name }, index) => ({
        name: typeof name === 'string' ? name : '',
        error_msg: alone[index]?.json.error_msg,
      })),
    );
    for (const name of ['before', 'after']) expect((await current(name)).secret_string).toBe('x');
    expect((await acme.get('/big')).status).toBe(404);
  });

  it('refuses a value of millions of characters like any other that is too long', async () => {
    const answer = await load([
      { name: 'huge', secret_binary: `${'A'.repeat(7_900_000)}*` },
      { name: 'after-huge', secret_string: 'x' },
    ]);
    expect(answer.json).toMatchObject({ total: 2, success: 1, failed: 1 });
  });

  it('takes the first of two secrets of one name', async () => {
    const answer = await load([
      { name: 'twice', secret_string: 'one' },
      { name: 'twice', secret_string: 'two' },
    ]);
    expect(answer.json).toEqual({
      total: 2,
      success: 1,
      failed: 1,
      error_list: [{ name: 'twice', error_msg: 'The secret name already exists.' }],
    });
    expect((await current('twice')).secret_string).toBe('one');
  });

  it('shows 64 characters of a name, and never a value', async () => {
    const answer = await load([
      { name: 'n'.repeat(500), secret_string: 'canary', secret_binary: 'canary==' },
    ]);
    expect(answer.json.error_list[0].name).toBe('n'.repeat(64));
    expect(answer.text).not.toContain('canary');
  });

  it('has room for 8 MiB, of which CreateSecret takes no more than 512 KiB', async () => {
    const secrets = Array.from({ length: 100 }, (_, n) => ({
      name: `large-${n}`,
      secret_string: 'x'.repeat(65_536),
    }));
    expect(ok(await load(secrets))).toMatchObject({ total: 100, success: 100 });
    const padded = (bytes: number) => '{"secrets":[],"pad":"'.padEnd(bytes - 2, 'x').concat('"}');
    expect((await acme.post('/batch-import', padded(8_388_608))).status).toBe(200);
    expect(problem(await acme.post('/batch-import', padded(8_388_609)))).toEqual([413, 'APIGW.0201']);
    expect(problem(await acme.post('/batch-delete', padded(600_000)))).toEqual([413, 'APIGW.0201']);
  });

  it('takes 1,000 secrets and no more, and none', async () => {
    const many = (count: number) => Array.from({ length: count }, () => ({ name: '..', secret_string: 'x' }));
    expect(ok(await load(many(1_000)))).toMatchObject({ total: 1_000, success: 0, failed: 1_000 });
    expect(problem(await load(many(1_001)))).toEqual(INVALID);
    expect(ok(await load([]))).toEqual({ total: 0, success: 0, failed: 0, error_list: [] });
  });

  it('stops at the quota of the project and says so', async () => {
    const small = await startTestServer({ env: { CSMS_LIMITS: 'secrets=2' } });
    const calls = callsOf(small);
    const secrets = ['a', 'b', 'c'].map((name) => ({ name, secret_string: 'x' }));
    const answer = ok(await calls.post('/batch-import', { secrets }));
    await small.close();
    expect(answer).toMatchObject({ success: 2, failed: 1 });
    expect(answer.error_list[0]).toMatchObject({ name: 'c', error_msg: expect.stringContaining('limit') });
  });
});

describe('BatchDeleteSecrets', () => {
  const rotated = (name: string, instance: string, secret_type = 'RDS-FG') =>
    beta.create(name, {
      secret_string: 'x',
      secret_type,
      rotation_config: JSON.stringify({ InstanceId: instance }),
    });
  const remove = (body: object) => beta.post('/batch-delete', body);

  it('deletes the secrets of the instance, and no others', async () => {
    await rotated('rds-1', 'i-1');
    await rotated('rds-2', 'i-1');
    await rotated('gauss', 'i-1', 'GaussDB-FG');
    await rotated('other', 'i-2');
    await beta.create('plain');
    await beta.create('broken', { secret_string: 'x', secret_type: 'RDS-FG', rotation_config: 'i-1' });
    const total = (success_secrets: string[]) => ({
      total: success_secrets.length,
      success_secrets,
      failed_secrets: [],
    });
    expect(ok(await remove({ instance_id: 'i-1', instance_type: 'APIG' }))).toEqual(total([]));
    expect(ok(await remove({ instance_id: 'i', instance_type: null }))).toEqual(total([]));
    expect(ok(await remove({ instance_id: 'i-1', instance_type: 'RDS' }))).toEqual(total(['rds-1', 'rds-2']));
    expect(ok(await remove({ instance_id: 'i-1', instance_type: 'GaussDB' }))).toEqual(total(['gauss']));
    await rotated('taurus', 'i-1', 'GaussDB-FG');
    expect(ok(await remove({ instance_id: 'i-1', instance_type: 'TaurusDB' }))).toEqual(total(['taurus']));
    const left = ok(await beta.get('')).secrets.map(({ name }: { name: string }) => name);
    expect(left).toEqual(['broken', 'other', 'plain']);
    expect(ok(await remove({ instance_id: 'i-2' }))).toEqual(total(['other']));
  });
});

describe('BatchShowSecretVersion', () => {
  const read = (...secret_name_list: unknown[]) => acme.post('/batch-get-secret-value', { secret_name_list });

  it('shows the current values as ShowSecretVersion does, in the order of the names', async () => {
    const text = 'text "quoted" \\ é漢🔑 \n';
    await acme.create('text', { secret_string: text });
    await acme.create('binary', { secret_binary: 'AAEC/w==' });
    await acme.addVersion('binary', { secret_binary: 'AQ==' });
    const answer = await read('text', 'binary', 'text');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      total_count: 2,
      versions: [await current('text'), await current('binary')],
      error_list: [],
    });
    expect(answer.json.versions[0].secret_string).toBe(text);
    expect(answer.json.versions[1].version_metadata).toMatchObject({ id: 'v2', secret_name: 'binary' });
  });

  it('says of each that cannot be read why, and shows the others', async () => {
    await acme.create('closed');
    await acme.create('open');
    ok(await acme.post('/closed/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    const alone = await Promise.all(['absent', 'closed'].map((name) => acme.get(`/${name}/versions/latest`)));
    const { error_list, ...rest } = ok(await read('absent', 'open', 'closed'));
    expect(rest).toEqual({ total_count: 1, versions: [await current('open')] });
    expect(error_list).toEqual([
      { name: 'absent', error_msg: alone[0]?.json.error_msg },
      { name: 'closed', error_msg: alone[1]?.json.error_msg },
    ]);
    expect(ok(await read('absent'))).toMatchObject({ total_count: 0, versions: [] });
  });

  it('reads 100 values of any size, and no more', async () => {
    const names = Array.from({ length: 100 }, (_, n) => `big-${n}`);
    const value = '\u0001'.repeat(65_536);
    for (const name of names) await acme.create(name, { secret_string: name === 'big-7' ? 'small' : value });
    const { versions } = ok(await read(...names));
    expect(versions).toHaveLength(100);
    expect(versions[7].secret_string).toBe('small');
    expect(versions[99].secret_string === value).toBe(true);
    expect(problem(await read(...names, 'one-more'))).toEqual(INVALID);
  });

  it('stays in its project', async () => {
    await acme.create('mine');
    const answer = await beta.post('/batch-get-secret-value', { secret_name_list: ['mine'] });
    expect(ok(answer)).toMatchObject({ total_count: 0, error_list: [{ name: 'mine' }] });
  });

  it('does not take the lack of names for all of them', async () => {
    expect(problem(await acme.post('/batch-get-secret-value', {}))).toEqual(INVALID);
  });
});
