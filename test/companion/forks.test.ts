import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestMain, type TestWorld } from '../../src/companion/worlds/test-world.ts';
import { createTestWorlds, type TestWorlds } from '../../src/companion/worlds/test-worlds.ts';
import { createProcess, type ServerProcess } from '../../src/compose/process.ts';
import { createMain, createWorlds, type World, type Worlds } from '../../src/compose/world.ts';
import { createLog, NO_PRESSURE, prepareFiles } from '../support/server.ts';

// Without HTTP in between, calls come in one turn of the event loop: what happens while another one waits is seen here.
let directory: string;
let shared: ServerProcess;
let main: World;
let worlds: Worlds;
let tests: TestWorlds;

beforeAll(async () => {
  const files = await prepareFiles('dev');
  directory = files.directory;
  shared = await createProcess(files.config, createLog('error', []), {
    pressure: NO_PRESSURE,
    onFatal: () => undefined,
  });
});
beforeEach(async () => {
  const testMain = createTestMain(shared, () => undefined);
  main = await createMain(shared, { mainParts: testMain.partsFrom });
  worlds = createWorlds(main);
  tests = createTestWorlds(shared, testMain);
  tests.begin(worlds);
  return async () => {
    await tests.end();
    await main.stop();
  };
});
afterAll(async () => {
  await shared.close();
  rmSync(directory, { recursive: true, force: true });
});

const wish = (more: { name?: string; ak?: string; from?: TestWorld } = {}) => ({
  name: more.name,
  from: more.from ?? tests.main,
  ttl: { text: '1h', ms: 3_600_000 },
  credentials: { ak: more.ak },
});
const fork = (more?: Parameters<typeof wish>[0]) => tests.fork(wish(more));
const names = () => [...worlds.all()].map(({ world }) => world);
const isOpen = async ({ storage }: TestWorld) => storage.store.storageStatus().refusal === undefined;
const outcomes = async (...calls: Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((call) =>
    call.status === 'fulfilled' ? 'done' : (call.reason as { code: string }).code,
  );

describe('two calls at once', () => {
  it('that fork with one name or one access key make one world', async () => {
    expect(await outcomes(fork({ name: 'w' }), fork({ name: 'w' }))).toEqual(['done', 'world-exists']);
    expect(await outcomes(fork({ ak: 'AKONE' }), fork({ ak: 'AKONE' }))).toEqual([
      'done',
      'credentials-taken',
    ]);
    expect(names()).toHaveLength(3);
  });

  it('that reset a world do so one after the other', async () => {
    const world = await fork({ name: 'w' });
    const [one, two] = await Promise.all([tests.reset(world), tests.reset(world)]);
    expect(tests.find('w')).toBe(two);
    expect(one).not.toBe(two);
    await tests.end();
    expect(await Promise.all([world, one, two].map(isOpen))).toEqual([false, false, false]);
  });

  it('that reset a world and delete it leave none', async () => {
    const world = await fork({ name: 'w' });
    const reset = tests.reset(world);
    await Promise.resolve();
    tests.remove(world);
    expect(await outcomes(reset, tests.reset(world))).toEqual(['not-found', 'not-found']);
    expect([names(), tests.find('w'), world.life.aborted]).toEqual([['main'], undefined, true]);
  });

  it('that fork a world and delete it copy it or find none', async () => {
    const world = await fork({ name: 'w' });
    const early = fork({ from: world, name: 'early' });
    const late = fork({ from: world, name: 'late', ak: 'AKLATE' });
    tests.remove(world);
    // Neither had copied anything yet.
    expect(await outcomes(early, late)).toEqual(['not-found', 'not-found']);
    expect(names()).toEqual(['main']);
  });
});

describe('a world', () => {
  it('that is reset keeps its users, without those that were added since', async () => {
    const world = await fork({ name: 'w' });
    const before = world.users.list();
    world.users.add([
      { id: 'x', name: 'later', ak: 'AKLATER', sk: 'secret-later', password: undefined, policies: [] },
    ]);
    expect(world.users.list()).toHaveLength(before.length + 1);
    const copy = await fork({ from: world });
    expect(copy.users.list().map(({ user }) => user.name)).toContain('later');
    const fresh = await tests.reset(world);
    expect(fresh.users.list()).toEqual(before);
    expect(worlds.find('w')?.directory().findAccessKey('AKLATER')).toBeUndefined();
    expect((await tests.reset(copy)).users.list().map(({ user }) => user.name)).toContain('later');
  });

  it('is not made once the server stops', async () => {
    const world = await fork({ name: 'w' });
    const [made, reset] = [fork({ name: 'late' }), tests.reset(world)];
    await Promise.resolve();
    await tests.end();
    expect(await outcomes(made, reset)).toEqual(['not-found', 'not-found']);
    expect(names()).toEqual(['main']);
  });
});
