import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, BETA, OUTSIDER, shareServer } from '../../support/server.ts';
import { callsOf, ok, UUID } from '../calls.ts';
import { ABSENT_KEY, kmsCallsOf, refusal } from '../kms-calls.ts';

const server = shareServer({ mode: 'dev' });
const kms = kmsCallsOf(server);
const beta = kmsCallsOf(server, ADMIN, BETA);
const acme = callsOf(server);

describe('CreateKey', () => {
  it('returns the id of a key that is enabled', async () => {
    const before = Date.now();
    const answer = await kms.post('create-key', {
      key_alias: 'orders:prod/db_1',
      key_description: 'für Bestellungen',
      enterprise_project_id: '7',
      key_spec: 'AES_256',
      key_usage: 'ENCRYPT_DECRYPT',
      origin: 'kms',
      keystore_id: '0',
      sequence: ABSENT_KEY,
    });
    const { key_info } = ok(answer);
    expect(answer.status).toBe(200);
    expect(key_info).toEqual({
      key_id: expect.stringMatching(UUID),
      domain_id: ADMIN.domainId,
      region_id: 'local-1',
    });
    const details = await kms.describe(key_info.key_id);
    expect(details).toEqual({
      key_id: key_info.key_id,
      domain_id: ADMIN.domainId,
      key_alias: 'orders:prod/db_1',
      realm: 'local-1',
      key_description: 'für Bestellungen',
      creation_date: expect.stringMatching(/^\d{13}$/),
      scheduled_deletion_date: '',
      key_state: '2',
      default_key_flag: '0',
      key_type: '1',
      expiration_time: '',
      origin: 'kms',
      key_rotation_enabled: 'false',
      sys_enterprise_project_id: '7',
      keystore_id: '0',
      key_spec: 'AES_256',
      key_usage: 'ENCRYPT_DECRYPT',
    });
    expect(Number(details.creation_date)).toBeGreaterThanOrEqual(before);
  });

  it('needs no more than an alias, and may get null for the rest', async () => {
    const id = await kms.create('bare', { key_description: null, key_spec: null, enterprise_project_id: '' });
    expect(await kms.describe(id)).toMatchObject({ key_description: '', sys_enterprise_project_id: '0' });
  });

  it('refuses an alias that a key has, in each spelling, but not in another project', async () => {
    await kms.create('twice');
    for (const key_alias of ['twice', 'alias/twice'])
      expect(refusal(await kms.post('create-key', { key_alias }))).toEqual([400, 'KMS.1104']);
    expect(await beta.create('twice')).toMatch(UUID);
  });

  it.each(['', 'a b', 'é', 'a.b', 'x'.repeat(256), 'x/default', 'csms/default', 'alias/default', 'a\n'])(
    'refuses the alias %j',
    async (key_alias) => {
      const answer = await kms.post('create-key', { key_alias });
      expect(refusal(answer)).toEqual([400, 'KMS.1101']);
      expect(answer.json.error_msg).toContain('key_alias');
    },
  );

  it.each([
    ['key_spec', 'RSA_2048'],
    ['key_spec', 'EC_P256'],
    ['key_spec', 'SM4'],
    ['key_usage', 'SIGN_VERIFY'],
    ['origin', 'external'],
    ['keystore_id', '1'],
  ])(
    'refuses %s %s, which this server does not have, instead of making another key',
    async (field, value) => {
      const answer = await kms.post('create-key', { key_alias: 'unsupported', [field]: value });
      expect(refusal(answer)).toEqual([400, 'KMS.0308']);
      expect(answer.json.error_msg).toContain(`${field} must be`);
      expect(answer.json.error_msg).not.toContain(value === '1' ? 'must be 1' : value);
      expect(refusal(await kms.post('describe-key', { key_id: 'alias/unsupported' }))).toEqual([
        404,
        'KMS.0207',
      ]);
    },
  );
});

