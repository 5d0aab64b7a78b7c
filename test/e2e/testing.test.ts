import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Csms, CsmsWorld } from '../../src/testing/testing.ts';
import { endCallers, FOR_EVER, gone, refusedStart, serversIn, startCaller } from './callers.ts';
import { type Client, createClient, createSecret, readValue, SECRETS } from './client.ts';
import { createScratch, TESTING } from './process.ts';

const { CsmsError, connectCsms, startCsms }: typeof import('../../src/testing/testing.ts') = await import(
  TESTING
);

const START = '2030-01-01T00:00:00.000Z';
const CONTROL_TOKEN = 'control-only-for-tests';
const SEED = {
  csms: 1,
  clock: START,
  events: [{ name: 'alarm', event_types: ['SECRET_VERSION_CREATED'], topic: 'ops' }],
  secrets: [
    { name: 'tls', versions: [{ secret_string: 'one', expire_time: 'now+30d' }, { secret_string: 'two' }] },
  ],
};

let csms: Csms;
beforeAll(async () => {
  csms = await startCsms({
    seed: SEED,
    controlToken: CONTROL_TOKEN,
    env: { CSMS_DEV_AK: 'AKTEST', CSMS_REGION: 'cn-north-4' },
  });
});
afterAll(() => csms.stop());

afterEach(endCallers);

/** An ordinary client of a world, with its own keys. */
function clientOf({ credentials: { ak, endpoint, project_id, sk } }: CsmsWorld): Client {
  return createClient({ endpoint, accessKeyId: ak, secretKey: sk, projectId: project_id });
}

/** What a call was refused with. */
async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => expect.unreachable(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CsmsError);
  return error as InstanceType<typeof CsmsError>;
}

