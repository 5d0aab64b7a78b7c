import { Readable } from 'node:stream';
import { queryObjects } from 'node:v8';
import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import type { TestRequest } from '../support/exchange.ts';
import { ADMIN, ALPHA, GUEST, shareServer, type TestUser } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const WORLDS_MAX = 8;
const SECRETS = `/v1/${ALPHA}/secrets`;

const server = shareServer({
  mode: 'dev',
  listen: true,
  env: {
    CSMS_CONTROL_TOKEN: TOKEN,
    CSMS_WORLDS: `${WORLDS_MAX}`,
    CSMS_REGION: 'cn-north-4',
    CSMS_PUBLIC_URL: 'https://csms.localhost',
  },
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into it
type Shown = any;

/** Forks a world, which is deleted again when the test ends. */
async function fork(body: object = {}): Promise<Shown> {
  const { json, status } = await control(server, 'POST', '', { body });
  expect([status, json.error_msg]).toEqual([201, undefined]);
  made.add(json.name);
  return json;
}

const made = new Set<string>();
const drop = async (name: string) => {
  made.delete(name);
  return (await control(server, 'DELETE', `/${name}`)).status;
};

/** A user of a fork, as the first or the named one. */
function userOf({ users }: Shown, name = ADMIN.name): TestUser {
  const { ak, password, sk } = users.find((user: Shown) => user.name === name);
  const origin = name === GUEST.name ? GUEST : ADMIN;
  return { ...origin, accessKeyId: ak, secretKey: sk, password };
}

const create = (user: TestUser, name: string, value = 'x') =>
  server.send({ method: 'POST', path: SECRETS, body: { name, secret_string: value } }, user);
const read = async (user: TestUser, name: string) =>
  (await server.send({ method: 'GET', path: `${SECRETS}/${name}/versions/latest` }, user)).json.version
    ?.secret_string;
const statusOf = async (user: TestUser, path = SECRETS) =>
  (await server.send({ method: 'GET', path }, user)).status;
const namesIn = async (user: TestUser): Promise<string[]> =>
  (await server.send({ method: 'GET', path: `${SECRETS}?limit=100` }, user)).json.secrets.map(
    (secret: Shown) => secret.name,
  );

const logIn = (name: string, password: string) =>
  server.sendUnsigned({
    method: 'POST',
    path: '/v3/auth/tokens',
    body: {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name, password, domain: { name: ADMIN.domainName } } },
        },
        scope: { project: { id: ALPHA } },
      },
    },
  });

/** What a request with that token gets. */
const withToken = (token: string, request: TestRequest = { method: 'GET', path: SECRETS }) =>
  server.sendUnsigned({ ...request, headers: { 'x-auth-token': token } });

