import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, member, shareServer, type TestUser } from '../../support/server.ts';

const [nobody, grouped, denied, listing] = ['nobody', 'grouped', 'denied', 'listing'].map(member);
const server = shareServer({
  identities: {
    policies: [
      {
        name: 'no-values',
        document: { Version: '5.0', Statement: [{ Effect: 'Deny', Action: ['csms:secret:getVersion'] }] },
      },
      {
        name: 'lists',
        document: {
          Version: '5.0',
          Statement: [
            { Effect: 'Allow', Action: ['csms:secret:list'], Resource: ['csms:*:*:secretName:other'] },
          ],
        },
      },
    ],
    users: {
      nobody: { policies: [] },
      grouped: { policies: [], groups: ['operators'] },
      denied: { policies: ['no-values'] },
      listing: { policies: ['lists'] },
    },
  },
});
const secrets = `/v1/${ALPHA}/secrets`;
const call = (user: TestUser | undefined, method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);
let id = '';

const grant = (grantee: object, more = {}) =>
  call(ADMIN, 'POST', `/v1/${ALPHA}/csms/grants`, { resource_id: id, type: 'SECRET', ...grantee, ...more });
const toUser = (user: TestUser | undefined) => ({ grantee_type: '0', grantee_target_id: user?.id });
const revoke = () => call(ADMIN, 'DELETE', `/v1/${ALPHA}/csms/grants?resource_id=${id}`);
const namesIn = (json: { secrets: { name: string }[] }) => json.secrets.map(({ name }) => name);
/** What a grant allows. */
const granted = () => [
  ['GET', `${secrets}/db`],
  ['GET', `${secrets}/db/versions`],
  ['GET', `${secrets}/db/versions/v1`],
  ['GET', `${secrets}/db/versions/latest`],
  ['GET', `${secrets}/db/stages/SYSCURRENT`],
  ['GET', `/v1/${ALPHA}/csms/${id}/tags`],
  ['GET', secrets],
];
const statusesOf = async (user: TestUser | undefined) => {
  const all: number[] = [];
  for (const [method = '', path = ''] of granted()) all.push((await call(user, method, path)).status);
  return all;
};

beforeAll(async () => {
  for (const name of ['db', 'other']) await call(ADMIN, 'POST', secrets, { name, secret_string: 'value' });
  ({ id } = (await call(ADMIN, 'GET', `${secrets}/db`)).json.secret);
});

describe('a grant on a secret', () => {
  it('lets its user read the secret and its values until it is revoked', async () => {
    expect(await statusesOf(nobody)).toEqual(Array(7).fill(403));
    await grant(toUser(nobody));
    expect(await statusesOf(nobody)).toEqual(Array(7).fill(200));
    const { json } = await call(nobody, 'GET', `${secrets}/db/versions/latest`);
    expect(json.version.secret_string).toBe('value');
    await revoke();
    expect(await statusesOf(nobody)).toEqual(Array(7).fill(403));
  });

  it('allows nothing else, and nothing on other secrets or in the key service', async () => {
    await grant(toUser(nobody));
    const { kms_key_id: key_id } = (await call(nobody, 'GET', `${secrets}/db`)).json.secret;
    const others = [
      ['GET', `${secrets}/other`],
      ['GET', `${secrets}/nothing`],
      ['PUT', `${secrets}/db`, { description: 'x' }],
      ['POST', `${secrets}/db/backup`],
      ['GET', `/v1/${ALPHA}/csms/grants?resource_id=${id}`],
      ['POST', `${secrets}/batch-get-secret-value`, { secret_name_list: ['db'] }],
      ['POST', `/v1.0/${ALPHA}/kms/describe-key`, { key_id }],
    ] as const;
    for (const [method, path, body] of others)
      expect([path, (await call(nobody, method, path, body)).status]).toEqual([path, 403]);
    await revoke();
  });

  it('shows its secret in lists beside what policies show', async () => {
    expect(namesIn((await call(listing, 'GET', secrets)).json)).toEqual(['other']);
    await grant(toUser(listing));
    const { json } = await call(listing, 'GET', secrets);
    expect([namesIn(json), json.page_info.current_count]).toEqual([['db', 'other'], 2]);
    await revoke();
  });

  it('to a group is one to its members', async () => {
    await grant({ grantee_type: '2', grantee_target_id: 'ops' });
    expect(await statusesOf(grouped)).toEqual(Array(7).fill(200));
    expect(await statusesOf(nobody)).toEqual(Array(7).fill(403));
    expect(namesIn((await call(grouped, 'GET', secrets)).json)).toEqual(['db']);
    await revoke();
  });

  it('yields to a Deny', async () => {
    await grant(toUser(denied));
    expect(await statusesOf(denied)).toEqual([200, 200, 403, 403, 200, 200, 200]);
    const { json } = await call(denied, 'GET', `${secrets}/db/versions/v1`);
    expect(json.error_msg).toContain('with an explicit deny');
    await revoke();
  });
});
