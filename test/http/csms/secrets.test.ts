import { describe, expect, it } from 'vitest';
import { GAMMA, OUTSIDER, shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, INVALID, NO_SECRET, ok, PENDING, problem, UUID } from '../calls.ts';

const server = shareServer({ env: { CSMS_LIMITS: 'secrets=400' } });
const acme = callsOf(server);

describe('CreateSecret', () => {
  it('returns every field of the secret, null where nothing is set', async () => {
    const before = Date.now();
    const answer = await acme.post('', { name: 'plain', secret_string: 'x' });
    const after = Date.now();
    expect(answer.status).toBe(200);
    const { id, kms_key_id, create_time, update_time, ...rest } = answer.json.secret;
    expect(Object.keys(answer.json)).toEqual(['secret']);
    expect(id).toMatch(UUID);
    expect(kms_key_id).toMatch(UUID);
    expect(create_time).toBeGreaterThanOrEqual(before);
    expect(create_time).toBeLessThanOrEqual(after);
    expect(update_time).toBe(create_time);
    expect(rest).toEqual({
      name: 'plain',
      state: 'ENABLED',
      description: '',
      scheduled_delete_time: null,
      secret_type: 'COMMON',
      auto_rotation: false,
      rotation_period: null,
      rotation_config: null,
      rotation_time: null,
      next_rotation_time: null,
      rotation_func_urn: null,
      event_subscriptions: [],
      enterprise_project_id: '0',
    });
  });

  it('keeps every field that the creator gives', async () => {
    const given = {
      name: 'a.full_one-2',
      description: 'line\n"quoted" \\ é 漢 🔑 \u2028',
      secret_type: 'RDS-FG',
      auto_rotation: true,
      rotation_period: '30d',
      rotation_config: '{"InstanceId":"i","SecretSubType":"SingleUser"}',
      rotation_func_urn: 'urn:fss:local-1:p:function:default:rotate',
      event_subscriptions: [],
      enterprise_project_id: 'eps-7',
    };
    const created = ok(await acme.post('', { ...given, secret_binary: 'AAEC' })).secret;
    expect(created).toMatchObject(given);
    expect(created.rotation_time).toBeNull();
    expect(created.next_rotation_time).toBe(created.create_time + 30 * 86_400_000);
    expect(ok(await acme.get('/a.full_one-2'))).toEqual({ secret: created });
  });

  it('takes null for everything optional, and ignores unknown fields', async () => {
    const body = {
      name: 'nulls',
      kms_key_id: null,
      description: null,
      secret_binary: null,
      secret_string: 'x',
      secret_type: null,
      auto_rotation: null,
      rotation_period: null,
      rotation_config: null,
      rotation_func_urn: null,
      event_subscriptions: null,
      enterprise_project_id: null,
      tags: [{ key: 'k', value: 'v' }],
      state: 'FROZEN',
    };
    const { description, state, secret_type } = ok(await acme.post('', body)).secret;
    expect([description, state, secret_type]).toEqual(['', 'ENABLED', 'COMMON']);
  });

  it.each([
    ['both values', { name: 'n', secret_string: 'x', secret_binary: 'AAEC' }],
    ['the name ..', { name: '..', secret_string: 'x' }],
    [
      'rotation of a COMMON secret',
      { name: 'n', secret_string: 'x', auto_rotation: true, rotation_period: '1d' },
    ],
    ['a rotated type without configuration', { name: 'n', secret_string: 'x', secret_type: 'GaussDB-FG' }],
    ['a description of 2,049 bytes', { name: 'n', secret_string: 'x', description: `${'é'.repeat(1_024)}x` }],
  ])('refuses %s', async (_, body) => {
    expect(problem(await acme.post('', body))).toEqual(INVALID);
    expect(problem(await acme.get('/n'))).toEqual(NO_SECRET);
  });

  it('takes what is just within the limits', async () => {
    const name = 'n'.repeat(64);
    const body = {
      name,
      secret_string: 'v'.repeat(65_536),
      description: 'é'.repeat(1_024),
      rotation_period: '6h',
    };
    expect(ok(await acme.post('', body)).secret.description).toBe(body.description);
  });

  it('counts a value in bytes: 65,536 of UTF-8 or decoded, and no more', async () => {
    const binary = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
    ok(await acme.post('', { name: 'max-text', secret_string: `${'漢'.repeat(21_845)}x` }));
    ok(await acme.post('', { name: 'max-binary', secret_binary: binary(65_536) }));
    expect(problem(await acme.post('', { name: 'n', secret_string: '漢'.repeat(21_846) }))).toEqual(INVALID);
    expect(problem(await acme.post('', { name: 'n', secret_binary: binary(65_537) }))).toEqual(INVALID);
  });

  it('refuses a name that is taken, in another case does not', async () => {
    await acme.create('taken');
    expect(problem(await acme.post('', { name: 'taken', secret_string: 'y' }))).toEqual([409, 'CSMS.0101']);
    await acme.create('TAKEN');
    const answer = await acme.post('', { name: 'taken', secret_string: 'y' });
    expect(answer.json).toEqual({ error_code: 'CSMS.0101', error_msg: 'The secret name already exists.' });
  });

  it('refuses one secret more than the project may have', async () => {
    const limited = await startTestServer({ env: { CSMS_LIMITS: 'secrets=2' } });
    const calls = callsOf(limited);
    const outsider = callsOf(limited, OUTSIDER, GAMMA);
    await calls.create('one');
    await calls.create('two');
    const refused = await calls.post('', { name: 'three', secret_string: 'x' });
    await outsider.create('another-project');
    await limited.close();
    expect(problem(refused)).toEqual([400, 'CSMS.0202']);
    expect(refused.json.error_msg).toContain('at most 2 secrets');
  });
});