describe('a fork', () => {
  it('has the same ids and other keys, and is found by any of them', async () => {
    await create(ADMIN, 'shared', 'of both');
    const world = await fork({ name: 'w1' });
    expect(world).toEqual({
      name: 'w1',
      from: 'main',
      ttl: '1h',
      clock: { now: expect.stringMatching(/Z$/), frozen: false },
      credentials: {
        endpoint: server.baseUrl,
        ak: expect.stringMatching(/^AK[A-Z0-9]{18}$/),
        sk: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
        project_id: ALPHA,
        token: expect.any(String),
        user: 'admin',
        domain: 'acme',
        password: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
      },
      users: ['admin', 'guest', 'outsider'].map((name) => ({
        name,
        ak: expect.any(String),
        sk: expect.any(String),
        password: expect.any(String),
      })),
      env: expect.objectContaining({
        CSMS_ENDPOINT: server.baseUrl,
        HUAWEICLOUD_SDK_AK: world.credentials.ak,
        HUAWEICLOUD_SDK_SK: world.credentials.sk,
        HUAWEICLOUD_SDK_PROJECT_ID: ALPHA,
        HUAWEICLOUD_SDK_DOMAIN_ID: ADMIN.domainId,
        HUAWEICLOUD_SDK_REGION_CSMS_CN_NORTH_4: server.baseUrl,
        HW_AUTH_URL: `${server.baseUrl}/v3`,
        CSMS_USER: 'admin',
        CSMS_DOMAIN: 'acme',
        CSMS_PASSWORD: world.credentials.password,
      }),
    });
    expect(world.env).not.toHaveProperty('CSMS_CONTROL_TOKEN');
    const user = userOf(world);
    expect(await create(user, 'only-here')).toMatchObject({ status: 200 });
    expect([await namesIn(user), await namesIn(ADMIN)]).toEqual([['only-here', 'shared'], ['shared']]);
    const idIn = async (who: TestUser) =>
      (await server.send({ method: 'GET', path: `${SECRETS}/shared` }, who)).json.secret.id;
    expect(await idIn(user)).toBe(await idIn(ADMIN));
    // By the token of its credentials, and by one that its password gets.
    expect((await withToken(world.credentials.token)).json.secrets).toHaveLength(2);
    const { headers } = await logIn('admin', world.credentials.password);
    expect((await withToken(String(headers['x-subject-token']))).json.secrets).toHaveLength(2);
    // Another user of it reads the same.
    expect(await namesIn(userOf(world, GUEST.name))).toEqual(['only-here', 'shared']);
    await drop('w1');
  });

  it('takes no key of another world, nor gives its own away', async () => {
    const [one, two] = [await fork(), await fork()];
    const mixed = { ...userOf(one), secretKey: userOf(two).secretKey };
    expect(await statusOf(mixed)).toBe(401);
    expect((await logIn('admin', ADMIN.password)).status).toBe(201);
    expect((await logIn('guest', userOf(one).password)).status).toBe(401);
    expect(new Set([ADMIN, userOf(one), userOf(two)].map(({ accessKeyId }) => accessKeyId)).size).toBe(3);
    await Promise.all([drop(one.name), drop(two.name)]);
  });

  it('is a fork of main by default, and lasts an hour unless told otherwise', async () => {
    const { name, from, ttl } = await fork();
    expect([name, from, ttl]).toEqual([expect.stringMatching(/^[a-z][a-z0-9-]{0,31}$/), 'main', '1h']);
    expect(await fork({ ttl: '90m', from: name })).toMatchObject({ ttl: '90m', from: name });
    for (const world of made) await drop(world);
  });

  it('has the address that was called', async () => {
    for (const [host, endpoint] of [
      ['csms:8080', 'http://csms:8080'],
      ['[::1]:4280', 'http://[::1]:4280'],
      ['host.docker.internal:9', 'http://host.docker.internal:9'],
      // Behind a proxy that ends TLS.
      ['csms.localhost', 'https://csms.localhost'],
    ] as const) {
      const { json } = await control(server, 'GET', '/main', { headers: { host } });
      expect([json.credentials.endpoint, json.env.CSMS_ENDPOINT]).toEqual([endpoint, endpoint]);
    }
  });

  it('of a fork has what the first one had, and outlives it', async () => {
    const first = await fork({ name: 'with-orders' });
    await create(userOf(first), 'orders', 'first');
    const second = await fork({ from: 'with-orders', name: 'second' });
    await create(userOf(first), 'later');
    await create(userOf(second), 'own');
    expect((await namesIn(userOf(second))).sort()).toEqual(['orders', 'own', 'shared']);
    expect((await namesIn(userOf(first))).sort()).toEqual(['later', 'orders', 'shared']);
    expect(await drop('with-orders')).toBe(204);
    expect(await read(userOf(second), 'orders')).toBe('first');
    expect((await control(server, 'POST', '/second/reset')).status).toBe(200);
    expect((await namesIn(userOf(second))).sort()).toEqual(['orders', 'shared']);
    expect(await control(server, 'GET', '/second')).toMatchObject({ json: { from: 'with-orders' } });
    await drop('second');
  });

  it('has credentials as they are asked for', async () => {
    const credentials = { ak: 'AKCI', sk: 'sk-only-for-ci', password: 'only-for-ci' };
    const world = await fork({ credentials });
    expect(world.credentials).toMatchObject(credentials);
    expect(world.users[0]).toEqual({ name: 'admin', ...credentials });
    expect(world.users[1].ak).not.toBe('AKCI');
    expect(await statusOf(userOf(world))).toBe(200);
    expect((await logIn('admin', 'only-for-ci')).status).toBe(201);
    const some = await fork({ credentials: { ak: 'AKCI2' } });
    expect(some.credentials.ak).toBe('AKCI2');
    expect(some.credentials.password).not.toBe('only-for-ci');
    for (const taken of [{ ak: 'AKCI' }, { ak: ADMIN.accessKeyId }, { ak: GUEST.accessKeyId }]) {
      const { json, status } = await control(server, 'POST', '', { body: { credentials: taken } });
      expect([status, json.error_code, json.error_msg]).toEqual([
        409,
        'credentials-taken',
        expect.stringMatching(/^credentials\.ak /),
      ]);
    }
    for (const password of ['only-for-ci', ADMIN.password]) {
      const { json } = await control(server, 'POST', '', { body: { credentials: { password } } });
      expect([json.error_code, json.error_msg]).toEqual([
        'credentials-taken',
        expect.stringMatching(/^credentials\.password /),
      ]);
      expect(json.error_msg).not.toContain(password);
    }
    // Free again once their world has ended.
    await drop(world.name);
    await fork({ credentials });
    for (const name of made) await drop(name);
  });

  it('is refused for what is wrong, by the member’s name', async () => {
    const wrong: readonly (readonly [object, number, string, RegExp])[] = [
      [{ name: 'Upper' }, 400, 'invalid', /^name /],
      [{ name: `w${'x'.repeat(32)}` }, 400, 'invalid', /^name /],
      [{ name: 1 }, 400, 'invalid', /^name /],
      [{ named: 'w' }, 400, 'invalid', /^named /],
      [{ ttl: '999ms' }, 400, 'invalid', /^ttl /],
      [{ ttl: '25h' }, 400, 'invalid', /^ttl /],
      [{ ttl: 'long' }, 400, 'invalid', /^ttl /],
      [{ credentials: { ak: 'with space' } }, 400, 'invalid', /^credentials\.ak /],
      [{ credentials: { sk: 'short' } }, 400, 'invalid', /^credentials\.sk /],
      [{ credentials: { token: 'x' } }, 400, 'invalid', /^credentials\.token /],
      [{ from: 'nowhere' }, 404, 'not-found', /^from /],
      [{ name: 'main' }, 409, 'world-exists', /./],
    ];
    for (const [body, status, code, message] of wrong) {
      const { json, ...refused } = await control(server, 'POST', '', { body });
      expect([refused.status, json.error_code, json.error_msg]).toEqual([
        status,
        code,
        expect.stringMatching(message),
      ]);
    }
    expect((await control(server, 'GET', '')).json.worlds).toHaveLength(1);
  });

  it('is one of two of the same name at once, or with the same key', async () => {
    const both = async (body: object) => {
      const answers = await Promise.all([1, 2, 3].map(() => control(server, 'POST', '', { body })));
      for (const { json } of answers) if (json.name) made.add(json.name);
      return answers.map(({ json }) => json.error_code ?? 'made').sort();
    };
    expect(await both({ name: 'twice' })).toEqual(['made', 'world-exists', 'world-exists']);
    const slow = { password: 'checked-against-main' };
    expect(await both({ name: 'slow', credentials: slow })).toEqual(['made', 'world-exists', 'world-exists']);
    expect(await both({ credentials: { ak: 'AKTWICE', password: 'another-one' } })).toEqual([
      'credentials-taken',
      'credentials-taken',
      'made',
    ]);
    for (const name of made) await drop(name);
  });

  it('is not made beyond CSMS_WORLDS', async () => {
    const asked = Array.from({ length: WORLDS_MAX + 2 }, () => control(server, 'POST', ''));
    const answers = await Promise.all(asked);
    for (const { json } of answers) if (json.name) made.add(json.name);
    expect(made.size).toBe(WORLDS_MAX);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(({ json, status }) => [status, json.error_code])).toEqual([
      [409, 'too-many-worlds'],
      [409, 'too-many-worlds'],
    ]);
    const [name] = made;
    await drop(String(name));
    await fork();
    for (const world of made) await drop(world);
  });

  it('has passwords that cannot be changed', async () => {
    const world = await fork();
    const token = String((await logIn('admin', world.credentials.password)).headers['x-subject-token']);
    const body = { old_password: world.credentials.password, password: 'Another-password-91bd' };
    const answer = await withToken(token, { method: 'POST', path: '/v1/csms/users/change-password', body });
    expect(answer).toMatchObject({ status: 400, json: { error_code: 'CSMS.0003' } });
    await drop(world.name);
  });

  it('is listed behind main, in the order in which they were made', async () => {
    await fork({ name: 'zz' });
    await fork({ name: 'aa', from: 'zz', ttl: '5m' });
    const clock = { now: expect.stringMatching(/Z$/), frozen: false };
    expect((await control(server, 'GET', '')).json).toEqual({
      worlds: [
        { name: 'main', from: null, ttl: null, clock },
        { name: 'zz', from: 'main', ttl: '1h', clock },
        { name: 'aa', from: 'zz', ttl: '5m', clock },
      ],
    });
    const shown = (await control(server, 'GET', '/aa')).json;
    expect(shown.users).toHaveLength(3);
    expect(await statusOf(userOf(shown))).toBe(200);
    for (const name of made) await drop(name);
  });
});

