import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, member, shareServer, type TestUser } from '../../support/server.ts';

const allow = (actions: string[], Condition: object, more = {}) => ({
  Effect: 'Allow',
  Action: actions,
  Condition,
  ...more,
});
const KEY_ALIAS = 'for-bob';
const statements = (keyId: string) => [
  allow(['csms:secret:create'], { StringEquals: { 'csms:KmsKeyId': [keyId] } }),
  allow(['csms:secret:create'], { StringEquals: { 'csms:Type': ['RDS-FG'] } }),
  allow(['csms:secret:create'], { StringEquals: { 'g:EnterpriseProjectId': ['pay'] } }),
  allow(['csms:secret:update'], {
    Null: { 'csms:KmsKeyId': ['true'] },
    StringEquals: { 'csms:Type': ['COMMON'] },
  }),
  allow(['csms:secret:scheduleDeletion'], {
    NumberGreaterThanEquals: { 'csms:RecoveryWindowInDays': ['20'] },
  }),
  allow(['csms:secret:getStage'], { StringEquals: { 'csms:VersionStage': ['SYSCURRENT'] } }),
  allow(['csms:secret:getVersion'], { StringEquals: { 'csms:VersionId': ['v2'] } }),
  allow(['csms:secret:createTag'], { StringEquals: { 'g:RequestTag/team': ['pay'] } }),
  allow(['csms:secret:batchCreateOrDeleteTags', 'csms:secret:deleteTag'], {
    'ForAllValues:StringEquals': { 'g:TagKeys': ['team', 'stage'] },
  }),
  { Effect: 'Allow', Action: ['kms:cmk:createDataKey', 'kms:cmk:decryptDataKey'] },
  { Effect: 'Allow', Action: ['kms:cmk:decryptData'], Resource: [`kms:*:*:KeyId:${keyId}`] },
  allow(['csms::listEvents'], {
    IpAddress: { 'g:SourceIp': ['127.0.0.0/8'] },
    Bool: { 'g:SecureTransport': ['false'] },
  }),
  allow(['csms::listTasks'], { StringEquals: { 'g:ProjectName': ['local-1'], 'g:UserName': ['bob'] } }),
];
const KEY_ID = '11111111-2222-4333-8444-555555555555';
const bob = member('bob');
const server = shareServer({
  mode: 'dev',
  env: { CSMS_TRUSTED_PROXIES: '127.0.0.1' },
  identities: {
    policies: [{ name: 'bob', document: { Version: '5.0', Statement: statements(KEY_ID) } }],
    users: { bob: { policies: ['bob'] } },
  },
});
const secrets = `/v1/${ALPHA}/secrets`;
const call = (user: TestUser, method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);
const as = (method: string, path: string, body?: unknown) => call(bob, method, path, body);
let id = '';
let names = 0;

beforeAll(async () => {
  // In dev an unknown key is made on first use.
  const made = await call(ADMIN, 'POST', secrets, { name: 'db', secret_string: 'x', kms_key_id: KEY_ID });
  await call(ADMIN, 'POST', `/v1.0/${ALPHA}/kms/aliases`, { key_id: KEY_ID, alias: KEY_ALIAS });
  id = made.json.secret.id;
});