describe('UpdateSecret', () => {
  it('changes the given fields and update_time, and nothing else', async () => {
    const created = await acme.create('updated', { secret_string: 'x', description: 'old' });
    const answer = await acme.put('/updated', { description: 'new' });
    expect(answer.status).toBe(200);
    const { update_time, ...rest } = answer.json.secret;
    expect(rest).toEqual({ ...created, description: 'new', update_time: undefined });
    expect(update_time).toBeGreaterThanOrEqual(created.update_time);
    expect(ok(await acme.get('/updated')).secret).toEqual(answer.json.secret);
  });

  it('clears the description and the subscriptions with empty ones', async () => {
    await acme.create('cleared', { secret_string: 'x', description: 'old' });
    const { secret } = ok(await acme.put('/cleared', { description: '', event_subscriptions: [] }));
    expect([secret.description, secret.event_subscriptions]).toEqual(['', []]);
  });

  it('leaves everything alone with an empty body object, with nulls and with what cannot be changed', async () => {
    const created = await acme.create('untouched', { secret_string: 'x', description: 'same' });
    expect(ok(await acme.put('/untouched', {})).secret).toEqual(created);
    const fixed = { name: 'other', secret_type: 'RDS-FG', secret_string: 'y', enterprise_project_id: '9' };
    expect(ok(await acme.put('/untouched', { ...fixed, description: null })).secret).toEqual(created);
  });

  it('sets up rotation, and the next one counts from now', async () => {
    const rotated = { secret_type: 'RDS-FG', rotation_config: '{}', secret_string: 'x' };
    await acme.create('rotated', rotated);
    const { secret } = ok(await acme.put('/rotated', { auto_rotation: true, rotation_period: '6h' }));
    expect(secret.next_rotation_time).toBe(secret.update_time + 6 * 3_600_000);
    const off = ok(await acme.put('/rotated', { auto_rotation: false })).secret;
    expect([off.next_rotation_time, off.rotation_period]).toEqual([null, '6h']);
  });

  it('refuses what does not fit the type', async () => {
    await acme.create('common');
    expect(problem(await acme.put('/common', { auto_rotation: true }))).toEqual(INVALID);
    expect(problem(await acme.put('/common', { rotation_period: '1w' }))).toEqual(INVALID);
    expect(problem(await acme.put('/common', { event_subscriptions: ['e'] }))).toEqual(INVALID);
  });

  it('needs a secret that is not waiting for deletion', async () => {
    await acme.create('closed');
    ok(await acme.post('/closed/scheduled-deleted-tasks/create', {}));
    expect(problem(await acme.put('/closed', { description: 'late' }))).toEqual(PENDING);
    expect(problem(await acme.put('/closed', { kms_key_id: 'nobody-made-it' }))).toEqual(PENDING);
  });
});

describe('a key that nobody has made', () => {
  const kms_key_id = '0d0466b0-e727-4d9c-b35d-f84bb474a37f';
  const body = { name: 'with-key', secret_string: 'x', kms_key_id };

  it('is refused by serve, on create and on update', async () => {
    const answer = await acme.post('', body);
    expect(problem(answer)).toEqual([400, 'CSMS.0401']);
    expect(answer.json.error_msg).toContain('There is no such key.');
    await acme.create('keeps-its-key');
    expect(problem(await acme.put('/keeps-its-key', { kms_key_id }))).toEqual([400, 'CSMS.0401']);
  });

  it('is made by dev, with a warning in the log; versions of before keep their key', async () => {
    const dev = await startTestServer({ mode: 'dev' });
    const calls = callsOf(dev);
    const created = await calls.create('with-key', { secret_string: 'x', kms_key_id });
    await calls.put('/with-key', { kms_key_id: 'b'.repeat(32) });
    await calls.addVersion('with-key', { secret_string: 'y' });
    const versions = ok(await calls.get('/with-key/versions')).version_metadatas;
    const values = [await calls.get('/with-key/versions/v1'), await calls.get('/with-key/versions/v2')];
    const warnings = dev.logged().filter(({ level }) => level === 40);
    await dev.close();
    expect(created.kms_key_id).toBe(kms_key_id);
    expect(versions.map((version: { kms_key_id: string }) => version.kms_key_id)).toEqual([
      kms_key_id,
      'b'.repeat(32),
    ]);
    expect(values.map((value) => value.json.version.secret_string)).toEqual(['x', 'y']);
    expect(warnings.map((warning) => warning.kmsKeyId)).toEqual([kms_key_id, 'b'.repeat(32)]);
  });
});