describe('a world with a ttl', () => {
  it('ends when nobody has called it for so long: requests count, and so do calls', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const world = await fork({ ttl: '1s' });
      const other = await fork({ ttl: '24h' });
      const uses = [
        () => namesIn(userOf(world)),
        () => control(server, 'GET', `/${world.name}`),
        () => fork({ from: world.name, ttl: '24h' }),
      ];
      for (const use of [...uses, ...uses]) {
        await vi.advanceTimersByTimeAsync(999);
        await use();
      }
      const listed = async () =>
        (await control(server, 'GET', '')).json.worlds.map((row: Shown) => row.name).includes(world.name);
      await vi.advanceTimersByTimeAsync(999);
      expect(await listed()).toBe(true);
      await vi.advanceTimersByTimeAsync(2);
      expect(await listed()).toBe(false);
      expect(await statusOf(userOf(world))).toBe(401);
      expect(await statusOf(userOf(other))).toBe(200);
      made.delete(world.name);
    } finally {
      vi.useRealTimers();
      for (const name of made) await drop(name);
    }
  });
});

describe('the control API', () => {
  it('opens to nothing but its token: no key, password or token of any world', async () => {
    const world = await fork();
    const { password, token } = world.credentials;
    const { origin } = new URL(server.baseUrl);
    const path = `/_csms/worlds/${world.name}`;
    for (const user of [ADMIN, userOf(world)]) {
      const signed = server.sign({ method: 'GET', path }, user);
      const response = await fetch(origin + path, { headers: signed });
      expect([response.status, (await response.json()) as object]).toEqual([
        401,
        { error_code: 'unauthorized', error_msg: expect.any(String) },
      ]);
    }
    for (const [name, value] of [
      ['x-auth-token', token],
      ['authorization', `Bearer ${token}`],
      ['authorization', `Bearer ${password}`],
      ['authorization', `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`],
      ['authorization', TOKEN],
    ]) {
      const response = await fetch(origin + path, { headers: { [name]: value } });
      expect([name, response.status]).toEqual([name, 401]);
    }
    await drop(world.name);
  });

  it('leaves no key, password or token in the log', async () => {
    const world = await fork();
    await create(userOf(world), 'logged', 'value-that-is-secret');
    await logIn('admin', world.credentials.password);
    await control(server, 'POST', '', { body: { credentials: { sk: world.credentials.sk, bad: 1 } } });
    await control(server, 'POST', '', { body: { ttl: world.credentials.password } });
    await control(server, 'POST', `/${world.name}/reset`);
    await drop(world.name);
    const { ak: _, endpoint: __, project_id: ___, user: ____, domain: _____, ...secrets } = world.credentials;
    for (const secret of [...Object.values<string>(secrets), TOKEN, 'value-that-is-secret'])
      expect(server.logText()).not.toContain(secret);
  });
});

