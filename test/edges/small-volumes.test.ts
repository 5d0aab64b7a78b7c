import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openInstallation } from '../../src/compose/installation.ts';
import { verifyInstallation } from '../../src/compose/verify.ts';
import { openDirectory } from '../../src/storage/sqlite/files/installation.ts';
import { connectCsms } from '../../src/testing/testing.ts';
import { type Client, createClient, devAccount, readValue, SECRETS } from '../e2e/client.ts';
import { outliveTest, type RunningServer, readCredentials, run, startDev } from '../e2e/process.ts';
import { configOf, takeGolden } from '../storage/golden/make.ts';
import { MIGRATIONS } from '../storage/sqlite/harness.ts';
import { mountVolume, type SmallVolume } from './small-volume.ts';

const MIB = 1_048_576;
const WAIT = { timeout: 30_000, interval: 100 };
/** What `/readyz` says, and nobody else is asked. */
const readiness = async ({ baseUrl }: RunningServer) => {
  const answer = await fetch(`${baseUrl}/readyz`);
  return { status: answer.status, body: await answer.json() };
};
const READY = { status: 200, body: { status: 'ok', writes: 'ok' } };
const REFUSED = { status: 200, body: { status: 'ok', writes: 'refused' } };

/** Lines of the log with this text, parsed. */
function linesWith(server: RunningServer, text: string) {
  const lines = server.stderr().split('\n');
  return lines.filter((line) => line.includes(text)).map((line) => JSON.parse(line));
}
const NO_SPACE = 'no space is left';
const SHORT = 'is getting short';

let volume: SmallVolume;
let data: string;
const clientOf = (server: RunningServer) => createClient(devAccount(data, server.baseUrl));
const put = async (client: Client, name: string, value = 'x') =>
  (await client('POST', SECRETS, { name, secret_string: value })).status;
/** The volume has to be free of whoever uses it. */
async function unmount(server: RunningServer | undefined): Promise<void> {
  await server?.stop('SIGKILL');
  volume.unmount();
}

describe('a volume of 48 MiB that fills up and is cleaned up', () => {
  const value = 'v'.repeat(60_000);
  let server: RunningServer;
  let names: string[];
  beforeAll(async () => {
    volume = mountVolume(48 * MIB);
    data = join(volume.path, 'data');
    server = outliveTest(await startDev(data));
    volume.fill(20 * MIB);
    await server.logged(SHORT);
    const client = clientOf(server);
    names = [];
    for (let status = 200; status === 200; ) {
      // So many at once that far more is written than the limit within the second between two checks.
      const batch = Array.from({ length: 64 }, (_, index) => `n${names.length + index}`);
      const statuses = await Promise.all(batch.map((name) => put(client, name, value)));
      names.push(...batch.filter((_, index) => statuses[index] === 200));
      status = statuses.find((each) => each !== 200) ?? 200;
    }
    await vi.waitFor(async () => expect(linesWith(server, NO_SPACE)).toHaveLength(1), WAIT);
  }, 120_000);
  afterAll(() => unmount(server));

  it('holds far more than nothing', () => {
    expect(names.length).toBeGreaterThan(100);
  });

  it('stays ready while changes are refused, and says that they are', async () => {
    const refusal = await clientOf(server)('POST', SECRETS, { name: 'more', secret_string: value });
    expect(refusal.status).toBe(507);
    expect(await readiness(server)).toEqual(REFUSED);
    expect(await readValue(clientOf(server), names[0]!)).toBe(value);
  });

  it('has warned before, and logs once what is free and what is needed, without a stack', () => {
    const [short] = linesWith(server, SHORT);
    const [full] = linesWith(server, NO_SPACE);
    expect(linesWith(server, SHORT)).toHaveLength(1);
    expect(short.time).toBeLessThan(full.time);
    for (const { freeBytes, neededBytes } of [short, full]) {
      expect(neededBytes).toBe(6 * MIB);
      expect(freeBytes).toBeGreaterThan(0);
    }
    expect(server.stderr()).not.toMatch(/"stack"/);
  });

  it('takes changes again once things were deleted, also after each of three restarts', async () => {
    const client = clientOf(server);
    for (let first = 0; first < names.length; first += 8) {
      const batch = names.slice(first, first + 8);
      const answers = await Promise.all(batch.map((name) => client('DELETE', `${SECRETS}/${name}`)));
      expect(answers.map(({ status }) => status)).toEqual(batch.map(() => 200));
    }
    await vi.waitFor(async () => expect(await readiness(server)).toEqual(READY), WAIT);
    expect(await put(client, 'small')).toBe(200);
    for (const round of [1, 2, 3]) {
      expect(await server.stop()).toBe(0);
      server = outliveTest(await startDev(data));
      expect(await put(clientOf(server), `small${round}`)).toBe(200);
    }
  }, 60_000);

  it('gets its space back', async () => {
    const database = join(data, 'csms.db');
    await vi.waitFor(() => expect(statSync(database).size).toBeLessThan(4 * MIB), WAIT);
    expect(volume.freeBytes()).toBeGreaterThan(12 * MIB);
    expect(await readValue(clientOf(server), 'small')).toBe('x');
  }, 60_000);
});

