import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callsOf, ok } from '../http/calls.ts';
import { isSignedBySmn, type Receiver, startReceiver } from '../support/receiver.ts';
import { ADMIN, ALPHA, shareServer, type TestServer, type TestUser } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const TOPIC = `urn:smn:local-1:${ALPHA}:ops`;
const FUNCTION = `urn:fss:local-1:${ALPHA}:function:default:rotate-db`;
const SECRET = 'the secret of a hook';

let receiver: Receiver;
const server = shareServer(async () => {
  receiver = await startReceiver();
  return { mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } };
});
afterAll(() => receiver.close());
beforeAll(async () => {
  await control(server, 'PUT', '/main/hooks', {
    body: { topics: [{ urn: '*', endpoints: [`${receiver.url}/main`], secret: SECRET }] },
  });
  const notification = { target_type: 'SMN', target_id: TOPIC, target_name: 'ops' };
  const event_types = ['SECRET_VERSION_CREATED', 'SECRET_ROTATED'];
  const body = { name: 'alarm', event_types, state: 'ENABLED', notification };
  ok(await callsOf(server).csms('POST', '/events', body));
});

/** A world with the same event, as its first user. */
async function fork(name: string, from = 'main') {
  const { status, json } = await control(server, 'POST', '', { body: { name, from } });
  expect(status).toBe(201);
  const user: TestUser = { ...ADMIN, accessKeyId: json.credentials.ak, secretKey: json.credentials.sk };
  const acme = callsOf(server as TestServer, user);
  return {
    acme,
    ask: (query = '') => control(server, 'GET', `/${name}/${query}`),
    putHooks: (body: object) => control(server, 'PUT', `/${name}/hooks`, { body }),
    create: (secret: string, more: object = { secret_string: 'x' }) =>
      acme.create(secret, { event_subscriptions: ['alarm'], ...more }),
    reset: () => control(server, 'POST', `/${name}/reset`),
    remove: () => control(server, 'DELETE', `/${name}`),
  };
}
const pathsOf = (name: string) =>
  receiver.received.filter(({ body }) => body.message?.includes(`"${name}"`)).map(({ path }) => path);

describe('a fork', () => {
  it('has lists of its own, which begin with it', async () => {
    await callsOf(server).create('in-main');
    const one = await fork('one');
    const two = await fork('two', 'one');
    await two.create('in-two');
    expect((await one.ask('requests')).json).toEqual({ requests: [], last: 0 });
    const { json } = await two.ask('requests?wait=30s');
    expect(json).toMatchObject({ requests: [{ seq: 1, name: 'in-two' }], last: 1 });
    const { notifications } = (await two.ask('notifications?status=SUCCESS&wait=30s')).json;
    expect(notifications).toMatchObject([{ seq: 1, name: 'in-two', attempts: 1 }]);
    expect((await one.ask('notifications')).json).toEqual({ notifications: [], last: 0 });
    const inMain = (await control(server, 'GET', '/main/requests')).json.requests;
    expect(inMain.map(({ name }: { name: string }) => name)).not.toContain('in-two');
  });

  it('calls nothing outside unless its own hooks say so, and signs with the certificate of all', async () => {
    const world = await fork('quiet');
    const { json } = await world.ask('hooks');
    expect(json).toEqual({
      topics: [{ urn: '*', endpoints: ['builtin'] }],
      functions: [{ urn: '*', url: 'builtin' }],
    });
    await world.create('kept-inside');
    expect((await world.ask('notifications?name=kept-inside&status=SUCCESS&wait=30s')).status).toBe(200);
    expect(pathsOf('kept-inside')).toEqual([]);
    const put = await world.putHooks({
      topics: [{ urn: TOPIC, endpoints: [`${receiver.url}/fork`], secret: SECRET }],
    });
    expect(put.status).toBe(200);
    await world.create('sent-outside');
    await callsOf(server).create('from-main', { secret_string: 'x', event_subscriptions: ['alarm'] });
    expect((await world.ask('notifications?name=sent-outside&status=SUCCESS&wait=30s')).status).toBe(200);
    const inMain = await control(server, 'GET', '/main/notifications?name=from-main&status=SUCCESS&wait=30s');
    expect(inMain.status).toBe(200);
    expect([pathsOf('sent-outside'), pathsOf('from-main')]).toEqual([['/fork'], ['/main']]);
    for (const message of receiver.received) expect(await isSignedBySmn(message)).toBe(true);
  });

  it.each([
    ['SingleUser', 'app'],
    ['MultiUser', 'app_clone'],
  ])('rotates without anything outside: %s', async (SecretSubType, username) => {
    const world = await fork(SecretSubType.toLowerCase());
    await world.create('db', {
      secret_type: 'RDS-FG',
      secret_string: '{"username": "app", "password": "first-Pw1!"}',
      rotation_config: JSON.stringify({ InstanceId: 'db1', SecretSubType }),
      rotation_func_urn: FUNCTION,
    });
    ok(await world.acme.post('/db/rotate'));
    const rotated = await world.ask('notifications?event_type=SECRET_ROTATED&status=SUCCESS&wait=30s');
    expect(rotated.json.notifications).toMatchObject([{ name: 'db', version: 'v2' }]);
    const { secret_string } = ok(await world.acme.get('/db/versions/latest')).version;
    expect(JSON.parse(secret_string)).toMatchObject({ username });
  });

  it('begins again with empty lists and its first hooks when it is reset', async () => {
    const world = await fork('again');
    await world.create('before');
    await world.putHooks({});
    await world.ask('requests?wait=30s');
    const wait = world.ask('requests?name=never&wait=60s');
    expect((await world.ask('requests?wait=0s')).status).toBe(200);
    expect((await world.reset()).status).toBe(200);
    expect(await wait).toMatchObject({ status: 408, json: { error_msg: 'the world has been reset' } });
    expect((await world.ask('requests')).json).toEqual({ requests: [], last: 0 });
    expect((await world.ask('notifications')).json).toEqual({ notifications: [], last: 0 });
    expect((await world.ask('hooks')).json.topics).toEqual([{ urn: '*', endpoints: ['builtin'] }]);
    await world.create('after');
    expect((await world.ask('requests?wait=30s')).json.requests).toMatchObject([{ seq: 1, name: 'after' }]);
    const told = await world.ask('notifications?status=SUCCESS&wait=30s');
    expect(told.json.notifications).toMatchObject([{ seq: 1, name: 'after' }]);
  });

  it('does not list, after a reset, what was asked before', async () => {
    const world = await fork('before');
    const fault = { operation: 'ListSecrets', latency: '300ms' };
    await control(server, 'POST', '/before/faults', { body: fault });
    const late = world.acme.get('');
    await world.acme.get('/absent');
    expect((await world.ask('requests?operation=ShowSecret&wait=30s')).status).toBe(200);
    await world.reset();
    await late;
    await world.acme.get('/absent');
    const { requests } = (await world.ask('requests?wait=30s')).json;
    expect(requests).toMatchObject([{ seq: 1, operation: 'ShowSecret' }]);
  });

  it('answers who waits when it is deleted', async () => {
    const world = await fork('leaving');
    const waits = ['requests?wait=60s', 'notifications?wait=60s'].map((query) => world.ask(query));
    expect((await world.ask('requests?wait=250ms')).status).toBe(408);
    expect((await world.remove()).status).toBe(204);
    for (const { json, status } of await Promise.all(waits)) {
      expect([status, json.error_code]).toEqual([404, 'not-found']);
    }
  });
});