describe('a condition on what a request says', () => {
  it.each([
    [{ kms_key_id: KEY_ID }, 200],
    [{ kms_key_id: `alias/${KEY_ALIAS}` }, 200],
    [{ kms_key_id: 'alias/none' }, 403],
    [{ kms_key_id: 'another' }, 403],
    [{ kms_key_id: 7, enterprise_project_id: 'pay' }, 400],
    [{}, 403],
    [{ secret_type: 'RDS-FG', rotation_config: '{}' }, 200],
    [{ secret_type: 'COMMON' }, 403],
    [{ enterprise_project_id: 'pay' }, 200],
    [{ enterprise_project_id: 7 }, 403],
  ])('decides over a creation with %j: %i', async (more, status) => {
    names += 1;
    const answer = await as('POST', secrets, { name: `s${names}`, secret_string: 'x', ...more });
    expect(answer.status).toBe(status);
  });

  it('decides over an update by its key, of which an alias of no key tells nothing', async () => {
    const path = `${secrets}/db`;
    expect((await as('PUT', path, { description: 'x' })).status).toBe(200);
    for (const kms_key_id of [KEY_ID, `alias/${KEY_ALIAS}`, 'alias/none']) {
      const { json } = await as('PUT', path, { kms_key_id });
      expect([kms_key_id, json.error_code]).toEqual([kms_key_id, 'CSMS.0302']);
    }
  });

  it('decides over a backup by what is in it', async () => {
    const pay = { name: 'blob-pay', secret_string: 'x', enterprise_project_id: 'pay' };
    for (const body of [pay, { name: 'blob-other', secret_string: 'x' }]) {
      await call(ADMIN, 'POST', secrets, body);
      const { secret_blob } = (await call(ADMIN, 'POST', `${secrets}/${body.name}/backup`)).json;
      await call(ADMIN, 'DELETE', `${secrets}/${body.name}`);
      const { status } = await as('POST', `${secrets}/restore`, { secret_blob });
      expect([body.name, status]).toEqual([body.name, body === pay ? 200 : 403]);
      expect((await as('POST', `${secrets}/restore`, { secret_blob: `${secret_blob}x` })).status).toBe(403);
    }
  });

  it('decides over a ciphertext by the key in it, whichever the request names', async () => {
    const kms = `/v1.0/${ALPHA}/kms`;
    const { key_id: other } = (await call(ADMIN, 'POST', `${kms}/create-key`, { key_alias: 'other' })).json
      .key_info;
    const encrypt = async (key_id: string) =>
      (await call(ADMIN, 'POST', `${kms}/encrypt-data`, { key_id, plain_text: 'eA==' })).json.cipher_text;
    const [own, foreign] = [await encrypt(KEY_ID), await encrypt(other)];
    const decrypt = async (body: object) => (await as('POST', `${kms}/decrypt-data`, body)).status;
    expect(await decrypt({ cipher_text: own })).toBe(200);
    expect(await decrypt({ cipher_text: own, key_id: KEY_ID })).toBe(200);
    expect(await decrypt({ cipher_text: own, key_id: `alias/${KEY_ALIAS}` })).toBe(200);
    expect(await decrypt({ cipher_text: foreign, key_id: KEY_ID })).toBe(403);
    expect(await decrypt({ cipher_text: 'AAAA', key_id: KEY_ID })).toBe(403);
    const changed = Buffer.from(own, 'base64');
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    expect(await decrypt({ cipher_text: changed.toString('base64') })).toBe(403);
    expect(await decrypt({ cipher_text: own, additional_authenticated_data: 'other' })).toBe(403);
  });

  it('knows a stage, a version and what latest is', async () => {
    expect((await as('GET', `${secrets}/db/stages/SYSCURRENT`)).status).toBe(200);
    expect((await as('GET', `${secrets}/db/stages/SYSPREVIOUS`)).status).toBe(403);
    expect((await as('GET', `${secrets}/db/versions/latest`)).status).toBe(403);
    await call(ADMIN, 'POST', `${secrets}/db/versions`, { secret_string: 'y' });
    expect((await as('GET', `${secrets}/db/versions/latest`)).status).toBe(200);
    expect((await as('GET', `${secrets}/db/versions/v2`)).status).toBe(200);
    expect((await as('GET', `${secrets}/none/versions/v2`)).status).toBe(404);
    expect((await as('GET', `${secrets}/none/versions/latest`)).status).toBe(403);
  });

  it('knows the tags of a request, of which a deletion has the keys', async () => {
    const path = `/v1/${ALPHA}/csms/${id}/tags`;
    const tag = (key: string, value: string) => ({ tag: { key, value } });
    const statuses = [
      await as('POST', path, tag('team', 'pay')),
      await as('POST', path, tag('team', 'other')),
      await as('POST', path, tag('stage', 'pay')),
      await as('POST', `${path}/action`, { action: 'create', tags: [{ key: 'stage', value: 'x' }] }),
      await as('POST', `${path}/action`, { action: 'delete', tags: [{ key: 'other' }] }),
      await as('POST', `${path}/action`, { action: 'delete', tags: [{ key: 'stage' }] }),
      await as('DELETE', `${path}/team`),
      await as('DELETE', `${path}/other`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([204, 403, 403, 204, 403, 204, 204, 403]);
  });

  it('knows how long a secret can be recovered, 30 days unless the request says so', async () => {
    const path = `${secrets}/db/scheduled-deleted-tasks/create`;
    expect((await as('POST', path, { recovery_window_in_days: 7 })).status).toBe(403);
    expect((await as('POST', path, { recovery_window_in_days: 25.5 })).status).toBe(400);
    expect((await as('POST', path)).status).toBe(200);
  });

  it('knows the caller, the project and the way', async () => {
    expect((await as('GET', `/v1/${ALPHA}/csms/events`)).status).toBe(200);
    expect((await as('GET', `/v1/${ALPHA}/csms/tasks`)).status).toBe(200);
    expect((await as('GET', `/v1/${ALPHA}/csms/notification-records`)).status).toBe(403);
  });

  it('takes the source of a request from no header, not even that of a trusted proxy', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const { status } = await server.send({ method: 'GET', path: `/v1/${ALPHA}/csms/events`, headers }, bob);
    expect(status).toBe(200);
  });
});
