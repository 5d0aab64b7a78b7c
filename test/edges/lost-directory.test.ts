import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Client, createClient, createSecret, devAccount, readValue, SECRETS } from '../e2e/client.ts';
import { createScratch, MAIN, type RunningServer, startDev, startServer } from '../e2e/process.ts';

const GONE = 'the data directory has been removed or replaced';
/** A second is promised; a busy machine may be late to look. */
const SOON = { timeout: 30_000, interval: 50 };
const STOP_MS_MAX = 10_000;

interface Started {
  readonly server: RunningServer;
  readonly client: Client;
  readonly directory: string;
}

async function start(): Promise<Started> {
  const directory = join(createScratch(), 'data');
  const server = await startDev(directory);
  const client = createClient(devAccount(directory, server.baseUrl));
  await createSecret(client, 'known');
  return { server, client, directory };
}

/** What a change, a read of what is in memory, and the readiness probe are answered. */
async function statuses({ server, client }: Started): Promise<number[]> {
  const created = await client('POST', SECRETS, { name: 'later', secret_string: 'x' });
  const read = await client('GET', `${SECRETS}/known/versions/latest`);
  const ready = await fetch(`${server.baseUrl}/readyz`);
  return [created.status, read.status, ready.status];
}

const refused = (started: Started) =>
  vi.waitFor(async () => expect(await statuses(started)).toEqual([503, 503, 503]), SOON);

describe.each([
  ['removed', (directory: string) => rmSync(directory, { recursive: true })],
  ['moved away', (directory: string) => renameSync(directory, `${directory}-away`)],
  [
    'replaced by a copy',
    (directory: string) => {
      renameSync(directory, `${directory}-away`);
      cpSync(`${directory}-away`, directory, { recursive: true });
    },
  ],
  ['robbed of its log', (directory: string) => rmSync(join(directory, 'csms.db-wal'))],
])('a data directory that is %s under a running server', (_name, lose) => {
  it('has every request refused, says so in one line, and lets the server end in time', async () => {
    const started = await start();
    const { server, directory } = started;
    lose(directory);
    await refused(started);
    const ready = await fetch(`${server.baseUrl}/readyz`);
    expect(await ready.json()).toEqual({ status: 'unavailable', reason: 'storage' });
    expect((await fetch(`${server.baseUrl}/healthz`)).status).toBe(200);
    await server.logged(GONE);
    const startedMs = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(STOP_MS_MAX);
    const told = server
      .stderr()
      .split('\n')
      .filter((line) => line !== '' && JSON.parse(line).level > 40);
    expect(told).toHaveLength(1);
    expect(server.stderr()).not.toMatch(/kept its lease|outcome-unknown|job failed|last time seen/);
  });
});

describe('a directory that takes the place of the one in use', () => {
  it('is left alone when the server ends, its log included', async () => {
    const started = await start();
    const { directory, server } = started;
    renameSync(directory, `${directory}-away`);
    cpSync(`${directory}-away`, directory, { recursive: true });
    expect(statSync(join(directory, 'csms.db-wal')).size).toBeGreaterThan(0);
    await refused(started);
    expect(await server.stop()).toBe(0);
    expect(statSync(join(directory, 'csms.db-wal')).size).toBeGreaterThan(0);
    const next = await startDev(directory);
    expect(await readValue(createClient(devAccount(directory, next.baseUrl)), 'known')).toBe(
      'value of known',
    );
  });
});

describe('a directory that is recreated where the one in use was', () => {
  it('stays empty: nothing is put where nobody looks for it', async () => {
    const started = await start();
    const { directory, server } = started;
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    await server.logged(GONE);
    // By then the writer has checked its disk as well.
    await new Promise((resume) => setTimeout(resume, 2_500));
    await refused(started);
    expect(await server.stop()).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a data directory that is restored as it was', () => {
  let away: Started | undefined;
  afterEach(() => away?.server.stop());

  it('is used again', async () => {
    away = await start();
    const { directory, client, server } = away;
    renameSync(directory, `${directory}-away`);
    await refused(away);
    await server.logged(GONE);
    renameSync(`${directory}-away`, directory);
    await vi.waitFor(async () => expect(await readValue(client, 'known')).toBe('value of known'), SOON);
    await createSecret(client, 'after');
    await server.logged('changes are accepted again');
  });
});

describe('a data directory that cannot be looked into any more', () => {
  it('has every request refused until it can', async () => {
    const parent = createScratch();
    const nobody = 65_534;
    chownSync(parent, nobody, nobody);
    const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
    const directory = join(parent, 'data');
    const program = ['setpriv', ...identity, process.execPath, MAIN];
    const server = await startServer(['dev'], { CSMS_DATA: directory, HOME: '/' }, program);
    const client = createClient(devAccount(directory, server.baseUrl));
    await createSecret(client, 'known');
    chmodSync(parent, 0);
    await refused({ server, client, directory });
    chmodSync(parent, 0o700);
    await vi.waitFor(async () => expect(await readValue(client, 'known')).toBe('value of known'), SOON);
    expect(await server.stop()).toBe(0);
  });
});