describe('ListKeyDetail', () => {
  it('finds a key by its id, by any alias and by the URN of one', async () => {
    const key_id = await kms.create('found');
    ok(await kms.post('aliases', { key_id, alias: 'alias/found-too' }));
    for (const name of [
      key_id,
      'alias/found',
      'alias/found-too',
      `kms:local-1:${ADMIN.domainId}:alias:found-too`,
    ])
      expect((await kms.describe(name)).key_id, name).toBe(key_id);
  });

  it.each([
    ['alias/absent', [404, 'KMS.0207']],
    ['kms:local-1:d:alias:absent', [404, 'KMS.0207']],
    [ABSENT_KEY.slice(1), [400, 'KMS.0205']],
    ['../x', [400, 'KMS.0205']],
    ['\0', [400, 'KMS.0205']],
    ['', [400, 'KMS.0205']],
    ['x'.repeat(513), [400, 'KMS.0205']],
  ])('answers for %j', async (key_id, expected) => {
    const answer = await kms.post('describe-key', { key_id });
    expect(refusal(answer)).toEqual(expected);
    if (answer.status === 400) expect(answer.json.error_msg).toContain('key_id');
  });

  it('shows no key of another project', async () => {
    const key_id = await kms.create('mine');
    expect(refusal(await beta.post('describe-key', { key_id }))).toEqual([404, 'KMS.0207']);
    expect(refusal(await beta.post('describe-key', { key_id: 'alias/mine' }))).toEqual([404, 'KMS.0207']);
  });

  it('shows the key that a first secret brought along, which is nobody’s to change', async () => {
    const { kms_key_id: key_id } = await acme.create('first');
    expect(await kms.describe(key_id)).toMatchObject({ key_alias: 'csms/default', default_key_flag: '1' });
    expect((await kms.describe('alias/csms/default')).key_id).toBe(key_id);
    const refused: [string, object][] = [
      ['enable-key', {}],
      ['disable-key', {}],
      ['schedule-key-deletion', { pending_days: '7' }],
      ['cancel-key-deletion', {}],
      ['update-key-alias', { key_alias: 'other' }],
      ['update-key-description', { key_description: 'other' }],
      ['enable-key-rotation', {}],
      ['disable-key-rotation', {}],
      ['update-key-rotation-interval', { rotation_interval: 30 }],
      ['aliases', { alias: 'other' }],
      [`${key_id}/tags`, { tag: { key: 'a' } }],
      [`${key_id}/tags/action`, { action: 'delete', tags: [{ key: 'a' }] }],
    ];
    for (const [operation, more] of refused)
      expect(refusal(await kms.post(operation, { key_id, ...more })), operation).toEqual([400, 'KMS.0211']);
    expect(refusal(await kms.remove('aliases', { key_id, aliases: ['csms/default'] }))).toEqual([
      400,
      'KMS.0211',
    ]);
    expect(refusal(await kms.remove(`${key_id}/tags/a`))).toEqual([400, 'KMS.0211']);
  });

  it('shows a key that dev made for a secret, whatever its id looks like', async () => {
    await acme.create('of-dev', { secret_string: 'x', kms_key_id: 'a-key-of-dev' });
    expect(await kms.describe('a-key-of-dev')).toMatchObject({
      key_id: 'a-key-of-dev',
      default_key_flag: '0',
    });
  });
});

describe('UpdateKeyAlias and UpdateKeyDescription', () => {
  it('change one thing and answer it', async () => {
    const key_id = await kms.create('before');
    expect(ok(await kms.post('update-key-alias', { key_id, key_alias: 'after' }))).toEqual({
      key_info: { key_id, key_alias: 'after' },
    });
    expect(ok(await kms.post('update-key-description', { key_id, key_description: 'é' }))).toEqual({
      key_info: { key_id, key_description: 'é' },
    });
    expect(await kms.describe('alias/after')).toMatchObject({ key_id, key_description: 'é' });
    expect(refusal(await kms.post('describe-key', { key_id: 'alias/before' }))).toEqual([404, 'KMS.0207']);
    ok(await kms.post('update-key-description', { key_id, key_description: '' }));
    expect((await kms.describe(key_id)).key_description).toBe('');
    expect(await kms.create('before')).not.toBe(key_id);
  });

  it('refuse what cannot be', async () => {
    const key_id = await kms.create('changing');
    await kms.create('occupied');
    const alias = (key_alias: unknown) => kms.post('update-key-alias', { key_id, key_alias });
    const description = (key_description: unknown) =>
      kms.post('update-key-description', { key_id, key_description });
    expect(refusal(await alias('occupied'))).toEqual([400, 'KMS.1104']);
    expect(refusal(await alias('x/default'))).toEqual([400, 'KMS.1101']);
    expect(refusal(await description('x'.repeat(256)))).toEqual([400, 'KMS.1103']);
    expect(refusal(await description('a\0b'))).toEqual([400, 'KMS.1103']);
    ok(await description('🔑'.repeat(255)));
    ok(await kms.post('schedule-key-deletion', { key_id, pending_days: '7' }));
    expect(refusal(await alias('new'))).toEqual([400, 'KMS.0210']);
    expect(refusal(await description('new'))).toEqual([400, 'KMS.0210']);
  });
});

