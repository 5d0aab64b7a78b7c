import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { createHttp } from '../../src/compose/http.ts';
import { issueProjectToken, openIdentities } from '../../src/compose/identity.ts';
import { openFileWays } from '../../src/compose/operator-files.ts';
import { createProcess, type ServerProcess } from '../../src/compose/process.ts';
import { openStorage } from '../../src/compose/storage.ts';
import { createMain, createWorld, createWorlds, type World } from '../../src/compose/world.ts';
import type { App } from '../../src/http/app.ts';
import { ADMIN, ALPHA, createLog, GUEST, prepareFiles, type TestUser } from '../support/server.ts';

const DAY_MS = 86_400_000;
/** The fork's clock is so far ahead of the machine's. */
const AHEAD_MS = 400 * DAY_MS;
/** The same user in the fork. */
const FORKED: TestUser = {
  ...ADMIN,
  accessKeyId: 'AKFORKADMIN0000001',
  secretKey: 'CanarySecretKeyOfTheForksAdmin3f2e1d0c',
};
const SECRETS = `/v1/${ALPHA}/secrets`;
const CHANGE_PASSWORD = '/v1/csms/users/change-password';
const REQUESTS_PER_SECOND = 200;

const lines: string[] = [];
let shared: ServerProcess;
let main: World;
let fork: World;
/** Two servers on both worlds. */
let one: App;
let two: App;
let directories: string[];
/** Milliseconds that the fork's clock has been moved by. */
let movedMs = 0;
let closeFork: () => Promise<void>;

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the members of answers are what the tests look at
  readonly json: any;
}

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
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const { accessKeyId, secretKey } = user;
  const request = { method, url: `http://csms.test${path}`, headers, accessKeyId, secretKey };
  const credentials =
    token === undefined
      ? signRequest({ ...request, ...(payload && { body: payload }), nowMs: asking.nowMs ?? clock.nowMs() })
      : { ...headers, 'x-auth-token': token };
  const answer = await app.inject({
    method,
    url: path,
    authority: 'csms.test',
    headers: credentials,
    ...(payload !== undefined && { payload }),
  });
  return { status: answer.statusCode, json: answer.payload === '' ? undefined : answer.json() };
}

const secretOf = async (app: App, user: TestUser, version = 'latest') =>
  (await ask(app, 'GET', `${SECRETS}/shared/versions/${version}`, { user })).json.version.secret_string;

const login = (app: App, password: string, name = GUEST.name) =>
  app.inject({
    method: 'POST',
    url: '/v3/auth/tokens',
    authority: 'csms.test',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name, password, domain: { name: GUEST.domainName } } },
        },
        scope: { project: { id: ALPHA } },
      },
    }),
  });

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

/** The main world of a process, and beside it a copy of its data with another access key and another clock. */
beforeAll(async () => {
  const log = createLog('trace', lines);
  const start = { onFatal: (reason: string) => lines.push(reason) };
  const { config, directory } = await prepareFiles('serve', { CSMS_RATE_LIMIT: `${REQUESTS_PER_SECOND}` });
  const copy = await prepareFiles('serve');
  directories = [directory, copy.directory];

  // What both begin with: the same secret, under the same ids and the same keys.
  const before = await createProcess(config, log, start);
  main = await createMain(before);
  const first = await createHttp(before, createWorlds(main));
  const body = { name: 'shared', secret_string: 'both' };
  expect((await ask(first, 'POST', SECRETS, { body })).status).toBe(200);
  await first.close();
  await main.stop();
  await before.close();
  for (const name of ['data', 'root.key']) {
    cpSync(join(directory, name), join(copy.directory, name), { recursive: true });
  }
  const identities = join(copy.directory, 'identities.yaml');
  const text = readFileSync(identities, 'utf8')
    .replace(ADMIN.accessKeyId, FORKED.accessKeyId)
    .replace(ADMIN.secretKey, FORKED.secretKey);
  writeFileSync(identities, text, { mode: 0o600 });

  shared = await createProcess(config, log, start);
  main = await createMain(shared);
  const worlds = createWorlds(main);
  const ways = openFileWays(copy.config, log);
  const { present } = openIdentities(copy.config, { ...ways, log });
  const storage = await openStorage(copy.config, log, start);
  const clock = { nowMs: () => Date.now() + AHEAD_MS + movedMs };
  fork = await createWorld(shared, {
    world: 'fork',
    clock,
    isClockWatched: false,
    storage,
    hooks: { findTopic: () => undefined, findFunction: () => undefined },
    directory: () => present.directory,
  });
  worlds.add(fork);
  [one, two] = [await createHttp(shared, worlds), await createHttp(shared, worlds)];
  closeFork = async () => {
    await fork.stop();
    await storage.store.close();
    ways.threads.stop();
  };
});

afterAll(async () => {
  await one.close();
  await two.close();
  await closeFork();
  await main.stop();
  await shared.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe('two worlds of one process', () => {
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

  it('take signatures and write times by their own clocks', async () => {
    const path = `${SECRETS}/shared`;
    const now = { main: main.clock.nowMs(), fork: fork.clock.nowMs() };
    expect((await ask(one, 'GET', path, { user: FORKED, nowMs: now.main })).status).toBe(401);
    expect((await ask(one, 'GET', path, { user: ADMIN, nowMs: now.fork })).status).toBe(401);
    const versions = async (user: TestUser) => (await ask(one, 'GET', `${path}/versions`, { user })).json;
    const timeOf = async (user: TestUser) =>
      (await versions(user)).version_metadatas.find(({ id }: { id: string }) => id === 'v2').create_time;
    expect(await timeOf(ADMIN)).toBeLessThanOrEqual(now.main);
    expect(await timeOf(FORKED)).toBeGreaterThan(now.main + AHEAD_MS - DAY_MS);
  });

  it('have tokens that lead to one of them, and end by its clock', async () => {
    const { tokenKey } = shared.storage;
    const wanted = { userId: ADMIN.id, projectId: ALPHA };
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

  it('does not change a password of one that is not the main world', async () => {
    const token =
      issueProjectToken(fork, shared.storage.tokenKey, { userId: GUEST.id, projectId: ALPHA }) ?? '';
    const body = { old_password: GUEST.password, password: 'Another-password-91bd' };
    const answer = await ask(one, 'POST', CHANGE_PASSWORD, { token, body });
    expect(answer).toMatchObject({ status: 400, json: { error_code: 'CSMS.0003' } });
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

  it('take a changed password at once', async () => {
    const next = 'Changed-password-5c1e';
    const answer = await login(one, GUEST.password);
    const token = String(answer.headers['x-subject-token']);
    expect((await ask(two, 'GET', SECRETS, { token })).status).toBe(200);
    const body = { old_password: GUEST.password, password: next };
    expect((await ask(one, 'POST', CHANGE_PASSWORD, { token, body })).status).toBe(200);
    expect((await ask(two, 'GET', SECRETS, { token })).status).toBe(401);
    expect((await login(two, GUEST.password)).statusCode).toBe(401);
    expect((await login(two, next)).statusCode).toBe(201);
  });

  it('take a reload of the identities at once', async () => {
    const file = join(directories[0] ?? '', 'identities.yaml');
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

  it('of failed logins are together over all servers', async () => {
    for (let failure = 0; failure < 10; failure += 1) {
      expect((await login(failure % 2 === 0 ? one : two, 'wrong', 'nobody-here')).statusCode).toBe(401);
    }
    for (const app of [one, two]) expect((await login(app, 'wrong', 'nobody-here')).statusCode).toBe(429);
  });
});
