import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCompanion } from '../../src/companion/companion.ts';
import { compose } from '../../src/compose/server.ts';
import { DAY_MS, HOUR_MS } from '../../src/std/durations.ts';
import {
  ADMIN,
  ALPHA,
  createLog,
  GAMMA,
  NO_PRESSURE,
  prepareFiles,
  shareServer,
  signedHeaders,
} from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const EVENTS = `/v1/${ALPHA}/csms/events`;
const TOPIC = `urn:smn:local-1:${ALPHA}:ops`;
/** Where each test's clock starts; later than that of the test before, so that nothing is left due. */
const YEAR_MS = 366 * DAY_MS;
const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

let startMs = Date.UTC(2030, 0, 1);
const text = (ms: number) => new Date(ms).toISOString();
const at = (ms: number) => text(startMs + ms);

const clock = async () => (await control(server, 'GET', '/main/clock')).json;
const move = (verb: string, body: object = {}) => control(server, 'POST', `/main/clock/${verb}`, { body });
const advance = async (body: object) => (await move('advance', body)).json;

async function api(method: 'DELETE' | 'GET' | 'POST' | 'PUT', path: string, body?: object) {
  const answer = await server.send({ method, path, ...(body !== undefined && { body }) });
  expect(answer.status < 300, answer.text).toBe(true);
  return answer.json;
}

let last = 0;
/** A name that no other test has. */
const newName = () => `s${++last}`;

async function create(name: string, more: object = {}): Promise<void> {
  await api('POST', SECRETS, { name, secret_string: 'x', ...more });
}

const expireAt = (name: string, ms: number) =>
  api('PUT', `${SECRETS}/${name}/versions/v1`, { expire_time: startMs + ms });

beforeEach(async () => {
  startMs += 2 * YEAR_MS;
  await move('freeze');
  await move('set', { to: text(startMs) });
  expect(await advance({ to: text(startMs) })).toMatchObject({ settled: true });
});