describe('ListKeys, ShowUserInstances and ShowUserQuotas', () => {
  const outsider = kmsCallsOf(server, OUTSIDER, 'c3'.repeat(16));
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await outsider.create(`k${index}`, { enterprise_project_id: index === 4 ? '9' : '0' }));
    }
    ok(await outsider.post('disable-key', { key_id: ids[1] }));
    ok(await outsider.post('schedule-key-deletion', { key_id: ids[2], pending_days: 7 }));
    ok(await callsOf(server, OUTSIDER, 'c3'.repeat(16)).post('', { name: 's', secret_string: 'x' }));
  });
  const list = async (body?: object) => ok(await outsider.post('list-keys', body));

  it('list all keys with their details, the default key too, without a body', async () => {
    const { keys, key_details, ...page } = await list();
    expect(keys).toEqual([...ids, key_details.at(-1).key_id]);
    expect(key_details.map((key: { key_id: string }) => key.key_id)).toEqual(keys);
    expect(key_details[0]).toEqual(await outsider.describe(ids[0]!));
    expect(key_details.at(-1)).toMatchObject({ key_alias: 'csms/default', default_key_flag: '1' });
    expect(page).toEqual({ next_marker: '', truncated: 'false', total: 6 });
  });

  it('list page by page', async () => {
    const seen: string[] = [];
    let marker = '0';
    for (let pages = 0; pages < 3; pages += 1) {
      const page = await list({ limit: '2', marker });
      seen.push(...page.keys);
      expect([page.total, page.truncated]).toEqual([6, pages < 2 ? 'true' : 'false']);
      marker = page.next_marker;
    }
    expect(marker).toBe('');
    expect(seen.slice(0, 5)).toEqual(ids);
    expect((await list({ limit: 2, marker: 99 })).keys).toEqual([]);
  });

  it.each([
    [{ key_state: '2' }, [0, 3, 4]],
    [{ key_state: '3' }, [1]],
    [{ key_state: '4' }, [2]],
    [{ key_state: '1' }, []],
    [{ key_state: '5' }, []],
    [{ enterprise_project_id: '9' }, [4]],
    [{ enterprise_project_id: 'all', key_state: '3' }, [1]],
    [{ key_spec: 'ALL', key_state: '3' }, [1]],
    [{ key_spec: 'AES_256', key_state: '3' }, [1]],
    [{ key_spec: 'RSA_2048' }, []],
  ])('list what matches %j', async (filter, expected) => {
    const { keys } = await list(filter);
    expect(keys.filter((id: string) => ids.includes(id))).toEqual(expected.map((index) => ids[index]));
  });

  it('count the keys that someone made', async () => {
    expect(ok(await outsider.get('user-instances'))).toEqual({ instance_num: 5 });
    expect(ok(await outsider.get('user-quotas'))).toEqual({
      quotas: {
        resources: [
          { type: 'CMK', used: 5, quota: 100 },
          { type: 'grant_per_CMK', used: 0, quota: 100 },
        ],
      },
    });
  });

  it('end at 100 keys', async () => {
    const made = Array.from({ length: 95 }, (_, index) => outsider.create(`more-${index}`));
    await Promise.all(made);
    expect(refusal(await outsider.post('create-key', { key_alias: 'too-many' }))).toEqual([400, 'KMS.1105']);
    expect((await list()).total).toBe(101);
    expect(ok(await outsider.get('user-instances'))).toEqual({ instance_num: 100 });
  });
});
