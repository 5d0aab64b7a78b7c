import { expect, it } from 'vitest';
import { createClient, createSecret, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, startDev } from '../e2e/process.ts';

it('a server without room lets through whatever takes away, and what ends the use of a key', async () => {
  const data = createScratch();
  let server = await startDev(data);
  let client = createClient(devAccount(data, server.baseUrl));
  const kms = '/v1.0/{project_id}/kms';
  const { id } = (await client('POST', SECRETS, { name: 'one', secret_string: 'x' })).body.secret;
  await createSecret(client, 'two');
  const made = await client('POST', `${kms}/create-key`, { key_alias: 'one' });
  const keyId = made.body.key_info.key_id;
  const notification = { target_type: 'SMN', target_id: 'urn:nobody', target_name: 'nobody' };
  const event = { name: 'one', event_types: ['SECRET_VERSION_CREATED'], state: 'ENABLED', notification };
  const before = [
    await client('PUT', `${SECRETS}/one/stages/mine`, { version_id: 'v1' }),
    await client('POST', `/v1/{project_id}/csms/${id}/tags`, { tag: { key: 'a', value: 'b' } }),
    await client('POST', '/v1/{project_id}/csms/events', event),
    await client('POST', `${kms}/${keyId}/tags`, { tag: { key: 'a', value: 'b' } }),
    await client('POST', `${kms}/aliases`, { key_id: keyId, alias: 'alias/other' }),
  ];
  expect(before.map(({ status, body }) => (status < 300 ? 'made' : body))).toEqual(before.map(() => 'made'));
  await server.stop();
  server = await startDev(data, { CSMS_LIMITS: `free-bytes=${2 ** 40}` });
  client = createClient(devAccount(data, server.baseUrl));
  expect((await client('POST', SECRETS, { name: 'three', secret_string: 'x' })).status).toBe(507);
  const answers = [
    await client('DELETE', `${SECRETS}/one/stages/mine`),
    await client('DELETE', `/v1/{project_id}/csms/${id}/tags/a`),
    await client('DELETE', '/v1/{project_id}/csms/events/one'),
    await client('DELETE', `${kms}/${keyId}/tags/a`),
    await client('DELETE', `${kms}/aliases`, { key_id: keyId, aliases: ['alias/other'] }),
    await client('POST', `${kms}/disable-key`, { key_id: keyId }),
    await client('POST', `${kms}/schedule-key-deletion`, { key_id: keyId, pending_days: '7' }),
    await client('POST', `${SECRETS}/two/scheduled-deleted-tasks/create`, { recovery_window_in_days: 7 }),
    await client('DELETE', `${SECRETS}/one`),
  ];
  expect(answers.map(({ status, body }) => (status < 300 ? 'done' : body))).toEqual(
    answers.map(() => 'done'),
  );
});