describe('a volume of 64 MiB', () => {
  let server: RunningServer | undefined;
  beforeEach(() => {
    volume = mountVolume(64 * MIB);
    data = join(volume.path, 'data');
  });
  afterEach(() => unmount(server));

  it('takes changes when it is empty, and there is nothing to warn of', async () => {
    server = await startDev(data);
    expect(await put(clientOf(server), 'one')).toBe(200);
    expect(await readiness(server)).toEqual(READY);
    expect(server.stderr()).not.toMatch(/space/);
  });

  it('is reported short before the server listens', async () => {
    const filler = volume.fill(20 * MIB);
    server = await startDev(data);
    await server.logged('"msg":"listening"');
    expect(server.stderr().split('"msg":"listening"')[0]).toContain(SHORT);
    filler.remove();
  });

  it('heals by itself, without a change having to come, and makes its reserve again', async () => {
    server = await startDev(data);
    const ballast = join(data, 'ballast');
    expect(existsSync(ballast)).toBe(true);
    const filler = volume.fill(0);
    await vi.waitFor(async () => expect(await readiness(server!)).toEqual(REFUSED), WAIT);
    // The reserve is what lets this one through.
    expect(await put(clientOf(server), 'none')).toBe(507);
    await server.stop();
    server = await startDev(data);
    expect(existsSync(ballast)).toBe(false);
    expect(await readiness(server)).toEqual(REFUSED);
    filler.remove();
    await vi.waitFor(async () => expect(await readiness(server!)).toEqual(READY), WAIT);
    await vi.waitFor(() => expect(existsSync(ballast)).toBe(true), WAIT);
    await server.logged('changes are accepted again');
    expect(linesWith(server, 'changes are accepted again')).toHaveLength(1);
  }, 60_000);

  it('has the limit that it is given', async () => {
    server = await startDev(data, { CSMS_LIMITS: `free-bytes=${62 * MIB}` });
    expect(await put(clientOf(server), 'one')).toBe(507);
    await server.logged(NO_SPACE);
    expect(linesWith(server, NO_SPACE)[0]).toMatchObject({ neededBytes: 62 * MIB });
    const seed = JSON.stringify({ csms: '1', secrets: [{ name: 'one', secret_string: 'x' }] });
    const { CSMS_CONTROL_TOKEN: controlToken = '' } = readCredentials(data);
    const main = await connectCsms({ endpoint: server.baseUrl, controlToken });
    await expect(main.seed.apply(seed)).rejects.toThrow('no space is left for the data of main');
    await server.stop();
    writeFileSync(join(volume.path, 'seed.yaml'), seed);
    const { code, stderr } = await run(['dev', '--seed', join(volume.path, 'seed.yaml')], {
      CSMS_DATA: data,
      CSMS_PORT: '0',
      CSMS_LIMITS: `free-bytes=${62 * MIB}`,
    });
    expect([code, stderr]).toEqual([
      69,
      expect.stringMatching(/seed\.yaml: the seed cannot be applied: \d+ bytes/),
    ]);
    volume.fill(7 * MIB);
    server = await startDev(data, { CSMS_LIMITS: 'free-bytes=1048576' });
    expect(await put(clientOf(server), 'one')).toBe(200);
  });
});

describe('a volume that cannot be written to', () => {
  beforeEach(() => {
    volume = mountVolume(4 * MIB);
    data = join(volume.path, 'data');
    openDirectory(data, MIGRATIONS.slice(0, 6)).release();
  });
  afterEach(() => volume.unmount());

  it('is what an upgrade names when there is no room for it, and no damage', () => {
    volume.fill(0);
    expect(() => openDirectory(data, MIGRATIONS)).toThrow(
      expect.objectContaining({ kind: 'taken', message: expect.stringMatching(/^no space is left for/) }),
    );
  });

  it('is what an upgrade names that has to sign rows anew, which continues when there is room', () => {
    mkdirSync(join(volume.path, 'old'), { mode: 0o700 });
    const config = configOf(join(volume.path, 'old'));
    takeGolden(config.dataDirectory, 'schema-0011');
    openDirectory(config.dataDirectory, MIGRATIONS.slice(0, 12)).release();
    const start = () => openInstallation(config, { nowMs: () => 0 }).open.release();
    const filler = volume.fill(0);
    expect(start).toThrow(
      expect.objectContaining({ kind: 'taken', message: expect.stringMatching(/^no space is left for/) }),
    );
    filler.remove();
    start();
    expect(verifyInstallation(config).findings).toEqual([]);
  });

  it('is what a start names when the volume is mounted to be read, and no damage', () => {
    spawnSync('mount', ['-o', 'remount,ro', volume.path]);
    expect(() => openDirectory(data, MIGRATIONS)).toThrow(
      expect.objectContaining({
        kind: 'configuration',
        message: expect.stringMatching(/no file that .* write/),
      }),
    );
  });
});
