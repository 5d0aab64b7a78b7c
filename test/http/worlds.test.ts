import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { change } from '../../src/app/change.ts';
import type { Deps } from '../../src/app/ports/deps.ts';
import { createDirectory } from '../../src/auth/identities/directory.ts';
import type { Directory } from '../../src/auth/identities/identities.ts';
import { digestPassword } from '../../src/auth/logins/password.ts';
import { GUESSES_MAX } from '../../src/auth/logins/world-passwords.ts';
import { createRequestKey } from '../../src/auth/signatures/algorithms.ts';
import { createHttp } from '../../src/compose/http.ts';
import { issueProjectToken } from '../../src/compose/identity.ts';
import { createProcess, type ServerProcess } from '../../src/compose/process.ts';
import {
  createMain,
  createWorld,
  createWorlds,
  type World,
  type WorldParts,
  type Worlds,
} from '../../src/compose/world.ts';
import type { App } from '../../src/http/app.ts';
import type { Answer } from '../support/exchange.ts';
import { headersOf, inject } from '../support/injection.ts';
import {
  ADMIN,
  ALPHA,
  createLog,
  GUEST,
  NO_PRESSURE,
  prepareFiles,
  signedHeaders,
  type TestUser,
} from '../support/server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The fork's clock is so far ahead of the machine's. */
const AHEAD_MS = 400 * DAY_MS;
const ORIGIN = 'http://csms.test';
const SECRETS = `/v1/${ALPHA}/secrets`;
const CHANGE_PASSWORD = '/v1/csms/users/change-password';
const REQUESTS_PER_SECOND = 200;

/** The admin as it is in another world, or someone else there. */
const userOf = (world: string, name = ADMIN.name): TestUser => ({
  ...ADMIN,
  accessKeyId: `AK${world.toUpperCase()}${name.toUpperCase()}`,
  secretKey: `SecretKeyOf-${world}-${name}`,
});

/** The same user in the fork. */
const FORKED = userOf('fork');

const lines: string[] = [];
let shared: ServerProcess;
let main: World;
let worlds: Worlds;
let fork: World;
/** Two servers on both worlds. */
let one: App;
let two: App;
let directory: string;
/** Milliseconds that the fork's clock has been moved by. */
let movedMs = 0;

interface Asking {
  readonly user?: TestUser;
  readonly nowMs?: number;
  readonly body?: object;
  readonly token?: string;
}

async function ask(
  app: App,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  asking: Asking = {},
): Promise<Answer> {
  const { user = ADMIN, body, token } = asking;
  const clock = user === FORKED ? fork.clock : main.clock;
  const request = { method, path, ...(body !== undefined && { body }) };
  const headers =
    token === undefined
      ? signedHeaders(ORIGIN, request, user, asking.nowMs ?? clock.nowMs())
      : { ...headersOf(request), 'x-auth-token': token };
  return inject(app, ORIGIN, request, headers);
}

const secretOf = async (app: App, user: TestUser, version = 'latest') =>
  (await ask(app, 'GET', `${SECRETS}/shared/versions/${version}`, { user })).json.version.secret_string;

function authenticate(app: App, identity: object): Promise<Answer> {
  const body = { auth: { identity, scope: { project: { id: ALPHA } } } };
  const request = { method: 'POST', path: '/v3/auth/tokens', body };
  return inject(app, ORIGIN, request, headersOf(request));
}

const login = (app: App, password: string, name = GUEST.name) =>
  authenticate(app, {
    methods: ['password'],
    password: { user: { name, password, domain: { name: GUEST.domainName } } },
  });

const tokenOf = ({ headers }: Answer) => String(headers['x-subject-token']);

/** What a request in a world works with. */
function worldDeps(world: World): Deps {
  const { domainId, id: userId, name: userName } = ADMIN;
  const projectIds = new Set([ALPHA]);
  const caller = {
    world: world.world,
    domainId,
    userId,
    userName,
    projectIds,
    method: 'token',
    accessKeyId: undefined,
  } as const;
  return world.depsFor(caller, {
    operation: 'ShowSecretVersion',
    requestId: '',
    address: '',
    elapsedMs: 0,
    connection: { destroyed: false },
  });
}

