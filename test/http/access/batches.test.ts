import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, member, shareServer, type TestUser } from '../../support/server.ts';

const named = (...names: string[]) => ({ Resource: names.map((name) => `csms:*:*:secretName:${name}`) });
const allow = (actions: string[], more = {}) => ({ Effect: 'Allow', Action: actions, ...more });
const policy = (name: string, ...Statement: object[]) => ({ name, document: { Version: '5.0', Statement } });
const [importer, deleter, reader, nobody] = ['importer', 'deleter', 'reader', 'nobody'].map(member);
const server = shareServer({
  identities: {
    policies: [
      policy('importer', allow(['csms:secret:create'], named('app-*')), allow(['kms:*:*'])),
      policy(
        'deleter',
        allow(['csms:secret:delete'], { Condition: { StringEquals: { 'g:ResourceTag/gone': ['yes'] } } }),
        allow(['csms:secret:list'], named('shown-*')),
      ),
      policy(
        'reader',
        allow(['csms:secret:batchGetSecretValue']),
        allow(['csms:secret:getVersion'], {
          ...named('app-*'),
          Condition: { StringEquals: { 'csms:VersionId': ['v1'] } },
        }),
        allow(['kms:cmk:decryptDataKey']),
        {
          Effect: 'Deny',
          Action: ['kms:cmk:decryptDataKey'],
          Condition: { StringEquals: { 'g:ResourceTag/sealed': ['yes'] } },
        },
      ),
    ],
    users: {
      importer: { policies: ['importer'] },
      deleter: { policies: ['deleter'] },
      reader: { policies: ['reader'] },
      nobody: { policies: [] },
    },
  },
});
const secrets = `/v1/${ALPHA}/secrets`;
const call = (user: TestUser | undefined, method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);
const refusal = (user: TestUser | undefined, action: string, name: string) =>
  `The user role has no permission to access the interface. User: iam::${user?.domainId}:user:${user?.name} is not authorized to perform: ${action} on resource: csms:local-1:${user?.domainId}:secretName:${name} because no identity-based policy allows the ${action} action`;

describe('a batch', () => {
  it.each([
    ['batch-import', { secrets: [] }, 'csms:secret:create'],
    ['batch-delete', { instance_id: 'i' }, 'csms:secret:delete'],
    ['batch-get-secret-value', { secret_name_list: ['app'] }, 'csms:secret:batchGetSecretValue'],
  ])('%s is refused as a whole to those who may do it on nothing', async (path, body, action) => {
    for (const sent of [body, {}, '{']) {
      const { json, status } = await call(nobody, 'POST', `${secrets}/${path}`, sent);
      expect(status).toBe(403);
      expect(json.error_msg).toContain(`to perform: ${action} on resource: * because`);
    }
  });

  it('of creations refuses each that is not allowed, whatever else is wrong with it', async () => {
    const items = [
      { name: 'app-1', secret_string: 'x' },
      { name: 'other', secret_string: 'x' },
      { name: 'other', secret_string: 1 },
      { name: 'app-2' },
      { name: 7 },
    ];
    const { json, status } = await call(importer, 'POST', `${secrets}/batch-import`, { secrets: items });
    expect([status, json.success, json.failed]).toEqual([200, 1, 4]);
    const other = { name: 'other', error_msg: refusal(importer, 'csms:secret:create', 'other') };
    expect(json.error_list).toEqual([
      other,
      other,
      { name: 'app-2', error_msg: expect.stringContaining('The value of parameter is invalid.') },
      { name: '', error_msg: refusal(importer, 'csms:secret:create', '*') },
    ]);
  });

  it('of deletions keeps what is not allowed, and names it only to those who see it in lists', async () => {
    const rotated = {
      secret_string: 'x',
      secret_type: 'RDS-FG',
      rotation_config: JSON.stringify({ InstanceId: 'i' }),
    };
    for (const name of ['gone', 'shown-1', 'hidden'])
      expect((await call(ADMIN, 'POST', secrets, { name, ...rotated })).status).toBe(200);
    const { id } = (await call(ADMIN, 'GET', `${secrets}/gone`)).json.secret;
    await call(ADMIN, 'POST', `/v1/${ALPHA}/csms/${id}/tags`, { tag: { key: 'gone', value: 'yes' } });
    const { json } = await call(deleter, 'POST', `${secrets}/batch-delete`, { instance_id: 'i' });
    expect(json).toEqual({ total: 2, success_secrets: ['gone'], failed_secrets: ['shown-1'] });
    for (const name of ['shown-1', 'hidden'])
      expect((await call(ADMIN, 'GET', `${secrets}/${name}`)).status).toBe(200);
  });

  it('of values has the same refusal for what is there and what is not', async () => {
    const kms = `/v1.0/${ALPHA}/kms`;
    const { key_id: key } = (await call(ADMIN, 'POST', `${kms}/create-key`, { key_alias: 'sealed' })).json
      .key_info;
    await call(ADMIN, 'POST', `${kms}/${key}/tags`, { tag: { key: 'sealed', value: 'yes' } });
    const made = [['app-a'], ['app-second'], ['app-sealed', key], ['secret']] as const;
    for (const [name, kms_key_id] of made)
      await call(ADMIN, 'POST', secrets, { name, secret_string: name, ...(kms_key_id && { kms_key_id }) });
    await call(ADMIN, 'POST', `${secrets}/app-second/versions`, { secret_string: 'second' });
    const names = ['app-a', 'app-second', 'app-sealed', 'app-none', 'secret', 'none'];
    const body = { secret_name_list: names };
    const { json, status } = await call(reader, 'POST', `${secrets}/batch-get-secret-value`, body);
    expect(status).toBe(200);
    expect(json.versions.map((one: { secret_string: string }) => one.secret_string)).toEqual(['app-a']);
    const refused = (name: string) => ({ name, error_msg: refusal(reader, 'csms:secret:getVersion', name) });
    expect(json.error_list).toEqual([
      refused('app-second'),
      { name: 'app-sealed', error_msg: expect.stringContaining('to perform: kms:cmk:decryptDataKey on') },
      refused('app-none'),
      refused('secret'),
      refused('none'),
    ]);
  });
});
