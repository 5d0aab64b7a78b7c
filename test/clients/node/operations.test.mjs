import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { buildClient, newName, PROJECT_ID, REGION, refusal, send, sendTo } from './sdk.mjs';

const client = buildClient();
const csms = (method, path, given) => sendTo(client, method, `/v1/{project_id}/csms${path}`, given);
const global = (method, path, given) => sendTo(client, method, `/v1/csms${path}`, given);
const NOBODY = '00000000-0000-4000-8000-000000000000';

let secret;
beforeEach(async () => {
  ({ secret } = await send(client, 'POST', '', { data: { name: newName(), secret_string: 'initial' } }));
});
afterEach(() => send(client, 'DELETE', `/${secret.name}`));

/** What a program sees of a refusal whose body is nested: this client looks for other members than the documents have. */
function assertRefused(error, status, code) {
  assert.deepEqual([error.httpStatusCode, error.errorCode], [status, code]);
  assert.ok(error.errorMsg.length > 0);
  assert.match(error.requestId, /^[0-9a-f]{32}$/);
}

describe('tags', () => {
  it('are set, listed, found and deleted', async () => {
    const pathParams = { secret_id: secret.id };
    const tags = `/{secret_id}/tags`;
    const data = { tag: { key: 'für alle', value: 'ja/凭据' } };
    assert.equal((await csms('POST', tags, { pathParams, data })).httpStatusCode, 204);
    const batch = { action: 'create', tags: [{ key: 'run', value: secret.name }] };
    assert.equal((await csms('POST', `${tags}/action`, { pathParams, data: batch })).httpStatusCode, 204);
    const listed = await csms('GET', tags, { pathParams });
    assert.deepEqual(
      listed.tags.sort((one, other) => (one.key < other.key ? -1 : 1)),
      [data.tag, { key: 'run', value: secret.name }].sort((one, other) => (one.key < other.key ? -1 : 1)),
    );
    const condition = { action: 'filter', tags: [{ key: 'run', values: [secret.name] }] };
    const found = await csms('POST', '/resource_instances/action', { data: condition });
    assert.deepEqual([found.total_count, found.resources[0].resource_id], [1, secret.id]);
    const project = await csms('GET', '/tags');
    assert.ok(project.tags.some(({ key, values }) => key === 'run' && values.includes(secret.name)));
    const keyed = { secret_id: secret.id, key: 'run' };
    assert.equal((await csms('DELETE', `${tags}/{key}`, { pathParams: keyed })).httpStatusCode, 204);
  });

  it('are refused with a code that this client finds', async () => {
    assertRefused(await refusal(csms('GET', `/${NOBODY}/tags`)), 404, 'CSMS.0005');
    const data = { action: 'create', tags: [] };
    assertRefused(await refusal(csms('POST', `/${secret.id}/tags/action`, { data })), 400, 'CSMS.0002');
  });
});

describe('events', () => {
  const notification = {
    target_type: 'SMN',
    target_id: `urn:smn:${REGION}:${PROJECT_ID}:nobody`,
    target_name: 'nobody',
  };

  it('are created, shown, updated, listed and deleted', async () => {
    const name = newName();
    const data = { name, event_types: ['SECRET_DELETED'], state: 'ENABLED', notification };
    const { event } = await csms('POST', '/events', { data });
    assert.deepEqual({ ...event, ...data }, event);
    assert.deepEqual((await csms('GET', `/events/${name}`)).event, event);
    const changed = await csms('PUT', `/events/${name}`, { data: { state: 'DISABLED' } });
    assert.deepEqual(changed.event, { ...event, state: 'DISABLED', update_time: changed.event.update_time });
    const queryParams = { limit: '1', marker: name.slice(0, -1) };
    assert.deepEqual((await csms('GET', '/events', { queryParams })).events, [changed.event]);
    assert.equal((await csms('DELETE', `/events/${name}`)).httpStatusCode, 204);
    assertRefused(await refusal(csms('GET', `/events/${name}`)), 404, 'CSMS.0005');
  });

  it('leave records', async () => {
    assert.ok(Array.isArray((await csms('GET', '/notification-records')).records));
  });
});

