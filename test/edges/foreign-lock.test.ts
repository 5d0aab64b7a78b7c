import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClient, createSecret, devAccount, readValue, SECRETS } from '../e2e/client.ts';
import { run, shareDev, startDev } from '../e2e/process.ts';
import { type Child, startChild } from '../storage/sqlite/children.ts';

const LOCKED = 'another program has locked the database: changes wait';
/** What a request may wait for the lock, and for the requests in front of it. */
const WAIT_MS_MAX = 20_000;

function lock(directory: string, statement: string): Child {
  return startChild('foreign-child.ts', [join(directory, 'csms.db'), statement]);
}

describe('a server whose database another program has locked for writing', () => {
  const dev = shareDev();
  let holder: Child;
  beforeAll(async () => {
    await createSecret(client(), 'before');
    holder = lock(dev.directory, 'BEGIN IMMEDIATE');
    expect(await holder.firstLine()).toBe('holds');
  });
  afterAll(() => holder.kill());
  const client = () => createClient(devAccount(dev.directory, dev.server.baseUrl));

  it('answers changes 503 with Retry-After after a bounded wait, however many there are', async () => {
    const startedMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        client()('POST', SECRETS, { name: `s${index}`, secret_string: 'x' }),
      ),
    );
    expect(performance.now() - startedMs).toBeLessThan(WAIT_MS_MAX);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers.every(({ headers }) => headers.get('Retry-After') !== null)).toBe(true);
  });

  it('keeps reading, is ready, and says that changes are refused', async () => {
    expect(await readValue(client(), 'before')).toBe('value of before');
    const ready = await fetch(`${dev.server.baseUrl}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', writes: 'refused' }]);
  });

  it('is logged once', async () => {
    await dev.server.logged(LOCKED);
    expect(dev.server.stderr().split(LOCKED)).toHaveLength(2);
  });

  it('lives, and takes changes again when the lock is free; what was refused was not made', async () => {
    await holder.kill();
    await createSecret(client(), 'after');
    expect(dev.server.process.exitCode).toBeNull();
    const { body } = await client()('GET', `${SECRETS}?limit=1000`);
    expect(body.secrets.map(({ name }: { name: string }) => name)).toEqual(['after', 'before']);
    expect(dev.server.stderr()).not.toMatch(/outcome-unknown|"level":60/);
  });
});

describe('a server that starts while another program has locked its database', () => {
  const dev = shareDev();
  let holder: Child | undefined;
  beforeAll(() => dev.server.stop());
  afterEach(() => holder?.kill());

  it('says so and ends with 69 when the database cannot be read', async () => {
    holder = lock(dev.directory, 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    expect(await holder.firstLine()).toBe('holds');
    const { code, stderr } = await run(['dev'], { CSMS_DATA: dev.directory, CSMS_PORT: '0' });
    expect(code).toBe(69);
    expect(stderr).toMatch(/^csms-server: the database \S*csms\.db is locked by another program$/m);
  });

  it('starts when only writing is locked, and reads', async () => {
    holder = lock(dev.directory, 'BEGIN IMMEDIATE');
    expect(await holder.firstLine()).toBe('holds');
    const server = await startDev(dev.directory);
    const { status } = await createClient(devAccount(dev.directory, server.baseUrl))('GET', SECRETS);
    expect(status).toBe(200);
  });

  it('does not accept the clock then, says why in one line and ends with 69', async () => {
    holder = lock(dev.directory, 'BEGIN IMMEDIATE');
    expect(await holder.firstLine()).toBe('holds');
    expect(await run(['clock', 'accept'], { CSMS_DATA: dev.directory })).toMatchObject({
      code: 69,
      stderr: 'csms-server: the clock is not accepted: another program has locked the database\n',
    });
  });
});
