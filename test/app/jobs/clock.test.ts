import { beforeEach, describe, expect, it } from 'vitest';
import { createClockRecorder, recallClock, recordClock } from '../../../src/app/jobs/clock.ts';
import { createPurgeJob } from '../../../src/app/jobs/purge.ts';
import { createJobRunner, type JobRunner } from '../../../src/app/jobs/runner.ts';
import { createTrustedTime, type TrustedTime } from '../../../src/app/jobs/trusted-time.ts';
import type { Store } from '../../../src/app/ports/deps.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { DAY_MS, T0 } from '../../support/builders.ts';
import { aWorld, type World, waitingUntil } from '../../support/world.ts';

const HOUR_MS = 3_600_000;

let world: World;
let monotonicMs: number;

/** One run of the server, with the jobs that matter here. */
interface Life {
  readonly runner: JobRunner;
  readonly trustedTime: TrustedTime;
  /** Time passes while it runs, with a tick every half an hour. */
  runFor(ms: number): Promise<void>;
  stop(): Promise<void>;
}

async function start(store: Store = world.deps.store): Promise<Life> {
  // Each process has a monotonic clock of its own.
  monotonicMs = Math.floor(Math.random() * 1_000_000);
  const deps = { ...world.deps, store };
  const monotonic = { nowMs: () => monotonicMs };
  const trustedTime = createTrustedTime(deps, monotonic, await recallClock(deps));
  const jobs = [createPurgeJob(deps), createClockRecorder(deps, trustedTime)];
  const runner = createJobRunner({ ...deps, monotonic, trustedTime }, jobs);
  await runner.tick();
  return {
    runner,
    trustedTime,
    async runFor(ms) {
      for (let leftMs = ms; leftMs > 0; leftMs -= HOUR_MS / 2) {
        const stepMs = Math.min(leftMs, HOUR_MS / 2);
        world.clock.wallMs += stepMs;
        monotonicMs += stepMs;
        await runner.tick();
      }
    },
    async stop() {
      await runner.stop();
      await recordClock(deps, trustedTime);
    },
  };
}

/** The machine stands still, or someone sets its clock, between two runs. */
function shift(ms: number): void {
  world.clock.wallMs += ms;
}

const put = (name: string, dueMs: number) => world.put(name, waitingUntil(dueMs));
const isHeld = ({ runner }: Life) => runner.status().map((job) => [job.name, job.isHeld]);

beforeEach(async () => {
  world = aWorld();
  put('due-in-a-week', T0 + 7 * DAY_MS);
  await (await start()).stop();
});

describe('a start with a clock that is more than a day ahead of the last time seen', () => {
  it('deletes nothing, and says so once', async () => {
    shift(60 * DAY_MS);
    const life = await start();
    await life.runFor(HOUR_MS);
    expect(world.names()).toEqual(['due-in-a-week']);
    expect(world.logged).toEqual([expect.stringMatching(/more than a day ahead.*csms-server clock accept$/)]);
  });

  it('shows which jobs wait', async () => {
    shift(60 * DAY_MS);
    expect(isHeld(await start())).toEqual([
      ['purge', true],
      ['clock', false],
    ]);
  });

  it('deletes what is due once the server has run for a day, and not before', async () => {
    shift(60 * DAY_MS);
    const life = await start();
    await life.runFor(DAY_MS - 1);
    expect(world.names()).toEqual(['due-in-a-week']);
    await life.runFor(1);
    expect(world.names()).toEqual([]);
    expect(isHeld(life)).toContainEqual(['purge', false]);
  });

  it('does not become right by another start, after however short a run', async () => {
    shift(60 * DAY_MS);
    for (const runMs of [0, 60_000, HOUR_MS]) {
      const life = await start();
      await life.runFor(runMs);
      await life.stop();
    }
    const last = await start();
    await last.runFor(22 * HOUR_MS);
    expect(world.names()).toEqual(['due-in-a-week']);
  });

  it('counts the time of all runs together, also of those that were killed', async () => {
    shift(60 * DAY_MS);
    for (let hours = 0; hours < 20; hours += 5) {
      const life = await start();
      await life.runFor(5 * HOUR_MS);
      // No clean stop: what the job kept is half an hour old at most.
      shift(60_000);
    }
    const last = await start();
    await last.runFor(3 * HOUR_MS);
    expect(world.names()).toEqual(['due-in-a-week']);
    await last.runFor(HOUR_MS);
    expect(world.names()).toEqual([]);
  });

  it('begins the day again when the clock has moved on by another day in between', async () => {
    shift(60 * DAY_MS);
    const life = await start();
    await life.runFor(23 * HOUR_MS);
    await life.stop();
    shift(60 * DAY_MS);
    const next = await start();
    await next.runFor(23 * HOUR_MS);
    expect(world.names()).toEqual(['due-in-a-week']);
  });

  it('ends the wait when the clock is set right, without a deletion that is not due', async () => {
    put('due-in-an-hour', T0 + HOUR_MS);
    shift(60 * DAY_MS);
    const life = await start();
    await life.runFor(HOUR_MS);
    shift(-60 * DAY_MS);
    await life.runFor(1);
    expect(world.names()).toEqual(['due-in-a-week']);
    await life.stop();
    expect(isHeld(await start())).toContainEqual(['purge', false]);
  });

  it('is forgotten when the next start has the right clock', async () => {
    shift(60 * DAY_MS);
    await (await start()).stop();
    shift(-60 * DAY_MS);
    const life = await start();
    expect(isHeld(life)).toContainEqual(['purge', false]);
    expect(world.names()).toEqual(['due-in-a-week']);
  });

  it('believes it at once when it was accepted', async () => {
    shift(60 * DAY_MS);
    const nowMs = world.clock.wallMs;
    const record = { seenMs: nowMs, hold: undefined };
    await world.deps.store.change({ aggregate: 'clock', kind: 'record-clock', record, nowMs });
    await start();
    expect(world.names()).toEqual([]);
    expect(world.logged).toEqual([]);
  });
});