describe('grants', () => {
  it('are given, listed, changed and taken', async () => {
    const { users } = await global('GET', '/users', { queryParams: { offset: 0, limit: 10 } });
    const [{ user_id }] = users;
    assert.equal((await global('GET', `/users/${user_id}`)).user_id, user_id);
    const data = { resource_id: secret.id, type: 'SECRET', grantee_type: '0', grantee_target_id: user_id };
    const given = await csms('POST', '/grants', { data });
    assert.deepEqual([given.data.resourceId, given.data.granteeUser], [secret.id, user_id]);
    const queryParams = { resource_id: secret.id };
    const changed = await csms('PUT', '/grants', {
      queryParams,
      data: { ...data, validity_time: '2099-12-31' },
    });
    assert.equal(changed.data.uuid, given.data.uuid);
    const listed = await csms('GET', '/grants', { queryParams });
    assert.deepEqual(
      listed.data.grantee_user.map((user) => user.user_id),
      [user_id],
    );
    assert.equal((await csms('DELETE', '/grants', { queryParams })).httpStatusCode, 204);
  });
});

describe('a blob', () => {
  it('brings a deleted secret back', async () => {
    const { secret_blob } = await send(client, 'POST', `/${secret.name}/backup`);
    await send(client, 'DELETE', `/${secret.name}`);
    const restored = await send(client, 'POST', '/restore', { data: { secret_blob } });
    assert.deepEqual(restored.secret, { ...secret, update_time: restored.secret.update_time });
    const { version } = await send(client, 'GET', `/${secret.name}/versions/latest`);
    assert.equal(version.secret_string, 'initial');
  });
});

describe('many secrets', () => {
  it('are imported and read at once', async () => {
    const fresh = newName();
    const secrets = [
      { name: fresh, secret_string: '🔑' },
      { name: secret.name, secret_string: 'x' },
    ];
    const outcome = await send(client, 'POST', '/batch-import', { data: { secrets } });
    assert.deepEqual([outcome.total, outcome.success, outcome.failed], [2, 1, 1]);
    assert.equal(outcome.error_list[0].name, secret.name);
    const data = { secret_name_list: [fresh, secret.name] };
    const read = await send(client, 'POST', '/batch-get-secret-value', { data });
    assert.deepEqual(read.versions.map(({ secret_string }) => secret_string).sort(), ['initial', '🔑']);
    await send(client, 'DELETE', `/${fresh}`);
  });
});

describe('the side operations', () => {
  it('make a password, without a body too', async () => {
    assert.equal((await csms('POST', '/generate-password')).password.length, 32);
    const { password } = await csms('POST', '/generate-password', { data: { length: 8 } });
    assert.equal(password.length, 8);
  });

  it('switch the checker', async () => {
    for (const checking_secret_strength of [true, false]) {
      const data = { checking_secret_strength };
      assert.equal(
        (await send(client, 'POST', '/checker/config', { data })).checking_secret_strength,
        checking_secret_strength,
      );
      const shown = await send(client, 'GET', '/checker/config');
      assert.equal(shown.checking_secret_strength, checking_secret_strength);
    }
  });

  it('check values', async () => {
    const data = { type: '1', data: { password: '123456', token: 'kX9!vP2#qL7@wZ4$' } };
    const checked = await send(client, 'POST', '/checker/check', { data });
    assert.equal(checked.type, '1');
    assert.equal(checked.data.password.strength, 'weak');
    assert.equal(checked.data.token.strength, 'strong');
  });

  it('know agencies and templates', async () => {
    const data = { secret_type: 'RDS-FG' };
    assert.ok((await global('POST', '/agencies', { data })).agencies.length > 0);
    assert.equal((await global('GET', '/agencies', { queryParams: data })).agency_granted, 'true');
    const queryParams = { ...data, secret_sub_type: 'SingleUser', engine: 'mysql' };
    assert.equal(
      typeof (await global('GET', '/function-templates', { queryParams })).function_templates,
      'string',
    );
  });
});
