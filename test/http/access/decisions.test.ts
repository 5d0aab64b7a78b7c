import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, GUEST, shareServer } from '../../support/server.ts';

const allow = (Action: string | string[], more = {}) => ({
  Effect: 'Allow',
  Action: [Action].flat(),
  ...more,
});
const deny = (Action: string | string[], more = {}) => ({ Effect: 'Deny', Action: [Action].flat(), ...more });
const only = (name: string) => ({ Resource: [`csms:*:*:secretName:${name}`] });
const statements = [
  allow('csms:secret:get', only('app-*')),
  allow('csms:secret:getVersion', only('app-*')),
  allow('kms:cmk:decryptDataKey'),
  deny('csms:secret:get', only('app-hidden')),
  allow('csms:secret:create', only('app-*')),
  allow('csms:secret:update', { Condition: { StringEquals: { 'g:ResourceTag/team': ['pay'] } } }),
];
const server = shareServer({
  identities: {
    policies: [{ name: 'guest', document: { Version: '5.0', Statement: statements } }],
    users: { guest: { policies: ['guest'] } },
  },
});
const secrets = `/v1/${ALPHA}/secrets`;
const WHO = `iam::${GUEST.domainId}:user:guest`;
const URN = `csms:local-1:${GUEST.domainId}:secretName:`;
const as = (method: string, path: string, body?: unknown, user = GUEST) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);
const refused = (action: string, resource: string) =>
  `The user role has no permission to access the interface. User: ${WHO} is not authorized to perform: ${action} on resource: ${resource}`;

beforeAll(async () => {
  for (const name of ['app-db', 'app-hidden', 'other']) {
    const { status } = await as('POST', secrets, { name, secret_string: 'value' }, ADMIN);
    expect(status).toBe(200);
  }
});

describe('an action that policies', () => {
  it('allow is carried out', async () => {
    expect((await as('GET', `${secrets}/app-db`)).status).toBe(200);
    const { json, status } = await as('GET', `${secrets}/app-db/versions/latest`);
    expect([status, json.version?.secret_string]).toEqual([200, 'value']);
  });

  it('do not allow is refused, whether there is such a secret or not', async () => {
    for (const name of ['other', 'nothing']) {
      const { json, status } = await as('GET', `${secrets}/${name}`);
      expect(status).toBe(403);
      expect(json).toEqual({
        error_code: 'CSMS.0302',
        error_msg: `${refused('csms:secret:get', `${URN}${name}`)} because no identity-based policy allows the csms:secret:get action`,
      });
    }
    expect((await as('GET', `${secrets}/app-nothing`)).json.error_code).toBe('CSMS.0106');
  });

  it('deny is refused with another sentence', async () => {
    const { json } = await as('GET', `${secrets}/app-hidden`);
    expect(json.error_msg).toBe(
      `${refused('csms:secret:get', `${URN}app-hidden`)} with an explicit deny in an identity-based policy`,
    );
  });

  it('do not allow is refused before its body and parameters are looked at', async () => {
    for (const body of ['{', [], { name: 'no', secret_string: 1 }]) {
      expect((await as('POST', secrets, body)).status).toBe(403);
    }
    expect((await as('POST', secrets, { name: 'app-new', secret_string: 1 })).status).toBe(400);
  });

  it('allow needs its dependencies too, which come after the state of the secret', async () => {
    const { json, status } = await as('POST', secrets, { name: 'app-new', secret_string: 'x' });
    expect([status, json.error_code]).toEqual([403, 'CSMS.0302']);
    expect(json.error_msg).toContain('kms:cmk:createDataKey on resource: kms:local-1:');
    expect((await as('GET', `${secrets}/app-new`)).status).toBe(404);
  });
});

describe('an action that depends on an attribute', () => {
  it('is decided on what is there', async () => {
    const change = () => as('PUT', `${secrets}/other`, { description: 'x' });
    expect((await change()).status).toBe(403);
    const { id } = (await as('GET', `${secrets}/other`, undefined, ADMIN)).json.secret;
    await as('POST', `/v1/${ALPHA}/csms/${id}/tags`, { tag: { key: 'team', value: 'pay' } }, ADMIN);
    expect((await change()).status).toBe(200);
    expect((await as('PUT', `${secrets}/nothing`, { description: 'x' })).status).toBe(403);
    expect((await as('PUT', `${secrets}/other`, { description: 1 })).status).toBe(400);
  });
});
