import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { callsOf, ok } from '../http/calls.ts';
import { type FunctionServer, startFunction } from '../support/function-server.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { ALPHA, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const KEY = 'the key of all hooks in these tests';
const TOPIC = `urn:smn:local-1:${ALPHA}:ops`;
const FUNCTION = `urn:fss:local-1:${ALPHA}:function:default:rotate`;

let receiver: Receiver;
let rotator: FunctionServer;
const directory = mkdtempSync(join(tmpdir(), 'csms-hooks-'));
const server = shareServer(async () => {
  [receiver, rotator] = [await startReceiver(), await startFunction(KEY, { app: 'Canary-one' })];
  writeFileSync(join(directory, 'hook.key'), KEY, { mode: 0o600 });
  writeFileSync(
    join(directory, 'hooks.yaml'),
    `topics:
  - { urn: "${TOPIC}", endpoints: ["${receiver.url}/ops"], secret_file: hook.key }
functions:
  - { urn: "${FUNCTION}", url: "${rotator.url}", secret_file: hook.key }
`,
  );
  const hooks = { CSMS_HOOKS: join(directory, 'hooks.yaml'), CSMS_WEBHOOK_HOSTS: 'loopback' };
  return { mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN, ...hooks } };
});
afterAll(() => {
  receiver.close();
  rotator.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  await control(server, 'DELETE', '/main/faults');
});
const acme = callsOf(server);

const add = async (fault: object) => {
  expect((await control(server, 'POST', '/main/faults', { body: fault })).status).toBe(201);
};
const hits = async () => (await control(server, 'GET', '/main/faults')).json.faults[0].hits;
const stepsOf = (name: string) =>
  rotator.bodies
    .map((body) => JSON.parse(body))
    .filter(({ secretName }) => secretName === name)
    .map(({ step }) => step);

/** Rotates a new secret, and returns its task when that has ended. */
async function rotated(name: string) {
  rotator.database.passwords.set('app', 'Canary-one');
  await acme.create(name, {
    secret_string: JSON.stringify({ username: 'app', password: 'Canary-one' }),
    secret_type: 'RDS-FG',
    rotation_config: JSON.stringify({ InstanceId: 'db1', SecretSubType: 'SingleUser' }),
    rotation_func_urn: FUNCTION,
  });
  const id = ok(await acme.post(`/${name}/rotate`)).rotation_task_id;
  const path = `/v1/${ALPHA}/csms/tasks?task_id=${id}`;
  const task = async () => ok(await server.send({ method: 'GET', path })).tasks[0];
  await expect.poll(async () => (await task()).task_status, { timeout: 60_000 }).not.toBe('RUNNING');
  return task();
}

describe('a fault of a step of a rotation', () => {
  it('is an answer of the function, which was not called', async () => {
    await add({ operation: 'Rotate.set', name: 'refused', status: 400 });
    expect(await rotated('refused')).toMatchObject({
      task_status: 'FAILED',
      task_error_code: 'FUNCTION_REFUSED',
      task_error_msg: 'The function answered with status 400.',
    });
    expect(stepsOf('refused')).toEqual(['create']);
    expect(rotator.database.passwords.get('app')).toBe('Canary-one');
  });

  it('after it is an answer of the function, which was called', async () => {
    await add({ operation: 'Rotate.test', name: 'late-*', status: 409, when: 'after' });
    expect(await rotated('late-1')).toMatchObject({ task_status: 'FAILED' });
    expect(stepsOf('late-1')).toEqual(['create', 'set', 'test']);
  });

  it('leaves the rotation of other secrets alone', async () => {
    await add({ operation: 'Rotate.*', name: 'refused', status: 400 });
    expect(await rotated('other')).toMatchObject({ task_status: 'SUCCESS' });
    expect(await hits()).toBe(0);
  });
});

describe('a fault of a notification', () => {
  const advance = () => control(server, 'POST', '/main/clock/advance', { body: { by: '10m' } });
  const toldOf = (name: string) =>
    receiver.received.filter(({ body }) => JSON.parse(body.message!).data.secretName === name).length;

  it('is an answer of the topic’s endpoint, and delivery is tried again', async () => {
    const notification = { target_type: 'SMN', target_id: TOPIC, target_name: 'ops' };
    const event = { name: 'alarm', event_types: ['SECRET_VERSION_CREATED'], state: 'ENABLED', notification };
    ok(await server.send({ method: 'POST', path: `/v1/${ALPHA}/csms/events`, body: event }));
    await add({ operation: 'Notify', name: 'told', reset: true, times: 1 });
    await acme.create('told', { secret_string: 'x', event_subscriptions: ['alarm'] });
    await expect.poll(hits, { timeout: 60_000 }).toBe(1);
    expect(toldOf('told')).toBe(0);
    await advance();
    await expect.poll(() => toldOf('told'), { timeout: 60_000 }).toBe(1);
  });

  it('after it comes once more', async () => {
    await add({ operation: 'Notify', name: 'twice', status: 500, when: 'after', times: 1 });
    await acme.create('twice', { secret_string: 'x', event_subscriptions: ['alarm'] });
    await expect.poll(hits, { timeout: 60_000 }).toBe(1);
    await advance();
    await expect.poll(() => toldOf('twice'), { timeout: 60_000 }).toBe(2);
    expect(await hits()).toBe(1);
  });
});