/** Moves the fork's clock from due moment to due moment, doing what is due at each. Answers how many there were. */
async function advanceFork(byMs: number): Promise<number> {
  const endMs = fork.clock.nowMs() + byMs;
  let moments = 0;
  for (let nextMs = await fork.runner.nextDueMs(); nextMs !== undefined && nextMs <= endMs; moments += 1) {
    movedMs += Math.max(0, nextMs - fork.clock.nowMs());
    while ((await fork.runner.runDue(fork.clock.nowMs())) > 0);
    nextMs = await fork.runner.nextDueMs();
  }
  movedMs += endMs - fork.clock.nowMs();
  return moments;
}

/** The same identities with other access keys and passwords. */
function identitiesOf(world: string): Directory {
  const { domains } = main.directory();
  const users = [...domains.keys()]
    .flatMap((id) => main.directory().usersOf(id))
    .map((user) => ({ ...user, passwordHash: digestPassword(`${world} ${user.name}`) }));
  const accessKeys = users.map((user) => {
    const { accessKeyId, secretKey } = userOf(world, user.name);
    return { user, key: createRequestKey({ accessKeyId, secretKey }) };
  });
  const policies = [...main.directory().policies.values()];
  return createDirectory({ domains: [...domains.values()], users, accessKeys, policies });
}

/** A copy of the main world. */
async function makeWorld(world: string, parts: Partial<WorldParts> = {}): Promise<World> {
  const identities = identitiesOf(world);
  const made = await createWorld(shared, {
    world,
    clock: { nowMs: () => Date.now() },
    isClockWatched: false,
    storage: shared.storage.copy(),
    hooks: { findTopic: () => undefined, findFunction: () => undefined },
    directory: () => identities,
    ...parts,
  });
  worlds.add(made);
  return made;
}

beforeAll(async () => {
  const log = createLog('trace', lines);
  const files = await prepareFiles('serve', {
    CSMS_RATE_LIMIT: `${REQUESTS_PER_SECOND}`,
    CSMS_METRICS: 'on',
  });
  directory = files.directory;
  shared = await createProcess(files.config, log, {
    pressure: NO_PRESSURE,
    onFatal: (reason) => lines.push(reason),
  });
  main = await createMain(shared);
  worlds = createWorlds(main);
  [one, two] = [await createHttp(shared, worlds), await createHttp(shared, worlds)];
  const body = { name: 'shared', secret_string: 'both' };
  expect((await ask(one, 'POST', SECRETS, { body })).status).toBe(200);
});