describe('startCsms', () => {
  it('is main, where the seed was applied', async () => {
    expect(csms).toMatchObject({ name: 'main', from: null, ttl: null, controlToken: CONTROL_TOKEN });
    expect(csms.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(csms.credentials).toMatchObject({ endpoint: csms.endpoint, ak: 'AKTEST' });
    expect(csms.env).toMatchObject({ CSMS_ENDPOINT: csms.endpoint, HW_REGION_NAME: 'cn-north-4' });
    expect(await readValue(clientOf(csms), 'tls')).toBe('two');
  });

  it('ends with a caller that is killed, and leaves no file', async () => {
    const scratch = createScratch();
    const { child, printed } = startCaller(scratch, FOR_EVER);
    await printed('started');
    expect(serversIn(scratch)).toHaveLength(1);
    child.kill('SIGKILL');
    await gone(scratch);
  });

  it('rejects with the line of a server that refuses to start', async () => {
    const { message, exitCode } = await refusedStart(createScratch(), { seed: { csms: 1, secretz: [] } });
    expect(exitCode).toBe(78);
    expect(message).toMatch(/^csms-server: [^\n]*seed\.yaml:3: secretz: [^\n]*$/);
  });

  it('finds a world by its name', async () => {
    const { name } = await csms.fork({ name: 'by-name' });
    const found = await csms.world(name);
    expect(found).toMatchObject({ name, from: 'main' });
    await found.delete();
    expect(await refusal(csms.world(name))).toMatchObject({ status: 404, code: 'not-found' });
  });
});

describe('connectCsms', () => {
  it('is the same for a server elsewhere, and does not stop it', async () => {
    const connected = await connectCsms({ endpoint: `${csms.endpoint}/`, controlToken: CONTROL_TOKEN });
    expect(connected.name).toBe('main');
    const fork = await connected.fork();
    await fork.delete();
    await connected.stop();
    expect(await csms.clock.now()).toBe(START);
  });

  it('is refused with another token', async () => {
    const address = { endpoint: csms.endpoint, controlToken: 'another-control-token' };
    expect(await refusal(connectCsms(address))).toMatchObject({ status: 401, code: 'unauthorized' });
  });

  it('says that nothing is there, or another server', async () => {
    let status = 404;
    const server = createServer((_, response) => response.writeHead(status).end('<html>'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const address = { endpoint, controlToken: CONTROL_TOKEN };
    for (status of [404, 301]) {
      expect(await refusal(connectCsms(address))).toMatchObject({ status, code: undefined });
    }
    status = 200;
    expect((await refusal(connectCsms(address))).message).toContain('has no control API');
    await new Promise((closed) => server.close(closed));
    await expect(connectCsms(address)).rejects.toThrow(`${endpoint} cannot be reached (ECONNREFUSED)`);
  });
});

describe('a world', () => {
  it('has what was asked for, and clients of its own', async () => {
    const world = await csms.fork({
      name: 'w1',
      ttl: '5m',
      credentials: { ak: 'AKFORK', password: 'password-1' },
    });
    expect(world).toMatchObject({ name: 'w1', from: 'main', ttl: '5m', credentials: { ak: 'AKFORK' } });
    expect(world.env).toMatchObject({ HUAWEICLOUD_SDK_AK: 'AKFORK', CSMS_PASSWORD: 'password-1' });
    expect(world.users).toEqual([expect.objectContaining({ ak: 'AKFORK' })]);
    await createSecret(clientOf(world), 'only-here');
    expect(await readValue(clientOf(csms), 'only-here')).toBeUndefined();
    const copy = await world.fork();
    expect(copy.from).toBe('w1');
    expect(await readValue(clientOf(copy), 'only-here')).toBe('value of only-here');
    await world.reset();
    expect(await readValue(clientOf(world), 'only-here')).toBeUndefined();
    await Promise.all([world.delete(), copy.delete()]);
  });

  it('is deleted by await using, once', async () => {
    const world = await csms.fork();
    await world[Symbol.asyncDispose]();
    expect(await refusal(world.delete())).toMatchObject({ status: 404, code: 'not-found' });
    await world[Symbol.asyncDispose]();
  });

  it('has methods that need no object before them', async () => {
    const { fork } = csms;
    const { clock, delete: remove } = await fork();
    expect(await clock.now()).toBe(START);
    await remove();
  });

  it('main stays', async () => {
    expect(await refusal(csms.delete())).toMatchObject({ status: 409, code: 'main-stays' });
  });
});

describe('of a world', () => {
  let world: CsmsWorld;
  beforeAll(async () => {
    world = await csms.fork();
  });
  afterAll(() => world.delete());

  it('the clock is frozen, moved on and back, and resumed', async () => {
    expect(await world.clock.freeze()).toEqual({ now: START, frozen: true });
    const { fired, ...move } = await world.clock.advance('30d');
    expect(move).toEqual({ from: START, now: '2030-01-31T00:00:00.000Z', frozen: true, settled: true });
    expect(fired).toContainEqual({
      at: '2030-01-31T00:00:00.000Z',
      type: 'SECRET_VERSION_EXPIRED',
      name: 'tls',
      version: 'v1',
    });
    expect(await world.clock.advance(new Date('2030-02-01T00:00:00Z'))).toMatchObject({ settled: true });
    expect(await world.clock.now()).toBe('2030-02-01T00:00:00.000Z');
    expect(await world.clock.set('2030-01-02T00:00:00Z')).toMatchObject({ now: '2030-01-02T00:00:00.000Z' });
    expect(await refusal(world.clock.advance('soon'))).toMatchObject({ status: 400, code: 'invalid' });
    expect(await world.clock.resume()).toMatchObject({ frozen: false });
  });

  it('faults are added, listed, removed and cleared', async () => {
    const { faults } = world;
    const fault = await faults.add({ operation: 'ListSecrets', status: 429, times: 1 });
    expect(fault).toMatchObject({ id: expect.any(String), hits: 0, status: 429 });
    expect((await clientOf(world)('GET', SECRETS)).status).toBe(429);
    expect(await faults.list()).toEqual([expect.objectContaining({ id: fault.id, hits: 1 })]);
    await faults.remove(fault.id);
    expect(await refusal(faults.remove(fault.id))).toMatchObject({ status: 404 });
    await faults.add({ latency: '0ms' });
    await faults.clear();
    expect(await faults.list()).toEqual([]);
  });

  it('requests are an array, by filters, and a wait in vain is refused with what there is', async () => {
    const client = clientOf(world);
    await client('GET', SECRETS);
    await client('GET', `${SECRETS}/none`);
    const waiting = world.requests({ operation: 'CreateSecret', wait: '30s' });
    await createSecret(client, 'asked');
    expect(await waiting).toEqual([expect.objectContaining({ operation: 'CreateSecret', name: 'asked' })]);
    const [failed] = await world.requests({ status: '4xx', name: 'none' });
    expect(failed).toMatchObject({ method: 'GET', status: 404, error_code: 'CSMS.0106' });
    const error = await refusal(world.requests({ name: 'asked', wait: '1ms', count: 2 }));
    expect(error).toMatchObject({ status: 408, code: 'timeout' });
    expect(error.answer).toMatchObject({ requests: [{ name: 'asked' }] });
  });

  it('notifications are one too', async () => {
    const client = clientOf(world);
    const body = { name: 'told', secret_string: 'x', event_subscriptions: ['alarm'] };
    await client('POST', SECRETS, body);
    await client('POST', `${SECRETS}/told/versions`, { secret_string: 'y' });
    const notifications = await world.notifications({ name: 'told', status: 'SUCCESS', wait: '30s' });
    expect(notifications[0]).toMatchObject({ event_type: 'SECRET_VERSION_CREATED', event: 'alarm' });
  });

  it('limits are set, shown and ended', async () => {
    const client = clientOf(world);
    expect(await world.quota({ secrets: 1 })).toMatchObject({ secrets: 1 });
    const { body } = await client('POST', SECRETS, { name: 'too-many', secret_string: 'x' });
    expect(body.error_code).toMatch(/^CSMS\./);
    expect(await world.quota({ profile: 'huawei' })).toMatchObject({ secrets: 500 });
    await world.quota(null);
    expect(await world.quota()).toEqual(await csms.quota());
  });

  it('hooks are shown and set', async () => {
    expect(await world.hooks()).toEqual({
      topics: [{ urn: '*', endpoints: ['builtin'] }],
      functions: [{ urn: '*', url: 'builtin' }],
    });
    expect(await world.hooks({})).toEqual({ topics: [], functions: [] });
  });

  it('the content is exported and applied as a seed', async () => {
    const text = await world.seed.export();
    expect(text).toMatch(/^csms: 1\n/);
    expect(await world.seed.apply(text)).toMatchObject({ created: 0, replaced: 0 });
    const more = { csms: 1, secrets: [{ name: 'planted', secret_string: 'x' }] };
    expect(await world.seed.apply(more)).toEqual({ created: 1, replaced: 0, unchanged: 0 });
    const error = await refusal(world.seed.apply('csms: 1\nsecretz: []\n'));
    expect(error).toMatchObject({
      status: 400,
      code: 'seed-invalid',
      answer: { line: 2, key: 'secretz' },
    });
  });
});
