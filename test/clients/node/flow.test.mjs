import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { buildClient, newName, refusal, send } from './sdk.mjs';

const TEXTS = {
  emoji: '🔑👩‍👩‍👧‍👦 ✓',
  'control characters': String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code), 127),
  'line separators': 'a\u2028b\u2029c\ufeff',
  '65,536 bytes': `${'凭'.repeat(21_845)}a`,
};

describe('the operations of a program', () => {
  const client = buildClient();
  let name;

  beforeEach(async () => {
    name = newName();
    await send(client, 'POST', '', { data: { name, secret_string: 'initial' } });
  });

  it('create, show, update and delete a secret', async () => {
    const { secret } = await send(client, 'GET', '/{secret_name}', { pathParams: { secret_name: name } });
    assert.equal(secret.state, 'ENABLED');
    const data = { description: 'naïve 🔑' };
    const updated = await send(client, 'PUT', '/{secret_name}', { pathParams: { secret_name: name }, data });
    assert.equal(updated.secret.description, data.description);
    const deleted = await send(client, 'DELETE', '/{secret_name}', { pathParams: { secret_name: name } });
    assert.equal(deleted.httpStatusCode, 200);
    const error = await refusal(send(client, 'GET', `/${name}`));
    assert.equal(error.httpStatusCode, 404);
  });

  for (const [kind, text] of Object.entries(TEXTS)) {
    it(`read a value back as it was sent: ${kind}`, async () => {
      await send(client, 'POST', `/${name}/versions`, { data: { secret_string: text } });
      const { version } = await send(client, 'GET', `/${name}/versions/latest`);
      assert.equal(version.secret_string, text);
      assert.equal(version.version_metadata.id, 'v2');
    });
  }

  it('read a binary value back as it was sent', async () => {
    const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('base64');
    await send(client, 'POST', `/${name}/versions`, { data: { secret_binary: binary } });
    const { version } = await send(client, 'GET', `/${name}/versions/latest`);
    assert.equal(version.secret_binary, binary);
    assert.ok(!('secret_string' in version));
  });

  it('list versions and set an expiry', async () => {
    await send(client, 'POST', `/${name}/versions`, { data: { secret_string: 'two' } });
    const queryParams = { limit: 1, marker: 'v1' };
    const page = await send(client, 'GET', `/${name}/versions`, { queryParams });
    assert.deepEqual(
      page.version_metadatas.map(({ id }) => id),
      ['v2'],
    );
    const data = { expire_time: 1_696_838_472_000 };
    const { version_metadata } = await send(client, 'PUT', `/${name}/versions/v1`, { data });
    assert.equal(version_metadata.expire_time, data.expire_time);
  });

  it('create, show, update and delete a stage', async () => {
    await send(client, 'POST', `/${name}/stages`, { data: { name: 'blue', version_id: 'v1' } });
    await send(client, 'PUT', `/${name}/stages/blue`, { data: { version_id: 'v1' } });
    const { stage } = await send(client, 'GET', `/${name}/stages/blue`);
    assert.equal(stage.version_id, 'v1');
    const deleted = await send(client, 'DELETE', `/${name}/stages/blue`);
    assert.equal(deleted.httpStatusCode, 204);
  });

  it('schedule a deletion and call it off without a body', async () => {
    const data = { recovery_window_in_days: 7 };
    const scheduled = await send(client, 'POST', `/${name}/scheduled-deleted-tasks/create`, { data });
    assert.equal(scheduled.secret.state, 'PENDING_DELETE');
    const restored = await send(client, 'POST', `/${name}/scheduled-deleted-tasks/cancel`);
    assert.equal(restored.secret.state, 'ENABLED');
    assert.equal(restored.secret.scheduled_delete_time, null);
  });
});
