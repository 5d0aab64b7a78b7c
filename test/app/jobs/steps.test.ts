import { beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/app/jobs/job.ts';
import { createJobRunner, type JobRunner } from '../../../src/app/jobs/runner.ts';
import { T0 } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

let world: World;
let told: string[];

beforeEach(() => {
  world = aWorld();
  told = [];
});

function runnerOf(jobs: readonly Job[]): JobRunner {
  const { clock, log, store } = world.deps;
  return createJobRunner({ store, clock, log, monotonic: clock, trustedTime: clock }, jobs);
}

/** A job that does one thing in each run, `things` in all, and notes its runs. */
function working(name: string, things: number, changes: Partial<Job> = {}): Job {
  let left = things;
  return {
    name,
    intervalMs: 60_000,
    nextDueMs: () => (left > 0 ? T0 : undefined),
    async run() {
      told.push(name);
      left -= 1;
      return 1;
    },
    ...changes,
  };
}

describe('steps from one due moment to the next', () => {
  it('run each job to its end, in their order and whatever their intervals', async () => {
    const runner = runnerOf([working('first', 2), working('second', 2)]);
    expect(await runner.runDue(T0)).toBe(4);
    expect(told).toEqual(['first', 'first', 'second', 'second']);
    expect(await runner.runDue(T0)).toBe(0);
  });

  it('wait for what the timer has started, count it, and start it no second time', async () => {
    const gate = Promise.withResolvers<number>();
    let runs = 0;
    const run = () => {
      runs += 1;
      return gate.promise;
    };
    const runner = runnerOf([working('slow', 1, { run, nextDueMs: () => (runs === 0 ? T0 : undefined) })]);
    const ticking = runner.tick();
    await expect.poll(() => runs).toBe(1);
    expect(runner.isUnderWay()).toBe(true);
    const steps = runner.runDue(T0);
    gate.resolve(3);
    expect(await steps).toBe(3);
    await ticking;
    expect([runs, runner.isUnderWay()]).toEqual([1, false]);
  });

  it('keep the timer from starting anything meanwhile', async () => {
    const gate = Promise.withResolvers<number>();
    const slow = working('slow', 1, {
      run: () => {
        told.push('slow');
        return gate.promise;
      },
    });
    const runner = runnerOf([slow, working('other', 1)]);
    const steps = runner.runDue(T0, () => told.length === 0);
    await expect.poll(() => told).toEqual(['slow']);
    await runner.tick();
    expect([told, runner.waitMs()]).toEqual([['slow'], Number.POSITIVE_INFINITY]);
    gate.resolve(1);
    await steps;
    expect(runner.waitMs()).toBe(0);
    await runner.tick();
    expect(told).toContain('other');
  });

  it('continue calls that a run has left under way', async () => {
    let calls = 3;
    const run = async () => {
      told.push('call');
      calls -= 1;
      return calls === 0 ? 1 : 0;
    };
    const job = working('calls', 1, {
      nextDueMs: () => (calls > 0 ? 0 : undefined),
      run,
      isUnderWay: () => calls > 0,
    });
    expect(await runnerOf([job]).runDue(T0)).toBe(1);
    expect(told).toHaveLength(3);
  });

  it('end early when they are told to, and with the runner', async () => {
    const runner = runnerOf([working('many', 1_000)]);
    expect(await runner.runDue(T0, () => told.length < 5)).toBe(5);
    await runner.stop();
    expect([await runner.runDue(T0), runner.isFailing()]).toEqual([0, true]);
  });

  it('leave a job that fails, and say so', async () => {
    const failing = working('failing', 1, { run: () => Promise.reject(new Error('broken')) });
    const runner = runnerOf([failing, working('other', 1)]);
    expect(await runner.runDue(T0)).toBe(1);
    expect([told, runner.isFailing()]).toEqual([['other'], true]);
  });

  it('name the next moment after one, whatever could not be done up to then', async () => {
    const nextDueMs = (afterMs: number) => [T0 - 5, T0 + 5].find((moment) => moment > afterMs);
    const runner = runnerOf([
      working('stuck', 0, { nextDueMs }),
      working('always', 0, { nextDueMs: () => 0 }),
    ]);
    expect(await runner.nextDueMs()).toBe(0);
    expect(await runner.nextDueMs(T0)).toBe(T0 + 5);
    expect(await runner.nextDueMs(T0 + 5)).toBeUndefined();
  });
});
