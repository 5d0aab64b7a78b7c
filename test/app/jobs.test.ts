import { beforeEach, describe, expect, it } from 'vitest';
import { createJobRunner, type Job, type JobRunner, type Lease } from '../../src/app/jobs.ts';
import type { Store } from '../../src/app/ports.ts';
import { createTrustedTime } from '../../src/app/trusted-time.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { type JobResult, LEASE_MS } from '../../src/core/job.ts';
import { aWorld, DAY_MS, T0, type World } from '../support/builders.ts';

let world: World;
let monotonicMs: number;
/** Kinds of the commands about jobs that reached the store. */
let written: string[];
let store: Store;

beforeEach(() => {
  world = aWorld();
  monotonicMs = 5_000;
  written = [];
  store = {
    ...world.deps.store,
    change(command) {
      written.push(command.kind);
      return world.deps.store.change(command);
    },
  };
});

function pass(ms: number): void {
  world.clock.wallMs += ms;
  monotonicMs += ms;
}

function runnerOf(jobs: readonly Job[], holder = 'one', over = store): JobRunner {
  const { clock, log } = world.deps;
  const monotonic = { nowMs: () => monotonicMs };
  const trustedTime = createTrustedTime(world.deps, monotonic);
  return createJobRunner({ store: over, clock, log, monotonic, trustedTime, holder }, jobs);
}

/** A job that notes the times at which it runs. */
function noting(times: number[], changes: Partial<Job> = {}): Job {
  return {
    name: 'noting',
    intervalMs: 1_000,
    async run(nowMs) {
      times.push(nowMs);
      return 0;
    },
    ...changes,
  };
}

async function claimAs(holder: string): Promise<JobResult> {
  const nowMs = world.clock.wallMs;
  return world.deps.store.change({
    aggregate: 'job',
    kind: 'claim-job',
    ref: { name: 'noting' },
    holder,
    nowMs,
  });
}

describe('a job', () => {
  it('runs at once, and again when its interval is over', async () => {
    const times: number[] = [];
    const runner = runnerOf([noting(times)]);
    await runner.tick();
    pass(999);
    await runner.tick();
    pass(1);
    await runner.tick();
    expect(times).toEqual([T0, T0 + 1_000]);
  });

  it('is not started while it runs, and does not hold others up', async () => {
    const slow = Promise.withResolvers<number>();
    const started: string[] = [];
    const times: number[] = [];
    const runner = runnerOf([
      {
        name: 'slow',
        intervalMs: 1_000,
        run: () => {
          started.push('slow');
          return slow.promise;
        },
      },
      noting(times),
    ]);
    const first = runner.tick();
    await expect.poll(() => times.length).toBe(1);
    pass(1_000);
    await runner.tick();
    expect([started, times.length]).toEqual([['slow'], 2]);
    slow.resolve(1);
    await first;
    expect(runner.status().find(({ name }) => name === 'slow')).toMatchObject({ isRunning: false });
  });

  it('that finds nothing to do writes one claim for each half of a lease', async () => {
    const runner = runnerOf([noting([])]);
    for (let second = 0; second < 60; second += 1) {
      await runner.tick();
      pass(1_000);
    }
    expect(written).toEqual(['claim-job']);
    await runner.tick();
    expect(written).toEqual(['claim-job', 'claim-job']);
  });

  it('that carried something out is recorded', async () => {
    const runner = runnerOf([noting([], { run: async () => 3 })]);
    await runner.tick();
    expect((await claimAs('one')).job).toMatchObject({ runs: 1, processed: 3, nextRunMs: T0 + 1_000 });
  });

  it('with a long interval is recorded, and not repeated after a restart', async () => {
    const times: number[] = [];
    const rare = noting(times, { intervalMs: DAY_MS });
    await runnerOf([rare]).tick();
    pass(5_000);
    const again = runnerOf([rare]);
    await again.tick();
    expect(times).toHaveLength(1);
    pass(DAY_MS - 5_000);
    await again.tick();
    expect(times).toEqual([T0, T0 + DAY_MS]);
  });
});

describe('a job that fails', () => {
  const codes: ErrorCode[] = ['storage-full', 'damaged'];

  it.each<readonly [Error, string]>([
    ...codes.map((code) => [new SecretError(code), code] as const),
    [new Error('secret text'), 'internal'],
  ])('with %o is logged, counted and recorded as %s', async (error, code) => {
    const told: unknown[] = [];
    world = {
      ...world,
      deps: { ...world.deps, log: { ...world.deps.log, error: (fields) => told.push(fields) } },
    };
    const runner = runnerOf([noting([], { run: () => Promise.reject(error) })]);
    await runner.tick();
    expect(told).toEqual([{ job: 'noting', code }]);
    expect(runner.status()).toMatchObject([{ failures: 1 }]);
    expect((await claimAs('one')).job).toMatchObject({ lastError: code, failures: 1, runs: 1 });
  });

  it('waits twice as long each time, up to a minute, and is well again after a good run', async () => {
    const times: number[] = [];
    let isBroken = true;
    const run = async (nowMs: number) => {
      times.push((nowMs - T0) / 1_000);
      if (isBroken) throw new Error('broken');
      return 0;
    };
    const runner = runnerOf([noting([], { run })]);
    for (let second = 0; second <= 200; second += 1) {
      if (second === 130) isBroken = false;
      await runner.tick();
      pass(1_000);
    }
    expect(times.slice(0, 8)).toEqual([0, 2, 6, 14, 30, 62, 122, 182]);
    expect(times.slice(8, 10)).toEqual([183, 184]);
    expect((await claimAs('one')).job).toMatchObject({ lastError: undefined, failures: 7 });
  });

  it('does not keep the others from running', async () => {
    const times: number[] = [];
    const failing = { name: 'failing', intervalMs: 1_000, run: () => Promise.reject(new Error('broken')) };
    await runnerOf([failing, noting(times)]).tick();
    expect(times).toEqual([T0]);
  });

  it('to get its lease is a failure too, and the job does not run', async () => {
    const times: number[] = [];
    const full: Store = { ...store, change: () => Promise.reject(new SecretError('storage-full')) };
    const runner = runnerOf([noting(times)], 'one', full);
    await runner.tick();
    expect([times, runner.status()[0]?.failures]).toEqual([[], 1]);
  });
});

