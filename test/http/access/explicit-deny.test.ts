import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, member, shareServer, type TestUser } from '../../support/server.ts';

const KEY_ID = '11111111-2222-4333-8444-555555555555';
const bob = member('bob');
const deny = (Action: string[], Resource: string) => ({ Effect: 'Deny', Action, Resource: [Resource] });
const Statement = [
  { Effect: 'Allow', Action: ['csms:*:*', 'kms:*:*'] },
  deny(['csms:secret:getVersion', 'csms:secret:listTags'], 'csms:*:*:secretName:hidden'),
  deny(['kms:cmk:createDataKey', 'kms:cmk:decryptDataKey', 'kms:cmk:decryptData'], `kms:*:*:KeyId:${KEY_ID}`),
];
const server = shareServer({
  mode: 'dev',
  identities: {
    policies: [{ name: 'bob', document: { Version: '5.0', Statement } }],
    users: { bob: { policies: ['bob'] } },
  },
});
const [secrets, kms] = [`/v1/${ALPHA}/secrets`, `/v1.0/${ALPHA}/kms`];
const call = (user: TestUser, method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);
const as = async (method: string, path: string, body?: unknown) => {
  const { json } = await call(bob, method, path, body);
  return json.error_list?.[0].error_msg ?? json.error_msg;
};
const EXPLICIT = 'with an explicit deny in an identity-based policy';
const IMPLICIT = 'because no identity-based policy allows the';
let id = '';

beforeAll(async () => {
  // In dev an unknown key is made on first use.
  const made = await call(ADMIN, 'POST', secrets, { name: 'hidden', secret_string: 'x', kms_key_id: KEY_ID });
  await call(ADMIN, 'POST', secrets, { name: 'shown', secret_string: 'x', kms_key_id: KEY_ID });
  await call(ADMIN, 'POST', `${kms}/aliases`, { key_id: KEY_ID, alias: 'its' });
  id = made.json.secret.id;
});

describe('a refusal by a Deny of one path', () => {
  it('says so of an item that a batch names', async () => {
    const text = await as('POST', `${secrets}/batch-get-secret-value`, { secret_name_list: ['hidden'] });
    expect(text).toContain(`:secretName:hidden ${EXPLICIT}`);
  });

  it('says so of the key of a secret, unless an alias names it', async () => {
    const create = (kms_key_id: string) =>
      as('POST', secrets, { name: 'new', secret_string: 'x', kms_key_id });
    expect(await create(KEY_ID)).toContain(`:KeyId:${KEY_ID} ${EXPLICIT}`);
    expect(await create('alias/its')).toContain(`:KeyId:alias/its ${IMPLICIT}`);
    expect(await as('GET', `${secrets}/shown/versions/latest`)).toContain(`:KeyId:* ${EXPLICIT}`);
  });

  it('says so of the key in a ciphertext, unless an alias names it', async () => {
    const plain = { key_id: KEY_ID, plain_text: 'eA==' };
    const { cipher_text } = (await call(ADMIN, 'POST', `${kms}/encrypt-data`, plain)).json;
    const decrypt = (more = {}) => as('POST', `${kms}/decrypt-data`, { cipher_text, ...more });
    expect(await decrypt()).toContain(`:KeyId:* ${EXPLICIT}`);
    expect(await decrypt({ key_id: 'alias/its' })).toContain(`:KeyId:alias/its ${IMPLICIT}`);
  });

  it('does not say so of a secret that its id names', async () => {
    expect(await as('GET', `/v1/${ALPHA}/csms/${id}/tags`)).toContain(`:secretName:* ${IMPLICIT}`);
  });
});