describe('main', () => {
  it('is shown with what is known of its credentials', async () => {
    const { json, status } = await control(server, 'GET', '/main');
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'main', from: null, ttl: null });
    expect(json.credentials).toMatchObject({
      ak: ADMIN.accessKeyId,
      sk: ADMIN.secretKey,
      project_id: ALPHA,
      user: 'admin',
      password: null,
    });
    expect((await withToken(json.credentials.token)).status).toBe(200);
  });

  it('stays, and is not reset without a seed', async () => {
    const refused = await control(server, 'DELETE', '/main');
    expect([refused.status, refused.json.error_code]).toEqual([409, 'main-stays']);
    const reset = await control(server, 'POST', '/main/reset');
    expect([reset.status, reset.json.error_code]).toEqual([409, 'no-seed']);
    expect(await namesIn(ADMIN)).toContain('shared');
  });
});

describe('a reset', () => {
  it('brings back the fork point, and keeps the credentials', async () => {
    const world = await fork({ name: 'again' });
    const user = userOf(world);
    for (let round = 0; round < 3; round += 1) {
      await create(user, `only-${round}`);
      await create(ADMIN, `later-${round}`);
      expect(await namesIn(user)).toEqual([`only-${round}`, 'shared']);
      const { json, status } = await control(server, 'POST', '/again/reset');
      expect(status).toBe(200);
      expect(json).toMatchObject({ name: 'again', from: 'main', ttl: '1h', users: world.users });
      expect(await namesIn(user)).toEqual(['shared']);
      expect((await withToken(world.credentials.token)).json.secrets).toHaveLength(1);
    }
    await drop('again');
  });

  it('shows the old state or the new one to what runs meanwhile, and never a mixture', async () => {
    const world = await fork({ name: 'busy' });
    const user = userOf(world);
    for (let index = 0; index < 5; index += 1) await create(user, `many-${index}`);
    const old = await namesIn(user);
    const asked = Array.from({ length: 30 }, () =>
      server.send({ method: 'GET', path: `${SECRETS}?limit=100` }, user),
    );
    const resets = [control(server, 'POST', '/busy/reset'), control(server, 'POST', '/busy/reset')];
    for (const { json, status } of await Promise.all(asked)) {
      expect([200, 503]).toContain(status);
      if (status !== 200) continue;
      const names = json.secrets.map((secret: Shown) => secret.name);
      expect([old.join(), 'later-0,later-1,later-2,shared'.split(',').join()]).toContain(names.join());
    }
    for (const { status } of await Promise.all(resets)) expect(status).toBe(200);
    expect((await namesIn(user)).some((name) => name.startsWith('many-'))).toBe(false);
    await drop('busy');
  });

  it('comes before a call whose body is still on its way', async () => {
    await fork({ name: 'slow' });
    const body = Readable.from(
      (async function* () {
        yield '{"status":';
        expect((await control(server, 'POST', '/slow/reset')).status).toBe(200);
        yield '503}';
      })(),
    );
    expect((await control(server, 'POST', '/slow/faults', { body })).status).toBe(201);
    expect((await control(server, 'GET', '/slow/faults')).json.faults).toHaveLength(1);
    await drop('slow');
  });

  it('of a world that is being forked is no end of it', async () => {
    await fork({ name: 'origin' });
    // Checking a chosen password takes long enough for a reset.
    const credentials = { password: 'chosen-password-1' };
    const [forked, reset] = await Promise.all([
      control(server, 'POST', '', { body: { name: 'copy', from: 'origin', credentials } }),
      control(server, 'POST', '/origin/reset'),
    ]);
    made.add('copy');
    expect([forked.status, forked.json.from, reset.status]).toEqual([201, 'origin', 200]);
    for (const name of ['copy', 'origin']) await drop(name);
  });

  it('of a world that is deleted meanwhile finds none, and leaves none', async () => {
    const world = await fork({ name: 'going' });
    await create(userOf(world), 'x');
    const [reset, deleted] = await Promise.all([
      control(server, 'POST', '/going/reset'),
      control(server, 'DELETE', '/going'),
    ]);
    expect([200, 404]).toContain(reset.status);
    expect([204, 404]).toContain(deleted.status);
    made.delete('going');
    expect((await control(server, 'GET', '/going')).status).toBe(404);
    expect(await statusOf(userOf(world))).toBe(401);
  });
});