describe('a start with a clock that is ahead by', () => {
  it.each([
    { aheadMs: DAY_MS, held: false },
    { aheadMs: DAY_MS + 1, held: true },
  ])('$aheadMs ms: held $held', async ({ aheadMs, held }) => {
    shift(aheadMs);
    expect(isHeld(await start())).toContainEqual(['purge', held]);
  });
});

describe('a clock that is behind the last time seen', () => {
  it('is followed', async () => {
    shift(-1_000 * DAY_MS);
    const life = await start();
    expect(isHeld(life)).toContainEqual(['purge', false]);
    await life.stop();
    expect(await world.deps.store.findClock()).toEqual({ seenMs: T0 - 1_000 * DAY_MS, hold: undefined });
  });

  it('is followed while the server runs, too, and what is remembered follows', async () => {
    const life = await start();
    shift(-1_000 * DAY_MS);
    await life.runFor(HOUR_MS);
    expect(isHeld(life)).toContainEqual(['purge', false]);
    await life.stop();
    const seenMs = T0 - 1_000 * DAY_MS + HOUR_MS;
    expect(await world.deps.store.findClock()).toEqual({ seenMs, hold: undefined });
  });

  it('lets no deletion that was scheduled under it be carried out at the first start with the right one', async () => {
    shift(-1_000 * DAY_MS);
    const life = await start();
    put('scheduled-a-week-ahead', world.clock.wallMs + 7 * DAY_MS);
    await life.stop();
    shift(1_000 * DAY_MS);
    await (await start()).runFor(HOUR_MS);
    expect(world.names()).toContain('scheduled-a-week-ahead');
  });
});

describe('a jump by more than a day while the server runs', () => {
  it('is not forgotten by a restart', async () => {
    const life = await start();
    shift(60 * DAY_MS);
    await life.runFor(HOUR_MS);
    await life.stop();
    const next = await start();
    await next.runFor(22 * HOUR_MS);
    expect(world.names()).toEqual(['due-in-a-week']);
    await next.runFor(2 * HOUR_MS);
    expect(world.names()).toEqual([]);
  });
});

describe('a record that does not pass its check', () => {
  it('makes no clock right, is logged, and is replaced', async () => {
    const findClock = () => {
      throw new SecretError('damaged');
    };
    const life = await start({ ...world.deps.store, findClock });
    expect(isHeld(life)).toContainEqual(['purge', true]);
    expect(world.logged[0]).toBe('the record of the last time seen has been changed: run csms-server verify');
    await life.stop();
    expect(await world.deps.store.findClock()).toMatchObject({ seenMs: 0, hold: { seenMs: T0 } });
  });
});
