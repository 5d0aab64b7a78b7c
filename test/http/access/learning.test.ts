import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { ADMIN, ALPHA, shareServer } from '../../support/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'csms-learn-'));
const file = join(directory, 'learnt.jsonl');
afterAll(() => rmSync(directory, { recursive: true }));
const server = shareServer({ mode: 'dev', env: { CSMS_POLICY_LEARN: file } });

const secrets = `/v1/${ALPHA}/secrets`;
const URN = `csms:local-1:${ADMIN.domainId}:secretName:`;
const KEY = `kms:local-1:${ADMIN.domainId}:KeyId:`;
const send = (method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) });

/** What is learnt meanwhile, without time, user and project. */
async function learnt(work: () => Promise<unknown>, count: number) {
  const read = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const before = read().length;
  await work();
  await vi.waitFor(() => expect(read().length).toBeGreaterThanOrEqual(before + count));
  return read()
    .slice(before)
    .map((line) => JSON.parse(line))
    .map(({ action, resource }) => `${action} ${resource}`);
}

it('each action that is allowed is noted, with what it was done to', async () => {
  const rotated = { secret_type: 'RDS-FG', rotation_config: JSON.stringify({ InstanceId: 'i' }) };
  const made = await learnt(() => send('POST', secrets, { name: 'db', secret_string: 'x', ...rotated }), 2);
  let [id, key] = ['', ''];
  await learnt(async () => {
    ({ id, kms_key_id: key } = (await send('GET', `${secrets}/db`)).json.secret);
  }, 1);
  expect(made).toEqual([`csms:secret:create ${URN}db`, `kms:cmk:createDataKey ${KEY}${key}`]);
  const all: [work: () => Promise<unknown>, lines: string[]][] = [
    [() => send('GET', `/v1/${ALPHA}/csms/${id}/tags`), [`csms:secret:listTags ${URN}db`]],
    [
      () => send('GET', `${secrets}/db/versions/latest`),
      [`csms:secret:getVersion ${URN}db`, `kms:cmk:decryptDataKey ${KEY}${key}`],
    ],
    [() => send('GET', secrets), ['csms:secret:list *']],
    [() => send('GET', `/v1/${ALPHA}/csms/events`), ['csms::listEvents *']],
    [
      () => send('POST', `${secrets}/batch-get-secret-value`, { secret_name_list: ['db'] }),
      [
        'csms:secret:batchGetSecretValue *',
        `csms:secret:getVersion ${URN}db`,
        `kms:cmk:decryptDataKey ${KEY}${key}`,
      ],
    ],
    [
      () => send('POST', `${secrets}/db/rotate`),
      [
        `csms:secret:rotate ${URN}db`,
        `kms:cmk:createDataKey ${KEY}${key}`,
        `kms:cmk:decryptDataKey ${KEY}${key}`,
      ],
    ],
    [
      () => send('POST', `/v1.0/${ALPHA}/kms/describe-key`, { key_id: 'alias/csms/default' }),
      [`kms:cmk:get ${KEY}${key}`],
    ],
    [() => send('POST', `${secrets}/batch-delete`, { instance_id: 'i' }), [`csms:secret:delete ${URN}db`]],
  ];
  for (const [work, lines] of all) expect(await learnt(work, lines.length)).toEqual(lines);
});

it('in lines of a file that only its owner reads', async () => {
  await learnt(() => send('GET', secrets), 1);
  const line = JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '');
  expect(line).toEqual({
    time: expect.any(Number),
    user: 'admin',
    project: 'local-1',
    action: 'csms:secret:list',
    resource: '*',
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