describe('a deleted world', () => {
  it('is unknown at once: its keys, passwords and tokens too', async () => {
    const world = await fork({ name: 'short' });
    const user = userOf(world);
    const asked = Array.from({ length: 20 }, () => server.send({ method: 'GET', path: SECRETS }, user));
    expect(await drop('short')).toBe(204);
    expect(await statusOf(user)).toBe(401);
    expect((await withToken(world.credentials.token)).status).toBe(401);
    expect((await logIn('admin', world.credentials.password)).status).toBe(401);
    for (const { status } of await Promise.all(asked)) expect([200, 401, 503]).toContain(status);
    for (const [method, path] of [
      ['GET', '/short'],
      ['DELETE', '/short'],
      ['POST', '/short/reset'],
    ] as const) {
      const { json, status } = await control(server, method, path);
      expect([status, json.error_code]).toEqual([404, 'not-found']);
    }
    // Another one of its name is another world.
    const next = await fork({ name: 'short' });
    expect(next.credentials.ak).not.toBe(world.credentials.ak);
    expect((await withToken(world.credentials.token)).status).toBe(401);
    expect(await statusOf(userOf(next))).toBe(200);
    await drop('short');
  });
});

describe('a fork that is taken while changes are under way', () => {
  it('has all that were answered before, and whole ones of the others', async () => {
    const origin = await fork({ name: 'origin' });
    for (const from of ['main', 'origin']) {
      const user = from === 'main' ? ADMIN : userOf(origin);
      const answered: string[] = [];
      const changes = Array.from({ length: 40 }, async (_, index) => {
        const name = `${from}-${index}`;
        if ((await create(user, name, name)).status === 200) answered.push(name);
      });
      await Promise.race(changes);
      const before = [...answered];
      const copy = await fork({ from });
      await Promise.all(changes);
      const names = await namesIn(userOf(copy));
      expect(names).toEqual(expect.arrayContaining(before));
      for (const name of names)
        if (name.startsWith(`${from}-`)) expect(await read(userOf(copy), name)).toBe(name);
      await drop(copy.name);
    }
    await drop('origin');
  });
});