describe('two processes', () => {
  it('run a job one at a time; the other one takes over when the lease is over', async () => {
    const [first, second]: [number[], number[]] = [[], []];
    const one = runnerOf([noting(first)], 'one');
    const two = runnerOf([noting(second)], 'two');
    await one.tick();
    await two.tick();
    expect([first.length, second.length]).toEqual([1, 0]);
    // The first one dies here.
    for (let second = 0; second < LEASE_MS / 1_000; second += 1) {
      pass(1_000);
      await two.tick();
    }
    expect(second).toEqual([T0 + LEASE_MS]);
  });

  it('change hands at once when one stops in good order', async () => {
    const times: number[] = [];
    const one = runnerOf([noting([])], 'one');
    await one.tick();
    await one.stop();
    await runnerOf([noting(times)], 'two').tick();
    expect(times).toEqual([T0]);
  });

  it('are kept apart by the epoch: what the first one records after it lost its lease does not count', async () => {
    const held: boolean[] = [];
    const run = async (_: number, lease: Lease) => {
      pass(LEASE_MS);
      await claimAs('two');
      held.push(await lease.extend());
      return 99;
    };
    const runner = runnerOf([noting([], { run })], 'one');
    await runner.tick();
    expect(held).toEqual([false]);
    expect((await claimAs('two')).job).toMatchObject({ runs: 0, processed: 0, leaseHolder: 'two' });
  });

  it('let a long run go on that extends its lease', async () => {
    const held: boolean[] = [];
    const run = async (_: number, lease: Lease) => {
      for (let step = 0; step < 4; step += 1) {
        pass(LEASE_MS - 1);
        held.push(await lease.extend(), (await claimAs('two')).held);
      }
      return 1;
    };
    await runnerOf([noting([], { run })], 'one').tick();
    expect(held).toEqual([true, false, true, false, true, false, true, false]);
  });
});

describe('a clock that jumps forward', () => {
  it('stops what needs a trusted time, and nothing else', async () => {
    const [trusted, wall]: [number[], number[]] = [[], []];
    const runner = runnerOf([noting(trusted), noting(wall, { name: 'wall', time: 'wall' })]);
    world.clock.wallMs += 30 * DAY_MS;
    await runner.tick();
    expect([trusted, wall]).toEqual([[], [T0 + 30 * DAY_MS]]);
    pass(60_000);
    expect(runner.status()).toMatchObject([{ name: 'noting', isDue: true, lagMs: 60_000 }, {}]);
    pass(DAY_MS);
    await runner.tick();
    expect(trusted).toHaveLength(1);
  });
});

describe('stopping', () => {
  it('is told to a run that is under way', async () => {
    const ending: boolean[] = [];
    const gate = Promise.withResolvers<void>();
    const run = async (_: number, lease: Lease) => {
      ending.push(lease.isEnding());
      lease.ending.addEventListener('abort', () => gate.resolve());
      await gate.promise;
      ending.push(lease.isEnding());
      return 0;
    };
    const runner = runnerOf([noting([], { run })]);
    const ticking = runner.tick();
    await expect.poll(() => ending.length).toBe(1);
    const stopping = runner.stop();
    await Promise.all([ticking, stopping]);
    expect(ending).toEqual([false, true]);
  });

  it('waits for the run under way, then starts nothing any more', async () => {
    const gate = Promise.withResolvers<number>();
    const runner = runnerOf([noting([], { run: () => gate.promise })]);
    const ticking = runner.tick();
    await expect.poll(() => runner.status()[0]?.isRunning).toBe(true);
    let isStopped = false;
    const stopping = runner.stop().then(() => {
      isStopped = true;
    });
    await Promise.resolve();
    expect(isStopped).toBe(false);
    gate.resolve(0);
    await Promise.all([ticking, stopping]);
    const before = written.length;
    pass(DAY_MS);
    await runner.tick();
    expect(written).toHaveLength(before);
  });
});

describe('the status', () => {
  it('tells what is due, since when, and what runs', async () => {
    const gate = Promise.withResolvers<number>();
    const runner = runnerOf([noting([], { run: () => gate.promise })]);
    pass(3_000);
    expect(runner.status()).toEqual([
      { name: 'noting', isDue: true, isRunning: false, isHeld: false, failures: 0, lagMs: 3_000 },
    ]);
    const ticking = runner.tick();
    await expect.poll(() => runner.status()[0]?.isRunning).toBe(true);
    gate.resolve(0);
    await ticking;
    expect(runner.status()).toEqual([
      { name: 'noting', isDue: false, isRunning: false, isHeld: false, failures: 0, lagMs: 0 },
    ]);
  });
});