afterAll(async () => {
  await one.close();
  await two.close();
  await worlds.remove('fork');
  await main.stop();
  await shared.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('worlds that nobody uses', () => {
  it('arm no timer and run no job', async () => {
    const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
    vi.useFakeTimers({ toFake: [...timers, 'Date', 'performance'] });
    const names = Array.from({ length: 20 }, (_, index) => `idle-${index}`);
    let looks = 0;
    const counting = () => {
      const storage = shared.storage.copy();
      const { findNextDue } = storage.store;
      storage.store.findNextDue = (...asked) => {
        looks += 1;
        return findNextDue(...asked);
      };
      return storage;
    };
    try {
      for (const name of names) await makeWorld(name, { storage: counting() });
      // Each looks once at what it was left with.
      await vi.advanceTimersByTimeAsync(1_000);
      const first = looks;
      expect(first).toBeGreaterThan(0);
      await vi.advanceTimersByTimeAsync(HOUR_MS);
      expect(looks).toBe(first);
      // The main world may have armed its own.
      expect(vi.getTimerCount()).toBeLessThan(2);
    } finally {
      vi.useRealTimers();
      for (const name of names) await worlds.remove(name);
    }
  });
});

describe('two worlds of one process', () => {
  beforeAll(async () => {
    fork = await makeWorld('fork', { clock: { nowMs: () => Date.now() + AHEAD_MS + movedMs } });
  });

  it('have the same ids and values of their own, each behind its own access key', async () => {
    const idIn = async (user: TestUser) =>
      (await ask(one, 'GET', `${SECRETS}/shared`, { user })).json.secret.id;
    expect(await idIn(FORKED)).toBe(await idIn(ADMIN));
    expect([await secretOf(one, ADMIN), await secretOf(one, FORKED)]).toEqual(['both', 'both']);
    for (const [user, value] of [[FORKED, 'of the fork'] as const, [ADMIN, 'of main'] as const]) {
      const body = { secret_string: value };
      expect((await ask(one, 'POST', `${SECRETS}/shared/versions`, { user, body })).status).toBe(200);
    }
    for (const app of [one, two, one]) {
      expect([await secretOf(app, ADMIN), await secretOf(app, FORKED)]).toEqual(['of main', 'of the fork']);
      expect([await secretOf(app, ADMIN, 'v2'), await secretOf(app, FORKED, 'v2')]).toEqual([
        'of main',
        'of the fork',
      ]);
    }
    await ask(one, 'POST', SECRETS, { user: FORKED, body: { name: 'only-here', secret_string: 'x' } });
    const named = async (user: TestUser) =>
      (await ask(two, 'GET', SECRETS, { user })).json.secrets.map(({ name }: { name: string }) => name);
    expect([await named(ADMIN), await named(FORKED)]).toEqual([['shared'], ['only-here', 'shared']]);
  });

  it("take signatures by their own clocks or the machine's, and write times by their own", async () => {
    const path = `${SECRETS}/shared`;
    const now = { main: main.clock.nowMs(), fork: fork.clock.nowMs() };
    expect((await ask(one, 'GET', path, { user: FORKED, nowMs: now.main })).status).toBe(200);
    expect((await ask(one, 'GET', path, { user: FORKED, nowMs: now.fork - DAY_MS })).status).toBe(401);
    expect((await ask(one, 'GET', path, { user: ADMIN, nowMs: now.fork })).status).toBe(401);
    const versions = async (user: TestUser) => (await ask(one, 'GET', `${path}/versions`, { user })).json;
    const timeOf = async (user: TestUser) =>
      (await versions(user)).version_metadatas.find(({ id }: { id: string }) => id === 'v2').create_time;
    expect(await timeOf(ADMIN)).toBeLessThanOrEqual(now.main);
    expect(await timeOf(FORKED)).toBeGreaterThan(now.main + AHEAD_MS - DAY_MS);
  });

  it('have tokens that lead to one of them, and end by its clock', async () => {
    const { tokenKey } = shared.storage;
    const wanted = { userId: ADMIN.id, projectId: ALPHA, lifetimeMs: DAY_MS };
    const token = issueProjectToken(fork, tokenKey, wanted) ?? '';
    const own = issueProjectToken(main, tokenKey, wanted) ?? '';
    const names = async (with_: string) => (await ask(two, 'GET', SECRETS, { token: with_ })).json;
    expect((await names(token)).secrets).toHaveLength(2);
    expect((await names(own)).secrets).toHaveLength(1);
    movedMs += DAY_MS;
    expect((await ask(two, 'GET', SECRETS, { token })).status).toBe(401);
    expect((await ask(two, 'GET', SECRETS, { token: own })).status).toBe(200);
    const stray = issueProjectToken({ ...fork, world: 'ended' }, tokenKey, wanted) ?? '';
    expect((await ask(two, 'GET', SECRETS, { token: stray })).status).toBe(401);
  });

  it('do their background work each by its own clock', async () => {
    const body = { recovery_window_in_days: 7 };
    for (const user of [ADMIN, FORKED]) {
      await ask(one, 'POST', SECRETS, { user, body: { name: 'leaving', secret_string: 'x' } });
      await ask(one, 'POST', `${SECRETS}/leaving/scheduled-deleted-tasks/create`, { user, body });
    }
    const moments = await advanceFork(365 * DAY_MS);
    expect(moments).toBeGreaterThan(0);
    expect(moments).toBeLessThan(10);
    const statusOf = async (user: TestUser) => (await ask(one, 'GET', `${SECRETS}/leaving`, { user })).status;
    expect([await statusOf(ADMIN), await statusOf(FORKED)]).toEqual([200, 404]);
  });

  it('are found by the password of a login, and its token leads nowhere else', async () => {
    const seen = async (token: string) =>
      (await ask(one, 'GET', `${SECRETS}/shared/versions/latest`, { token })).json.version?.secret_string;
    const [own, forked] = [
      tokenOf(await login(one, GUEST.password)),
      tokenOf(await login(two, 'fork guest')),
    ];
    expect([await seen(own), await seen(forked)]).toEqual(['of main', 'of the fork']);
    const exchanged = await authenticate(one, { methods: ['token'], token: { id: forked } });
    expect([exchanged.status, await seen(tokenOf(exchanged))]).toEqual([201, 'of the fork']);
    expect((await login(one, 'other guest')).status).toBe(401);
  });

  it('have passwords of their own: those of others stay as they are', async () => {
    const token = tokenOf(await login(one, 'fork guest'));
    const change = { old_password: 'fork guest', password: 'Another-password-91bd' };
    const answer = await ask(one, 'POST', CHANGE_PASSWORD, { token, body: change });
    expect(answer).toMatchObject({ status: 400, json: { error_code: 'CSMS.0003' } });
    const own = tokenOf(await login(one, GUEST.password));
    const body = { old_password: GUEST.password, password: 'Changed-password-5c1e' };
    expect((await ask(one, 'POST', CHANGE_PASSWORD, { token: own, body })).status).toBe(200);
    for (const app of [one, two]) {
      expect((await ask(app, 'GET', SECRETS, { token: own })).status).toBe(401);
      expect((await ask(app, 'GET', SECRETS, { token })).status).toBe(200);
    }
    expect((await login(two, GUEST.password)).status).toBe(401);
    expect((await login(two, 'Changed-password-5c1e')).status).toBe(201);
    expect((await login(two, 'fork guest')).status).toBe(201);
  });
});

describe('two servers on one world', () => {
  it('see each other’s changes at once, remembered values included', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one];
      const body = { secret_string: `round ${round}` };
      expect((await ask(writer, 'POST', `${SECRETS}/shared/versions`, { body })).status).toBe(200);
      expect(await secretOf(reader, ADMIN)).toBe(`round ${round}`);
    }
  });

  it('take a reload of the identities at once', async () => {
    const file = join(directory, 'identities.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(GUEST.accessKeyId, 'AKANOTHER000000001'));
    expect((await ask(two, 'GET', SECRETS, { user: GUEST })).status).toBe(200);
    await shared.reload();
    for (const app of [one, two]) expect((await ask(app, 'GET', SECRETS, { user: GUEST })).status).toBe(401);
  });
});

