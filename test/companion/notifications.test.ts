import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { callsOf, ok } from '../http/calls.ts';
import { isSignedBySmn, isSignedWith, type Receiver, startReceiver } from '../support/receiver.ts';
import { ALPHA, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const topic = (name: string) => `urn:smn:local-1:${ALPHA}:${name}`;
const functionUrn = (name: string) => `urn:fss:local-1:${ALPHA}:function:default:${name}`;
const SECRET = 'the secret of a hook, canary';

let receiver: Receiver;
const directory = mkdtempSync(join(tmpdir(), 'csms-told-'));
const server = shareServer(async () => {
  receiver = await startReceiver();
  writeFileSync(join(directory, 'ops.key'), SECRET, { mode: 0o600 });
  const entry = `{ urn: "${topic('ops')}", endpoints: ["${receiver.url}/ops"], secret_file: ops.key }`;
  writeFileSync(join(directory, 'hooks.yaml'), `topics:\n  - ${entry}\n`);
  const env = { CSMS_CONTROL_TOKEN: TOKEN, CSMS_HOOKS: join(directory, 'hooks.yaml') };
  return { mode: 'dev', listen: true, env };
});
afterAll(() => {
  receiver.close();
  rmSync(directory, { recursive: true, force: true });
});
const acme = callsOf(server);

const TYPES = ['SECRET_VERSION_CREATED', 'SECRET_VERSION_EXPIRED', 'SECRET_ROTATED', 'SECRET_DELETED'];
const ask = (query = '') => control(server, 'GET', `/main/notifications${query}`);
const clear = () => control(server, 'DELETE', '/main/notifications');
const putHooks = (body: object) => control(server, 'PUT', '/main/hooks', { body });
async function createEvent(name: string, target = topic(name)): Promise<void> {
  const notification = { target_type: 'SMN', target_id: target, target_name: name };
  const body = { name, event_types: TYPES, state: 'ENABLED', notification };
  ok(await server.send({ method: 'POST', path: `/v1/${ALPHA}/csms/events`, body }));
}
const create = (name: string, event: string) =>
  acme.create(name, { secret_string: 'canary-value', event_subscriptions: [event] });
async function found(query: string) {
  const { status, json } = await ask(`?${query}&wait=60s`);
  expect(status).toBe(200);
  return json.notifications;
}

/** Moves the world's clock, after which all that is due is done. */
const advance = (by: string) => control(server, 'POST', '/main/clock/advance', { body: { by } });

describe('the list of notifications', () => {
  it('has what was told to hooks.yaml’s topics, with the members of the contract and no others', async () => {
    await createEvent('ops');
    await create('told', 'ops');
    const [entry, ...others] = await found('name=told&status=SUCCESS');
    expect(others).toEqual([]);
    expect(entry).toEqual({
      seq: 1,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event_type: 'SECRET_VERSION_CREATED',
      event: 'ops',
      name: 'told',
      version: 'v1',
      topic: topic('ops'),
      status: 'SUCCESS',
      attempts: 1,
      message: expect.any(String),
    });
    expect(receiver.received.map(({ body }) => body.message)).toEqual([entry.message]);
    expect(JSON.parse(entry.message)).toMatchObject({ data: { secretName: 'told', versionId: 'v1' } });
    ok(await acme.remove('/told'));
    expect(await found('event_type=SECRET_DELETED&status=SUCCESS')).toMatchObject([
      { version: null, name: 'told' },
    ]);
    expect((await ask()).text).not.toMatch(/canary/);
  });

  it('has what is tried, at once and until it is settled', async () => {
    receiver.status = 500;
    await create('tried', 'ops');
    // Its caller was answered a moment ago: nobody has to wait for it.
    expect((await ask('?name=tried')).json.notifications).toMatchObject([{ status: 'PENDING' }]);
    await advance('0s');
    expect((await ask('?name=tried')).json.notifications).toMatchObject([{ status: 'PENDING', attempts: 1 }]);
    const wait = ask('?name=tried&status=SUCCESS&wait=60s');
    receiver.status = 200;
    await advance('10s');
    expect((await wait).json.notifications).toMatchObject([{ status: 'SUCCESS', attempts: 2 }]);
    expect((await ask('?name=tried')).json.notifications).toHaveLength(1);
  });

  it('has what could not be told', async () => {
    await createEvent('nowhere');
    await create('untold', 'nowhere');
    expect(await found('name=untold&status=INVALID')).toMatchObject([{ event: 'nowhere', attempts: 1 }]);
  });

  it('is emptied for good: what is settled later does not return', async () => {
    receiver.status = 500;
    await create('emptied', 'ops');
    await advance('0s');
    expect((await ask('?name=emptied&status=PENDING')).json.notifications).toMatchObject([{ attempts: 1 }]);
    const { last } = (await ask()).json;
    expect((await clear()).status).toBe(204);
    receiver.status = 200;
    const { fired } = (await advance('10s')).json;
    expect(fired).toMatchObject([{ type: 'NOTIFICATION', name: 'emptied', status: 'SUCCESS' }]);
    expect((await ask()).json).toEqual({ notifications: [], last });
    await create('after', 'ops');
    expect(await found('name=after&status=SUCCESS')).toMatchObject([{ seq: last + 1 }]);
    expect((await ask()).json).toMatchObject({ notifications: [{ name: 'after' }], last: last + 1 });
  });

  it('has the times of the world, and fails when its hour is over', async () => {
    await clear();
    await control(server, 'POST', '/main/clock/freeze');
    const { now } = (await control(server, 'GET', '/main/clock')).json;
    receiver.status = 503;
    await create('in-vain', 'ops');
    expect((await advance('2h')).json.fired).toMatchObject([{ name: 'in-vain', status: 'FAIL' }]);
    receiver.status = 200;
    await control(server, 'POST', '/main/clock/resume');
    const { notifications } = (await ask()).json;
    expect(notifications).toMatchObject([{ at: now, name: 'in-vain', status: 'FAIL' }]);
    expect(notifications[0].attempts).toBeGreaterThan(10);
    const asked = (await control(server, 'GET', '/main/requests?operation=CreateSecret')).json.requests.at(
      -1,
    );
    expect(asked).toMatchObject({ at: now, name: 'in-vain' });
  });

  it.each([
    ['event_type=SECRET_V*&event=two&name=q*&version=v1', ['q-two']],
    [`topic=${topic('nowhere')}`, ['q-nowhere']],
    ['status=INVALID', ['q-nowhere', 'q-two']],
    ['version=null', []],
    ['event=*w*&since=0', ['q-nowhere', 'q-two']],
  ])('is searched by %s', async (query, names) => {
    if (query.startsWith('event_type')) {
      await createEvent('two');
      await clear();
      await create('q-nowhere', 'nowhere');
      await create('q-two', 'two');
      await found('status=INVALID&count=2');
    }
    const { notifications } = (await ask(`?${query}`)).json;
    expect(notifications.map(({ name }: { name: string }) => name)).toEqual(names);
  });

  it.each(['at', 'attempts', 'message', 'request_id'])('is not searched by %s', async (member) => {
    const { status, json } = await ask(`?${member}=x`);
    expect([status, json.error_code, json.error_msg.split(' ')[0]]).toEqual([400, 'invalid', member]);
  });
});

describe('hooks', () => {
  it('of main are those of hooks.yaml, without secrets', async () => {
    const { status, json, text } = await control(server, 'GET', '/main/hooks');
    expect(status).toBe(200);
    expect(json).toEqual({
      topics: [{ urn: topic('ops'), endpoints: [`${receiver.url}/ops`] }],
      functions: [],
    });
    expect(text).not.toMatch(/canary|secret/);
  });

  it('are replaced as a whole, and are signed with their own secret', async () => {
    const secret = 'another canary secret';
    const endpoints = [`${receiver.url}/other`];
    const put = await putHooks({ topics: [{ urn: '*', endpoints, secret }] });
    expect(put).toMatchObject({ status: 200, json: { topics: [{ urn: '*', endpoints }], functions: [] } });
    expect((await control(server, 'GET', '/main/hooks')).json).toEqual(put.json);
    expect(put.text).not.toContain('canary');
    await createEvent('any');
    for (const event of ['any', 'ops']) await create(`to-${event}`, event);
    await found('name=to-*&status=SUCCESS&count=2');
    const messages = receiver.received.filter(({ path }) => path === '/other');
    const names = messages.map(({ body }) => JSON.parse(body.message ?? '').data.secretName);
    expect(names.sort()).toEqual(['to-any', 'to-ops']);
    for (const message of messages) {
      expect(isSignedWith(secret, message, Date.now())).toBe(true);
      expect(await isSignedBySmn(message)).toBe(true);
    }
  });

  it('have one entry for each name before the one for all others', async () => {
    await putHooks({ topics: [{ urn: topic('ops'), endpoints: ['builtin'] }] });
    await create('inside', 'ops');
    await create('outside', 'any');
    expect(await found('name=inside&status=SUCCESS')).toHaveLength(1);
    expect(await found('name=outside&status=INVALID')).toHaveLength(1);
    await putHooks({ topics: [{ urn: '*', endpoints: ['builtin'] }] });
    await create('outside-too', 'any');
    expect(await found('name=outside-too&status=SUCCESS')).toMatchObject([{ attempts: 1 }]);
    await putHooks({});
    await create('nowhere', 'any');
    expect(await found('name=nowhere&status=INVALID')).toHaveLength(1);
  });

  it.each([
    [
      'a host that may not be called',
      { topics: [{ urn: '*', endpoints: ['https://evil.example/'], secret: SECRET }] },
      'topics[0].endpoints[0]',
    ],
    ['a function without a secret', { functions: [{ urn: '*', url: 'http://127.0.0.1/' }] }, 'functions[0]'],
    [
      'a short secret',
      { functions: [{ urn: '*', url: 'http://127.0.0.1/', secret: 'canary' }] },
      'functions[0].secret',
    ],
    [
      'a secret that is no text',
      { functions: [{ urn: '*', url: 'http://127.0.0.1/', secret: 1 }] },
      'functions.0.secret',
    ],
    ['a file', { functions: [{ urn: '*', url: 'builtin', secret_file: 'x' }] }, 'functions.0.secret_file'],
    ['an unknown member', { hooks: [] }, 'hooks'],
  ])('with %s are refused by name, and stay', async (_, hooks, member) => {
    const before = (await control(server, 'GET', '/main/hooks')).json;
    const { status, json, text } = await putHooks(hooks);
    expect([status, json.error_code, json.error_msg.startsWith(member)]).toEqual([400, 'invalid', true]);
    expect(text).not.toMatch(/canary|evil/);
    expect((await control(server, 'GET', '/main/hooks')).json).toEqual(before);
  });

  it.each(['success', 'DONE', '4xx'])('that the status %s is asked of are refused', async (wanted) => {
    const { status, json } = await control(server, 'GET', `/main/notifications?status=${wanted}`);
    expect([status, json.error_msg]).toEqual([400, expect.stringMatching(/^status must be PENDING, /)]);
    expect((await control(server, 'GET', '/main/notifications?status=SUCC*')).status).toBe(200);
  });

  it.each(['SingleUser', 'MultiUser'])('rotate inside: %s, twice', async (SecretSubType) => {
    await putHooks({
      functions: [{ urn: '*', url: 'builtin' }],
      topics: [{ urn: '*', endpoints: ['builtin'] }],
    });
    const name = `db-${SecretSubType}`;
    await acme.create(name, {
      secret_type: 'RDS-FG',
      secret_string: '{"username": "app", "password": "first-Pw1!", "host": "h"}',
      rotation_config: JSON.stringify({ InstanceId: 'db1', SecretSubType }),
      rotation_func_urn: functionUrn('rotate-db'),
      event_subscriptions: ['ops'],
    });
    const values = [];
    for (const count of [1, 2]) {
      ok(await server.send({ method: 'POST', path: `/v1/${ALPHA}/secrets/${name}/rotate` }));
      const entries = await found(`name=${name}&event_type=SECRET_ROTATED&status=SUCCESS&count=${count}`);
      expect(entries.at(-1)).toMatchObject({ version: `v${count + 1}` });
      values.push(JSON.parse(ok(await acme.get(`/${name}/versions/latest`)).version.secret_string));
    }
    const users = SecretSubType === 'SingleUser' ? ['app', 'app'] : ['app_clone', 'app'];
    expect(values.map(({ username }) => username)).toEqual(users);
    for (const { host, password } of values) expect([host, password.length]).toEqual(['h', 32]);
    expect(values[0].password).not.toBe(values[1].password);
  });
});

describe('main, when it is reset', () => {
  const reset = async (seed: string) => {
    expect((await control(server, 'PUT', '/main/seed', { body: seed })).status).toBe(200);
    expect((await control(server, 'POST', '/main/reset')).status).toBe(200);
    return (await control(server, 'GET', '/main/hooks')).json.topics;
  };

  it('has empty lists that begin at 1, and the hooks of its seed or of hooks.yaml', async () => {
    const inside = [{ urn: '*', endpoints: ['builtin'] }];
    expect(await reset('csms: 1\nhooks: { topics: [{ urn: "*", endpoints: [builtin] }] }')).toEqual(inside);
    for (const noun of ['notifications', 'requests']) {
      expect((await control(server, 'GET', `/main/${noun}`)).json).toEqual({ [noun]: [], last: 0 });
    }
    await createEvent('fresh');
    await create('told-again', 'fresh');
    expect(await found('status=SUCCESS')).toMatchObject([{ seq: 1, name: 'told-again' }]);
    const { requests } = (await control(server, 'GET', '/main/requests?count=2&wait=30s')).json;
    expect(requests).toMatchObject([{ seq: 1, operation: 'CreateSecretEvent', name: null }, { seq: 2 }]);
    expect(await reset('csms: 1')).toEqual([{ urn: topic('ops'), endpoints: [`${receiver.url}/ops`] }]);
  });
});