describe('fifty requests at once over several worlds', () => {
  it('see their own world alone', async () => {
    const worlds = await Promise.all(Array.from({ length: WORLDS_MAX }, () => fork()));
    await Promise.all(worlds.map((world) => create(userOf(world), 'mine', world.name)));
    const reads = Array.from({ length: 50 }, async (_, index) => {
      const world = worlds[index % worlds.length];
      expect(await read(userOf(world), 'mine')).toBe(world.name);
    });
    await Promise.all(reads);
    for (const { name } of worlds) await drop(name);
  });
});

describe('worlds that have ended', () => {
  it('leave no database in memory, whether they were changed, reset or only read', async () => {
    const databases = () => queryObjects(Database, { format: 'count' });
    const before = databases();
    for (let round = 0; round < 4; round += 1) {
      const worlds = await Promise.all(Array.from({ length: WORLDS_MAX }, () => fork()));
      for (const [index, { name, ...world }] of worlds.entries()) {
        if (index % 2 === 0) await create(userOf(world), `changed-${round}`);
        if (index % 4 === 0) await control(server, 'POST', `/${name}/reset`);
        await namesIn(userOf(world));
        await drop(name);
      }
      await create(ADMIN, `another-moment-${round}`);
    }
    await vi.waitFor(() => expect(databases()).toBeLessThanOrEqual(before), {
      timeout: 60_000,
      interval: 200,
    });
  });
});

