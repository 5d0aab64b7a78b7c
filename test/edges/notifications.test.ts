import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, createClient, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, run, startDev, until } from '../e2e/process.ts';
import { isSignedBySmn, type Receiver, startReceiver } from '../support/receiver.ts';

const PROJECT = 'a1'.repeat(16);
const DEV = { CSMS_DEV_PROJECT_ID: PROJECT };
const EVENTS = '/v1/{project_id}/csms/events';
const RECORDS = '/v1/{project_id}/csms/notification-records';
const TOPIC = `urn:smn:local-1:${PROJECT}:ops`;

const receivers: Receiver[] = [];
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});

async function start() {
  const receiver = await startReceiver();
  receivers.push(receiver);
  const directory = createScratch();
  writeFileSync(join(directory, 'ops.key'), 'a key of sixteen bytes and more');
  writeHooks(directory, receiver.url);
  return { receiver, directory };
}

function writeHooks(directory: string, url: string): void {
  const topic = `{ urn: "${TOPIC}", endpoints: ["${url}/"], secret_file: ops.key }`;
  writeFileSync(join(directory, 'hooks.yaml'), `topics:\n  - ${topic}\n`);
}

async function subscribe(client: Client, name: string): Promise<void> {
  const notification = { target_type: 'SMN', target_id: TOPIC, target_name: 'ops' };
  const event = { name, event_types: ['SECRET_VERSION_CREATED'], state: 'ENABLED', notification };
  expect((await client('POST', EVENTS, event)).status).toBe(200);
  const secret = { name, secret_string: 'x', event_subscriptions: [name] };
  expect((await client('POST', SECRETS, secret)).status).toBe(200);
}

async function untilRecorded(client: Client, count: number) {
  for (let tries = 0; tries < 300; tries += 1) {
    const { body } = await client('GET', RECORDS);
    if (body.records.length === count) return body.records;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  throw new Error('waited in vain for a record');
}

describe('kill -9 in the middle of a delivery', () => {
  it('loses nothing: the next start delivers again, under the same id', async () => {
    const { receiver, directory } = await start();
    receiver.status = undefined;
    const first = await startDev(directory, DEV);
    await subscribe(createClient(devAccount(directory, first.baseUrl)), 'alarm');
    await until(() => receiver.received.length === 1);
    await first.stop('SIGKILL');

    receiver.status = 200;
    const second = await startDev(directory, DEV);
    await until(() => receiver.received.length === 2);
    const [before, after] = receiver.received;
    expect(after?.body.message_id).toBe(before?.body.message_id);
    expect(after?.body.message).toBe(before?.body.message);
    expect(await isSignedBySmn(after!)).toBe(true);
    const client = createClient(devAccount(directory, second.baseUrl));
    expect(await untilRecorded(client, 1)).toMatchObject([{ notification_status: 'SUCCESS' }]);
    await second.stop();
    expect((await run(['verify'], { CSMS_DATA: directory })).code).toBe(0);
  });
});

describe('a proxy in the environment', () => {
  it('is not used', async () => {
    const { receiver, directory } = await start();
    const proxy = await startReceiver();
    receivers.push(proxy);
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'];
    const variables = Object.fromEntries(names.map((name) => [name, proxy.url]));
    // Node heeds the variables when it is told to, at its start.
    const server = await startDev(directory, { ...DEV, ...variables, NODE_USE_ENV_PROXY: '1' });
    await subscribe(createClient(devAccount(directory, server.baseUrl)), 'direct');
    await until(() => receiver.received.length === 1);
    expect(proxy.received).toEqual([]);
  });
});

describe('hooks.yaml', () => {
  it('is read again on SIGHUP; a wrong one leaves the former in place', async () => {
    const { directory } = await start();
    const other = await startReceiver();
    receivers.push(other);
    const server = await startDev(directory, DEV);
    const client = createClient(devAccount(directory, server.baseUrl));
    writeFileSync(join(directory, 'hooks.yaml'), 'topics:\n  - nonsense: true\n');
    server.process.kill('SIGHUP');
    await server.logged('reload failed');
    expect(server.stderr()).toContain(`${join(directory, 'hooks.yaml')}:2: topics[0].nonsense: `);
    writeHooks(directory, other.url);
    server.process.kill('SIGHUP');
    await server.logged('read identities, hooks and certificates again');
    await subscribe(client, 'moved');
    await until(() => other.received.length === 1);
  });

  it.each([
    ['a host that is not allowed', {}, 'https://evil.example', 'CSMS_WEBHOOK_HOSTS does not allow'],
    [
      'loopback when it was not named',
      { CSMS_WEBHOOK_HOSTS: 'ops.example' },
      'http://127.0.0.1:9',
      'must be an https URL',
    ],
  ])('with %s keeps the server from starting, and says where', async (_, variables, url, problem) => {
    const { directory } = await start();
    writeHooks(directory, url);
    const { code, stderr } = await run(['dev'], {
      CSMS_DATA: directory,
      CSMS_PORT: '0',
      ...DEV,
      ...variables,
    });
    expect(code).toBe(78);
    expect(stderr).toContain(`${join(directory, 'hooks.yaml')}:2: topics[0].endpoints[0]: ${''}`);
    expect(stderr).toContain(problem);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('must be there when it is named', async () => {
    const { directory } = await start();
    const variables = { CSMS_DATA: directory, CSMS_HOOKS: join(directory, 'absent.yaml'), CSMS_PORT: '0' };
    const { code, stderr } = await run(['dev'], variables);
    expect([code, stderr]).toEqual([
      78,
      expect.stringContaining('absent.yaml:1: (file): cannot be read (ENOENT)'),
    ]);
  });

  it('cannot be allowed anything by a list that is none', async () => {
    const { code, stderr } = await run(['dev'], {
      CSMS_DATA: createScratch(),
      CSMS_WEBHOOK_HOSTS: 'https://ops.example',
      CSMS_PORT: '0',
    });
    expect([code, stderr]).toEqual([78, expect.stringContaining('CSMS_WEBHOOK_HOSTS must be a list')]);
  });
});
