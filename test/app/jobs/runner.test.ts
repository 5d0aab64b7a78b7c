import { beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/app/jobs/job.ts';
import { createJobRunner, type JobRunner } from '../../../src/app/jobs/runner.ts';
import { createTrustedTime } from '../../../src/app/jobs/trusted-time.ts';
import { type ErrorCode, SecretError } from '../../../src/core/errors.ts';
import { DAY_MS, T0 } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

let world: World;
let monotonicMs: number;

beforeEach(() => {
  world = aWorld();
  monotonicMs = 5_000;
});

function pass(ms: number): void {
  world.clock.wallMs += ms;
  monotonicMs += ms;
}

function runnerOf(jobs: readonly Job[]): JobRunner {
  const { clock, log, store } = world.deps;
  const monotonic = { nowMs: () => monotonicMs };
  const trustedTime = createTrustedTime(world.deps, monotonic);
  return createJobRunner({ store, clock, log, monotonic, trustedTime }, jobs);
}

/** There is always something to do. */
const ALWAYS = () => 0;

/** A job that notes the times at which it runs. */
function noting(times: number[], changes: Partial<Job> = {}): Job {
  return {
    name: 'noting',
    intervalMs: 1_000,
    nextDueMs: ALWAYS,
    async run(nowMs) {
      times.push(nowMs);
      return 0;
    },
    ...changes,
  };
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
        nextDueMs: ALWAYS,
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
});

describe('a job that fails', () => {
  const codes: ErrorCode[] = ['storage-full', 'damaged'];

  it.each<readonly [Error, string]>([
    ...codes.map((code) => [new SecretError(code), code] as const),
    [new Error('secret text'), 'internal'],
  ])('with %o is logged and counted as %s', async (error, code) => {
    const told: unknown[] = [];
    world = {
      ...world,
      deps: { ...world.deps, log: { ...world.deps.log, error: (fields) => told.push(fields) } },
    };
    const runner = runnerOf([noting([], { run: () => Promise.reject(error) })]);
    await runner.tick();
    expect(told).toEqual([{ job: 'noting', code }]);
    expect(runner.status()).toMatchObject([{ failures: 1 }]);
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
    expect(runner.status()).toMatchObject([{ failures: 7 }]);
  });

  it('waits as long while others change something', async () => {
    const times: number[] = [];
    const run = async (nowMs: number) => {
      times.push((nowMs - T0) / 1_000);
      throw new Error('broken');
    };
    const runner = runnerOf([noting([], { run })]);
    for (let second = 0; second <= 100; second += 1) {
      runner.wake();
      await runner.tick();
      pass(1_000);
    }
    expect(times).toEqual([0, 2, 6, 14, 30, 62]);
  });

  it('does not keep the others from running', async () => {
    const times: number[] = [];
    const failing = noting([], { name: 'failing', run: () => Promise.reject(new Error('broken')) });
    await runnerOf([failing, noting(times)]).tick();
    expect(times).toEqual([T0]);
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
  it('reaches a run that is under way', async () => {
    const ending: boolean[] = [];
    const gate = Promise.withResolvers<void>();
    const run = async (_: number, signal: AbortSignal) => {
      ending.push(signal.aborted);
      signal.addEventListener('abort', () => gate.resolve());
      await gate.promise;
      ending.push(signal.aborted);
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
    let runs = 0;
    const run = () => {
      runs += 1;
      return gate.promise;
    };
    const runner = runnerOf([noting([], { run })]);
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
    pass(DAY_MS);
    await runner.tick();
    expect(runs).toBe(1);
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