describe('counts', () => {
  // Nothing comes back while time stands still.
  beforeAll(() => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
  afterAll(() => vi.useRealTimers());

  it('of requests are apart for each world, and together over all servers', async () => {
    const allOf = async (user: TestUser) => {
      const asked = Array.from({ length: REQUESTS_PER_SECOND + 1 }, (_, index) =>
        ask(index % 2 === 0 ? one : two, 'GET', `${SECRETS}/shared`, { user }),
      );
      return (await Promise.all(asked)).map(({ status }) => status);
    };
    expect(await allOf(ADMIN)).toContain(429);
    expect((await ask(one, 'GET', `${SECRETS}/shared`, { user: FORKED })).status).toBe(200);
    expect(await allOf(FORKED)).toContain(429);
  });

  it('of failed logins are together over all servers: main’s apart from those of chosen passwords elsewhere', async () => {
    const inFork = (app: App) => login(app, `fork ${ADMIN.name}`, ADMIN.name);
    for (let failure = 0; failure < 10; failure += 1) {
      // Who knows the password of one world does not get more guesses at that of another.
      expect((await inFork(one)).status).toBe(201);
      expect((await login(failure % 2 === 0 ? one : two, 'wrong', ADMIN.name)).status).toBe(401);
    }
    for (const app of [one, two]) {
      expect((await login(app, 'wrong', ADMIN.name)).status).toBe(429);
      expect((await inFork(app)).status).toBe(201);
    }
    for (let failure = 12; failure < GUESSES_MAX; failure += 1) await login(one, 'wrong', ADMIN.name);
    for (const app of [one, two]) {
      expect((await inFork(app)).status).toBe(429);
      expect((await login(app, `fork ${GUEST.name}`)).status).toBe(201);
    }
  });
});

describe('a world that is removed', () => {
  const path = `${SECRETS}/shared/versions/latest`;
  /** Timers, ports and open files. The process has a few itself, now more and now fewer. */
  const handles = () => process.getActiveResourcesInfo().length + readdirSync('/proc/self/fd').length;

  it('is unknown at once, and refuses what is under way', async () => {
    const world = await makeWorld('leaving');
    const user = userOf('leaving');
    const token = tokenOf(await login(one, 'leaving guest'));
    expect((await ask(one, 'GET', path, { token })).status).toBe(200);
    const asked = Array.from({ length: 20 }, () => ask(two, 'GET', `${SECRETS}/shared`, { user }));
    const { store } = worldDeps(world);
    const removed = worlds.remove('leaving');
    for (const app of [one, two]) {
      expect((await ask(app, 'GET', path, { user })).status).toBe(401);
      expect((await ask(app, 'GET', path, { token })).status).toBe(401);
      expect((await login(app, 'leaving guest')).status).toBe(401);
    }
    await removed;
    for (const { status } of await Promise.all(asked)) expect([200, 401, 503]).toContain(status);
    const ref = { projectId: ALPHA, name: 'shared' };
    const looks = [
      async () => store.findSecret({ ...ref, name: 'not-seen-yet' }),
      async () => store.findValue({ ...ref, name: 'not-seen-yet' }, 1),
      async () => store.listKeys(ALPHA),
      async () => change(worldDeps(world), { aggregate: 'secret', kind: 'remove-stage', ref, name: 'x' }),
    ];
    for (const look of looks) await expect(look()).rejects.toMatchObject({ code: 'unavailable' });
    // Another one of that name is another world.
    await makeWorld('leaving');
    expect(() => worlds.add(world)).toThrow('there is a world leaving already');
    expect((await ask(one, 'GET', path, { token })).status).toBe(401);
    await worlds.remove('leaving');
    await worlds.remove(main.world);
    expect((await ask(one, 'GET', `${SECRETS}/shared`)).status).toBe(200);
  });

  it('leaves nothing behind: 200 of them', async () => {
    const before = handles();
    const left = new Set<string>();
    const registry = new FinalizationRegistry<string>((what) => left.delete(what));
    for (let index = 0; index < 200; index += 1) await makeAndRemove(`w${index}`, index % 10 === 0);
    expect([...worlds.all()]).toEqual([main, fork]);
    expect(handles()).toBeLessThan(before + 20);
    expect((await shared.metrics?.read())?.text).not.toMatch(/\bw\d+\b/);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let turn = 0; turn < 20 && left.size > 0; turn += 1) {
      collect();
      await new Promise((resume) => setTimeout(resume, 5));
    }
    expect([...left]).toEqual([]);

    async function makeAndRemove(name: string, isUsed: boolean): Promise<void> {
      const world = await makeWorld(name);
      if (isUsed) await use(name);
      const { keyring, store } = worldDeps(world);
      for (const [what, made] of Object.entries({ world, store, keyring, identities: world.directory() })) {
        left.add(`${what} of ${name}`);
        registry.register(made, `${what} of ${name}`);
      }
      await worlds.remove(name);
    }

    async function use(name: string): Promise<void> {
      const user = userOf(name);
      const body = { secret_string: name };
      expect((await ask(one, 'POST', `${SECRETS}/shared/versions`, { user, body })).status).toBe(200);
      expect((await ask(two, 'GET', path, { user })).json.version.secret_string).toBe(name);
      const token = tokenOf(await login(one, `${name} guest`));
      expect((await ask(two, 'GET', path, { token })).status).toBe(200);
    }
  });
});
