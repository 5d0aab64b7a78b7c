// Three users of one project: what may not be done is refused by the core's own exception, and lists show what may be seen.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BasicCredentials, ClientBuilder, ClientRequestException, refusal, send, sendTo } from './sdk.mjs';

const [owner, partner, stranger] = ['owner', 'partner', 'stranger'].map(clientOf);

function clientOf(user) {
  const credential = new BasicCredentials({
    ak: `AK1${user.toUpperCase()}`,
    sk: `secret-key-of-the-${user}-in-tests`,
    projectId: '1'.repeat(32),
  });
  return new ClientBuilder((client) => client)
    .withCredential(credential)
    .withEndpoint(process.env.USERS_ENDPOINT)
    .build();
}

const create = (client, name) => send(client, 'POST', '', { data: { name, secret_string: 'initial' } });
const remove = (client, name) => send(client, 'DELETE', `/${name}`);

async function read(client, name) {
  const { version } = await send(client, 'GET', `/${name}/versions/latest`);
  return version.secret_string;
}

async function namesIn(client) {
  const page = await send(client, 'GET', '');
  assert.equal(page.page_info.current_count, page.secrets.length);
  return page.secrets.map(({ name }) => name).sort();
}

async function refusedWith(status, code, call) {
  const error = await refusal(call);
  assert.ok(error instanceof ClientRequestException);
  assert.deepEqual([error.httpStatusCode, error.errorCode], [status, code]);
  assert.match(error.requestId, /^[0-9a-f]{32}$/);
  return error;
}

describe('of three users', () => {
  before(async () => {
    await create(owner, 'shop-db');
    await create(owner, 'payments-db');
    const { secret } = await create(owner, 'ledger');
    const tag = { key: 'team', value: 'shop' };
    await sendTo(owner, 'POST', `/v1/{project_id}/csms/${secret.id}/tags`, { data: { tag } });
  });

  after(async () => {
    for (const name of ['shop-db', 'payments-db', 'ledger']) await remove(owner, name);
  });

  it('the owner may do everything', async () => {
    assert.deepEqual(await namesIn(owner), ['ledger', 'payments-db', 'shop-db']);
    assert.equal(await read(owner, 'payments-db'), 'initial');
  });

  it('the stranger may do nothing', async () => {
    const error = await refusedWith(403, 'CSMS.0302', read(stranger, 'shop-db'));
    assert.match(
      error.errorMsg,
      /user:stranger is not authorized to perform: csms:secret:getVersion on resource: /,
    );
    await refusedWith(403, 'CSMS.0302', send(stranger, 'GET', ''));
    await refusedWith(403, 'CSMS.0302', create(stranger, 'of-a-stranger'));
    await refusedWith(403, 'CSMS.0302', send(stranger, 'GET', '/no-such'));
    await refusedWith(
      403,
      'KMS.0307',
      sendTo(stranger, 'POST', '/v1.0/{project_id}/kms/list-keys', { data: {} }),
    );
  });

  it('the partner may use what has its name, and read what has its tag', async () => {
    await create(partner, 'shop-new');
    assert.equal(await read(partner, 'shop-new'), 'initial');
    await remove(partner, 'shop-new');
    assert.equal(await read(partner, 'ledger'), 'initial');
    await refusedWith(403, 'CSMS.0302', remove(partner, 'ledger'));
    await refusedWith(403, 'CSMS.0302', read(partner, 'payments-db'));
    await refusedWith(403, 'CSMS.0302', create(partner, 'payments-new'));
    await refusedWith(404, 'CSMS.0106', send(partner, 'GET', '/shop-none'));
  });

  it('the partner lists what it may see', async () => {
    assert.deepEqual(await namesIn(partner), ['shop-db']);
  });
});