describe('a clock', () => {
  it('stands once it is frozen, and runs on from there', async () => {
    expect(await clock()).toEqual({ now: at(0), frozen: true });
    expect((await move('freeze')).json).toEqual({ now: at(0), frozen: true });
    const { status, json } = await move('resume');
    expect([status, json.frozen]).toEqual([200, false]);
    expect(Date.parse(json.now)).toBeGreaterThanOrEqual(startMs);
    await expect.poll(async () => Date.parse((await clock()).now)).toBeGreaterThan(startMs + 20);
    expect(Date.parse((await clock()).now)).toBeLessThan(startMs + HOUR_MS);
  });

  it('that stood before a moment comes to it once it runs on', async () => {
    const name = newName();
    await create(name);
    await api('POST', `${SECRETS}/${name}/scheduled-deleted-tasks/create`, { recovery_window_in_days: 7 });
    await move('set', { to: at(7 * DAY_MS - 100) });
    // Until the background work has looked, and found nothing to do.
    await pause(1_200);
    expect(await clock()).toEqual({ now: at(7 * DAY_MS - 100), frozen: true });
    await move('resume');
    const read = () => server.send({ method: 'GET', path: `${SECRETS}/${name}` });
    await expect.poll(async () => (await read()).status, { timeout: 10_000 }).toBe(404);
  });

  it('is shown with its world, and as it was moved', async () => {
    await advance({ by: '90m' });
    const { worlds } = (await control(server, 'GET', '')).json;
    expect(worlds[0].clock).toEqual({ now: at(1.5 * HOUR_MS), frozen: true });
  });

  it('shows a time at once, also an earlier one, and does what is overdue then', async () => {
    const name = newName();
    await create(name);
    await expireAt(name, DAY_MS);
    const set = await move('set', { to: at(2 * DAY_MS) });
    expect([set.status, set.json]).toEqual([
      200,
      {
        from: at(0),
        now: at(2 * DAY_MS),
        frozen: true,
        settled: true,
        fired: [{ at: at(2 * DAY_MS), type: 'SECRET_VERSION_EXPIRED', name, version: 'v1' }],
      },
    ]);
    const back = (await move('set', { to: at(-DAY_MS) })).json;
    expect(back).toEqual({
      from: at(2 * DAY_MS),
      now: at(-DAY_MS),
      frozen: true,
      settled: true,
      fired: [],
    });
    expect(await clock()).toEqual({ now: at(-DAY_MS), frozen: true });
  });

  it('that runs is moved and runs on', async () => {
    await move('resume');
    const moved = await advance({ by: '1d' });
    expect(moved.frozen).toBe(false);
    expect(Date.parse(moved.now) - Date.parse(moved.from)).toBe(DAY_MS);
    await expect.poll(async () => (await clock()).now > moved.now).toBe(true);
    const { json } = await move('set', { to: at(0) });
    expect([json.now, json.frozen]).toEqual([at(0), false]);
  });

  it.each([
    ['advance', {}, /^by /],
    ['advance', { by: '1d', to: '2030-01-01T00:00:00Z' }, /^to /],
    ['advance', { by: '-1d' }, /^by /],
    ['advance', { by: '1 day' }, /^by /],
    ['advance', { by: 5 }, /^by /],
    ['advance', { by: '3661d' }, /^by /],
    ['advance', { to: 'tomorrow' }, /^to /],
    ['advance', { to: '2029-12-31T00:00:00Z' }, /^to /],
    ['advance', { days: 5 }, /^days /],
    ['set', {}, /^to /],
    ['set', { to: '2030-02-30T00:00:00Z' }, /^to /],
    ['set', { to: '2030-01-01' }, /^to /],
    ['set', { by: '1d' }, /^(?:by|to) /],
    ['freeze', { at: '2030-01-01T00:00:00Z' }, /^at /],
    ['resume', { by: '1d' }, /^by /],
  ])('refuses %s %j', async (verb, body, message) => {
    const { status, json } = await move(verb, body);
    expect([status, json]).toEqual([
      400,
      { error_code: 'invalid', error_msg: expect.stringMatching(message) },
    ]);
    expect(await clock()).toEqual({ now: at(0), frozen: true });
  });

  it('goes forward 3660 days at most in one call, however they are given', async () => {
    expect((await move('advance', { to: at(3_660 * DAY_MS + 1) })).status).toBe(400);
    expect(await advance({ to: at(3_660 * DAY_MS) })).toMatchObject({ settled: true });
    startMs += 3_660 * DAY_MS;
    expect(await advance({ by: '3660d' })).toMatchObject({ now: at(3_660 * DAY_MS) });
    startMs += 3_660 * DAY_MS;
  });

  it('stays within the years that can be written', async () => {
    await move('set', { to: '9999-12-31T00:00:00Z' });
    const { status, json } = await move('advance', { by: '1d' });
    expect([status, json.error_msg]).toEqual([400, expect.stringMatching(/^by /)]);
    expect((await advance({ by: '23h' })).now).toBe('9999-12-31T23:00:00.000Z');
  });

  it('is moved by one after the other', async () => {
    const answers = await Promise.all([
      advance({ by: '1d' }),
      move('freeze'),
      advance({ by: '1h' }),
      advance({ by: '0s' }),
    ]);
    expect(answers.map(({ from, json = { now: from } }) => json.now)).toEqual([
      at(0),
      at(DAY_MS),
      at(DAY_MS),
      at(DAY_MS + HOUR_MS),
    ]);
  });
});