describe('calls of a world that ends meanwhile', () => {
  it('are not served by its former state: moves of its clock that wait for their turn', async () => {
    const rotating = `secrets:
  - { name: db, secret_type: RDS-FG, secret_string: '{"username":"app","password":"first-Pw1!"}', auto_rotation: true,
      rotation_period: 1d, rotation_func_urn: rotate, rotation_config: '{"InstanceId":"db1","SecretSubType":"SingleUser"}' }
`;
    for (const [method, suffix] of [
      ['DELETE', ''],
      ['POST', '/reset'],
    ] as const) {
      await fork({ name: 'moving' });
      const seeded = await control(server, 'PUT', '/moving/seed', { body: `csms: 1\n${rotating}` });
      expect([seeded.status, seeded.json.created]).toEqual([200, 1]);
      const body = { by: '3660d' };
      const moves = [1, 2, 3].map(() => control(server, 'POST', '/moving/clock/advance', { body }));
      const seed = control(server, 'PUT', '/moving/seed', { body: `csms: 1\n${rotating}` });
      const started = Date.now();
      const moved = async () => Date.parse((await control(server, 'GET', '/moving/clock')).json.now);
      const begun = async () => expect(await moved()).toBeGreaterThan(started + 30 * 86_400_000);
      await vi.waitFor(begun, { timeout: 60_000 });
      expect([200, 204]).toContain((await control(server, method, `/moving${suffix}`)).status);
      for (const { status, text } of await Promise.all([...moves, seed])) {
        expect([200, 404, text]).toContain(status);
      }
      made.delete('moving');
      await control(server, 'DELETE', '/moving');
    }
  });

  it('find it or do not, and none fails', async () => {
    for (const ending of ['DELETE', 'POST'] as const) {
      const { name } = await fork({ name: 'ending' });
      const path = `/${name}`;
      const calls = [
        control(server, 'GET', path),
        control(server, 'GET', `${path}/seed`),
        control(server, 'PUT', `${path}/seed`, {
          body: 'csms: 1\nsecrets: [{ name: x, secret_string: y }]\n',
        }),
        control(server, 'POST', `${path}/clock/advance`, { body: { by: '30d' } }),
        control(server, 'POST', '', { body: { from: name, name: 'of-the-ending' } }),
        control(server, 'GET', `${path}/requests?wait=30s&count=9`),
        control(server, ending, ending === 'POST' ? `${path}/reset` : path),
        control(server, 'GET', `${path}/seed`),
        control(server, 'POST', `${path}/clock/freeze`),
      ];
      const allowed = [200, 201, 204, 404, ...(ending === 'POST' ? [408] : [])];
      for (const { status, text } of await Promise.all(calls)) expect([...allowed, text]).toContain(status);
      made.delete(name);
      await Promise.all([name, 'of-the-ending'].map((world) => control(server, 'DELETE', `/${world}`)));
    }
    expect((await control(server, 'GET', '')).json.worlds).toHaveLength(1);
  });
});