describe('what comes due while a clock is moved', () => {
  it('is listed at its moment, in the order of moments, types and names', async () => {
    const [gone, expiring, other] = [newName(), newName(), newName()];
    for (const name of [gone, expiring, other]) await create(name);
    await api('POST', `${SECRETS}/${gone}/scheduled-deleted-tasks/create`, { recovery_window_in_days: 7 });
    await expireAt(other, 7 * DAY_MS);
    await expireAt(expiring, 7 * DAY_MS);
    const { fired, ...moved } = await advance({ by: '365d' });
    expect(moved).toEqual({ from: at(0), now: at(365 * DAY_MS), frozen: true, settled: true });
    const [first, second] = [expiring, other].sort();
    expect(fired).toEqual([
      { at: at(7 * DAY_MS), type: 'SECRET_VERSION_EXPIRED', name: first, version: 'v1' },
      { at: at(7 * DAY_MS), type: 'SECRET_VERSION_EXPIRED', name: second, version: 'v1' },
      { at: at(7 * DAY_MS), type: 'SECRET_DELETED', name: gone },
    ]);
    expect((await server.send({ method: 'GET', path: `${SECRETS}/${gone}` })).status).toBe(404);
  });

  it('tells of an expiry only once, and of none while its secret waits for deletion', async () => {
    const [named, waiting] = [newName(), newName()];
    const event = {
      name: named,
      event_types: ['SECRET_VERSION_EXPIRED'],
      state: 'ENABLED',
      notification: target(),
    };
    await api('POST', EVENTS, event);
    await create(named, { event_subscriptions: [named] });
    await create(waiting);
    for (const name of [named, waiting]) await expireAt(name, DAY_MS);
    await api('POST', `${SECRETS}/${waiting}/scheduled-deleted-tasks/create`, {
      recovery_window_in_days: 30,
    });
    expect((await advance({ by: '2d' })).fired).toEqual([
      { at: at(DAY_MS), type: 'SECRET_VERSION_EXPIRED', name: named, version: 'v1' },
      {
        at: at(DAY_MS),
        type: 'NOTIFICATION',
        name: named,
        event_type: 'SECRET_VERSION_EXPIRED',
        topic: TOPIC,
        status: 'INVALID',
      },
    ]);
    expect((await advance({ by: '1d' })).fired).toEqual([]);
  });

  it('is also keys, by their ids', async () => {
    const kms = async (path: string, body: object) => api('POST', `/v1.0/${ALPHA}/kms/${path}`, body);
    const made = async (alias: string) =>
      (await kms('create-key', { key_alias: alias })).key_info.key_id as string;
    const [rotated, deleted] = [await made('rotated'), await made('deleted')];
    await kms('enable-key-rotation', { key_id: rotated });
    await kms('update-key-rotation-interval', { key_id: rotated, rotation_interval: 90 });
    await kms('schedule-key-deletion', { key_id: deleted, pending_days: '90' });
    expect((await advance({ by: '180d' })).fired).toEqual([
      { at: at(90 * DAY_MS), type: 'KEY_ROTATED', name: rotated },
      { at: at(90 * DAY_MS), type: 'KEY_DELETED', name: deleted },
      { at: at(180 * DAY_MS), type: 'KEY_ROTATED', name: rotated },
    ]);
    await kms('disable-key-rotation', { key_id: rotated });
  });

  it('is done in its order while requests come, which see no time between two moments', async () => {
    const names = Array.from({ length: 24 }, newName);
    for (const [index, name] of names.entries()) {
      await create(name);
      await api('POST', `${SECRETS}/${name}/scheduled-deleted-tasks/create`, {
        recovery_window_in_days: 7 + index,
      });
    }
    const busy = newName();
    await create(busy);
    let isMoving = true;
    const times: number[] = [];
    const writing = (async () => {
      while (isMoving) {
        const added = await api('POST', `${SECRETS}/${busy}/versions`, { secret_string: 'x' });
        times.push(added.version_metadata.create_time);
      }
    })();
    const { fired, settled } = await advance({ by: '31d' });
    isMoving = false;
    await writing;
    expect(settled).toBe(true);
    expect(fired).toEqual(
      names.map((name, index) => ({ at: at((7 + index) * DAY_MS), type: 'SECRET_DELETED', name })),
    );
    // Rising, and never far from a moment that was shown: they rise by a millisecond while it stands.
    for (const ms of times) expect((ms - startMs) % DAY_MS).toBeLessThan(1_000);
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it('is done by itself when the clock, moved before, gets there', async () => {
    const name = newName();
    await create(name);
    await api('POST', `${SECRETS}/${name}/scheduled-deleted-tasks/create`, { recovery_window_in_days: 7 });
    await advance({ to: at(7 * DAY_MS - 300) });
    await move('resume');
    const status = async () => (await server.send({ method: 'GET', path: `${SECRETS}/${name}` })).status;
    await expect.poll(status, { timeout: 10_000 }).toBe(404);
  });

  it('is done while the clock stands: nothing needs the time of the world', async () => {
    const name = newName();
    await create(name);
    const event = { name, event_types: ['SECRET_VERSION_CREATED'], state: 'ENABLED', notification: target() };
    await api('POST', EVENTS, event);
    await api('PUT', `${SECRETS}/${name}`, { event_subscriptions: [name] });
    await api('POST', `${SECRETS}/${name}/versions`, { secret_string: 'y' });
    await advance({ by: '0s' });
    const { records } = await api('GET', `/v1/${ALPHA}/csms/notification-records`);
    expect(records.map(({ event_name }: { event_name: string }) => event_name)).toContain(name);
  });
});

function target() {
  return { target_type: 'SMN', target_id: TOPIC, target_name: 'ops' };
}

describe('whoever goes by the clock', () => {
  it('sees its time in responses and in the header Date, also of long and refused ones', async () => {
    const name = newName();
    await create(name);
    await advance({ by: '3d' });
    const date = new Date(startMs + 3 * DAY_MS).toUTCString();
    const shown = await server.send({ method: 'GET', path: `${SECRETS}/${name}` });
    expect([shown.json.secret.create_time, shown.headers.date]).toEqual([startMs, date]);
    for (const path of [SECRETS, `${SECRETS}/none`, `/v1/${GAMMA}/secrets`]) {
      expect((await server.send({ method: 'GET', path })).headers.date).toBe(date);
    }
  });

  it('has signatures that are good by the clock or by the machine’s, and no other', async () => {
    const request = { method: 'GET', path: SECRETS } as const;
    const statusAt = async (ms: number) => {
      const headers = signedHeaders(server.baseUrl, request, ADMIN, ms);
      return (await server.sendUnsigned({ ...request, headers })).status;
    };
    expect(await statusAt(Date.now())).toBe(200);
    expect(await statusAt(startMs + 14 * 60_000)).toBe(200);
    expect(await statusAt(startMs + 16 * 60_000)).toBe(401);
    expect(await statusAt(startMs - DAY_MS)).toBe(401);
  });

  it('has tokens that live a day of it', async () => {
    const password = {
      user: { name: ADMIN.name, password: ADMIN.password, domain: { name: ADMIN.domainName } },
    };
    const identity = { methods: ['password'], password };
    const body = { auth: { identity, scope: { project: { id: ALPHA } } } };
    const issued = await server.sendUnsigned({ method: 'POST', path: '/v3/auth/tokens', body });
    expect(Date.parse(issued.json.token.expires_at)).toBe(startMs + DAY_MS);
    expect(issued.headers.date).toBe(new Date(startMs).toUTCString());
    const headers = { 'x-auth-token': String(issued.headers['x-subject-token']) };
    const status = async () => (await server.sendUnsigned({ method: 'GET', path: SECRETS, headers })).status;
    expect(await status()).toBe(200);
    await advance({ by: '24h' });
    expect(await status()).toBe(401);
  });
});

describe('the clock of a fork', () => {
  const fork = async (from = 'main') => {
    const { json, status } = await control(server, 'POST', '', { body: { from } });
    expect(status).toBe(201);
    return json;
  };
  const moveOf = (name: string, verb: string, body: object = {}) =>
    control(server, 'POST', `/${name}/clock/${verb}`, { body });

  it('is a copy that moves alone, and is back at the fork point after a reset', async () => {
    const { name, clock: copied } = await fork();
    expect(copied).toEqual({ now: at(0), frozen: true });
    expect((await moveOf(name, 'advance', { by: '10d' })).json.now).toBe(at(10 * DAY_MS));
    expect(await clock()).toEqual({ now: at(0), frozen: true });
    const { name: second, clock: later } = await fork(name);
    expect(later.now).toBe(at(10 * DAY_MS));
    await moveOf(name, 'resume');
    const reset = await control(server, 'POST', `/${name}/reset`);
    expect(reset.json.clock).toEqual({ now: at(0), frozen: true });
    expect((await control(server, 'GET', `/${second}/clock`)).json.now).toBe(at(10 * DAY_MS));
  });

  it('leads its own background work, with functions and topics inside', async () => {
    const { name, credentials } = await fork();
    const user = { ...ADMIN, accessKeyId: credentials.ak, secretKey: credentials.sk };
    const post = (path: string, body: object) => server.send({ method: 'POST', path, body }, user);
    const event = { name, event_types: ['SECRET_ROTATED'], state: 'ENABLED', notification: target() };
    expect((await post(EVENTS, event)).status).toBe(200);
    const secret = {
      name: 'db',
      secret_type: 'RDS-FG',
      secret_string: '{"username":"app","password":"first-Pw1!"}',
      auto_rotation: true,
      rotation_period: '30d',
      rotation_func_urn: `urn:fss:local-1:${ALPHA}:function:default:rotate`,
      rotation_config: '{"InstanceId":"db1","SecretSubType":"SingleUser"}',
      event_subscriptions: [name],
    };
    expect((await post(SECRETS, secret)).status).toBe(200);
    expect((await post(SECRETS, { ...secret, name: 'slow', event_subscriptions: [] })).status).toBe(200);
    const fault = { operation: 'Rotate.set', name: 'slow', status: 503, times: 3 };
    expect((await control(server, 'POST', `/${name}/faults`, { body: fault })).status).toBe(201);
    const { fired, settled } = (await moveOf(name, 'advance', { by: '365d' })).json;
    expect(settled).toBe(true);
    const months = Array.from({ length: 12 }, (_, index) => index + 1);
    const of = (secretName: string) => fired.filter((entry: { name: string }) => entry.name === secretName);
    // After waits of 5, 10 and 20 seconds.
    expect(of('slow')[0]).toMatchObject({ at: at(30 * DAY_MS + 35_000), type: 'SECRET_ROTATED' });
    expect(of('db')).toEqual(
      months.flatMap((month) => [
        { at: at(month * 30 * DAY_MS), type: 'SECRET_ROTATED', name: 'db', version: `v${month + 1}` },
        {
          at: at(month * 30 * DAY_MS),
          type: 'NOTIFICATION',
          name: 'db',
          event_type: 'SECRET_ROTATED',
          topic: TOPIC,
          status: 'SUCCESS',
        },
      ]),
    );
    expect((await server.send({ method: 'GET', path: `${SECRETS}/db` })).status).toBe(404);
  });

  it('is unknown once its world has ended, also to whoever moves it', async () => {
    const { name } = await fork();
    const moving = Array.from({ length: 5 }, () => moveOf(name, 'advance', { by: '3660d' }));
    const deleted = await control(server, 'DELETE', `/${name}`);
    expect(deleted.status).toBe(204);
    for (const { status } of await Promise.all(moving)) expect([200, 404]).toContain(status);
    expect((await moveOf(name, 'advance', { by: '1d' })).status).toBe(404);
  });
});

describe('a client that goes away', () => {
  it('leaves no clock in the middle: what it asked for is done', async () => {
    const leaving = new AbortController();
    const asked = control(server, 'POST', '/main/clock/advance', {
      body: { by: '3000d' },
      signal: leaving.signal,
    });
    await expect.poll(async () => (await clock()).now, { interval: 1 }).not.toBe(at(0));
    leaving.abort();
    await asked.catch(() => undefined);
    await expect.poll(async () => (await clock()).now).toBe(at(3_000 * DAY_MS));
    startMs += 3_000 * DAY_MS;
  });
});

describe('the clock of a fork', () => {
  it('is moved while others have their turns, although its data are in memory', async () => {
    const seed = `csms: 1
secrets:
  - name: often
    secret_type: RDS-FG
    secret_string: '{"username": "app", "password": "first-Pw1!"}'
    auto_rotation: true
    rotation_period: 6h
    rotation_func_urn: rotate
    rotation_config: '{"InstanceId": "db1", "SecretSubType": "SingleUser"}'
`;
    await control(server, 'POST', '', { body: { name: 'busy' } });
    expect((await control(server, 'PUT', '/busy/seed', { body: seed })).status).toBe(200);
    let isOver = false;
    const advance = control(server, 'POST', '/busy/clock/advance', { body: { by: '60d' } }).finally(() => {
      isOver = true;
    });
    let turns = 0;
    for (; !isOver; turns += 1) await control(server, 'GET', '/busy/clock');
    expect((await advance).json.fired).toHaveLength(4 * 60);
    expect(turns).toBeGreaterThan(10);
    await control(server, 'DELETE', '/busy');
  });
});

describe('a restart', () => {
  it('brings the clock of main back to the machine’s, which is trusted as before', async () => {
    const { config, directory } = await prepareFiles('dev', { CSMS_CONTROL_TOKEN: TOKEN });
    const lines: string[] = [];
    const start = async () => {
      const composed = await compose(config, createLog('warn', lines), {
        createCompanion,
        pressure: NO_PRESSURE,
        onFatal: (reason) => lines.push(reason),
      });
      const baseUrl = await composed.app.listen({ host: '127.0.0.1', port: 0 });
      return { baseUrl, stop: () => composed.app.close().then(composed.close) };
    };
    for (const to of ['2040-01-01T00:00:00Z', '2001-01-01T00:00:00Z']) {
      const { baseUrl, stop } = await start();
      const { now, frozen } = (await control({ baseUrl }, 'GET', '/main/clock')).json;
      expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(HOUR_MS);
      expect(frozen).toBe(false);
      await control({ baseUrl }, 'POST', '/main/clock/freeze');
      expect((await control({ baseUrl }, 'POST', '/main/clock/set', { body: { to } })).status).toBe(200);
      await stop();
    }
    await (await start()).stop();
    rmSync(directory, { recursive: true, force: true });
    expect(lines.filter((line) => line.includes('clock'))).toEqual([]);
  });
});
