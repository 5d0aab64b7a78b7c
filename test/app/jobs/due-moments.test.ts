import { beforeEach, describe, expect, it } from 'vitest';
import { createExpiryScan } from '../../../src/app/events/expiry.ts';
import { createNotificationRetention } from '../../../src/app/events/notifications.ts';
import type { Job } from '../../../src/app/jobs/job.ts';
import { createPurgeJob } from '../../../src/app/jobs/purge.ts';
import { createJobRunner, type JobRunner } from '../../../src/app/jobs/runner.ts';
import { createTrustedTime } from '../../../src/app/jobs/trusted-time.ts';
import { createKeyDeletion, createKeyRotation } from '../../../src/app/kms/jobs.ts';
import type { Command } from '../../../src/core/commands.ts';
import { RECORD_KEPT_MS } from '../../../src/core/events/notifications.ts';
import { aNotification, anEvent, DAY_MS, REF, T0 } from '../../support/builders.ts';
import { aCustomKey } from '../../support/keys.ts';
import { aWorld, failing, type World, waitingUntil } from '../../support/world.ts';

const MINUTE_MS = 60_000;

let world: World;
let runner: JobRunner;
/** How often the runner said that its next look is at another time. */
let changes: number;

beforeEach(() => {
  world = aWorld();
  changes = 0;
});

/** Both clocks are the world's: whoever moves it is trusted. */
function start(jobs: readonly Job[]): void {
  const clock = { nowMs: () => world.clock.wallMs };
  const trustedTime = createTrustedTime(world.deps, clock);
  const onChange = () => {
    changes += 1;
  };
  runner = createJobRunner({ ...world.deps, monotonic: clock, trustedTime, onChange }, jobs);
  world.deps.store.onNews(() => runner.wake());
}

/** A job over a list of moments, which it crosses off, and notes when it ran; `stuck` ones stay. */
function listed(moments: number[], stuck: readonly number[] = []) {
  const runs: number[] = [];
  const job: Job = {
    name: 'listed',
    intervalMs: 1_000,
    nextDueMs: (afterMs) => {
      const later = [...moments, ...stuck].filter((moment) => moment > afterMs);
      return later.length === 0 ? undefined : Math.min(...later);
    },
    async run(nowMs) {
      runs.push(nowMs);
      const due = moments.filter((moment) => moment <= nowMs);
      moments.splice(0, moments.length, ...moments.filter((moment) => moment > nowMs));
      return due.length;
    },
  };
  return { job, runs };
}

/** Lets time pass as a timer would: it looks when the runner wants to. Answers how often. */
async function passBy(ms: number): Promise<number> {
  const endMs = world.clock.wallMs + ms;
  let looks = 0;
  while (world.clock.wallMs + runner.waitMs() <= endMs) {
    world.clock.wallMs += runner.waitMs();
    await runner.tick();
    looks += 1;
  }
  world.clock.wallMs = endMs;
  return looks;
}

describe('a timer for the next due moment', () => {
  it('looks once a minute while nothing comes due, and runs nothing', async () => {
    const { job, runs } = listed([T0 + DAY_MS]);
    start([job]);
    expect(await passBy(10 * MINUTE_MS)).toBe(11);
    expect(runs).toEqual([]);
  });

  it('runs each thing at its moment', async () => {
    const moments = [T0 + 250, T0 + 90_000, T0 + 3 * MINUTE_MS];
    const { job, runs } = listed([...moments]);
    start([job]);
    await passBy(10 * MINUTE_MS);
    expect(runs).toEqual(moments);
  });

  it('takes what comes due within an interval together', async () => {
    const { job, runs } = listed([T0, T0 + 10, T0 + 999, T0 + 1_001]);
    start([job]);
    await passBy(MINUTE_MS);
    expect(runs).toEqual([T0, T0 + 1_000, T0 + 2_000]);
  });

  it('is woken by a change, at once after a rest and once an interval while changes continue', async () => {
    const moments: number[] = [];
    const { job, runs } = listed(moments);
    start([job]);
    await passBy(10_000);
    moments.push(T0 + 1);
    runner.wake();
    expect(runner.waitMs()).toBe(0);
    await passBy(0);
    expect(runs).toEqual([T0 + 10_000]);
    for (let more = 0; more < 100; more += 1) {
      moments.push(T0 + 1);
      runner.wake();
      await passBy(30);
    }
    expect(runs).toEqual([0, 1, 2, 3].map((second) => T0 + 10_000 + second * 1_000));
  });

  it('says once that a change has come, however many do', async () => {
    start([listed([]).job]);
    await passBy(0);
    const before = changes;
    for (let count = 0; count < 50; count += 1) runner.wake();
    expect(changes).toBe(before + 1);
  });

  it('misses no change that comes while a job looks', async () => {
    const moments: number[] = [];
    const gate = Promise.withResolvers<void>();
    const { job, runs } = listed(moments);
    const nextDueMs = async (afterMs: number) => {
      const seen = await job.nextDueMs(afterMs);
      await gate.promise;
      return seen;
    };
    start([{ ...job, nextDueMs }]);
    const look = runner.tick();
    runner.wake();
    moments.push(T0 + 5);
    runner.wake();
    gate.resolve();
    await look;
    await passBy(1_000);
    expect(runs).toEqual([T0 + 1_000]);
  });

  it('leaves what nothing could be done with until something changes, or a minute has passed', async () => {
    const { job, runs } = listed([], [T0 - 1]);
    start([job]);
    await passBy(MINUTE_MS - 1);
    expect(runs).toEqual([T0]);
    await passBy(1);
    expect(runs).toEqual([T0, T0 + MINUTE_MS]);
    await passBy(5_000);
    runner.wake();
    await passBy(0);
    expect(runs).toEqual([T0, T0 + MINUTE_MS, T0 + MINUTE_MS + 5_000]);
  });

  it('does what has come due beside what nothing could be done with', async () => {
    const { job, runs } = listed([T0 + 2_500], [T0 - 1]);
    start([job]);
    await passBy(3_000);
    expect(runs).toEqual([T0, T0 + 2_500]);
  });
});

/** What was carried out, and when by the world's clock. */
let done: [ms: number, kind: string][];

/** Every job that needs no endpoint, over a store whose changes are noted. */
function startAll(): void {
  done = [];
  const { store } = world.deps;
  const change: typeof store.change = async <C extends Command>(command: C) => {
    const result = await store.change(command);
    done.push([(world.clock.wallMs - T0) / DAY_MS, command.kind]);
    return result;
  };
  const deps = { ...world.deps, store: { ...store, change } };
  start([
    createPurgeJob(deps),
    createKeyDeletion(deps),
    createKeyRotation(deps),
    createExpiryScan(deps),
    createNotificationRetention(deps),
  ]);
}

/** Moves the clock from due moment to due moment, doing at each all that is due. Answers the number of moments. */
async function advance(toMs: number): Promise<number> {
  let moments = 0;
  for (let nextMs = await runner.nextDueMs(); nextMs !== undefined && nextMs <= toMs; moments += 1) {
    world.clock.wallMs = Math.max(world.clock.wallMs, nextMs);
    while ((await runner.runDue(world.clock.wallMs)) > 0);
    nextMs = await runner.nextDueMs();
  }
  world.clock.wallMs = toMs;
  return moments;
}

describe('a clock that is moved from due moment to due moment', () => {
  const { projectId } = REF;
  it('does all that comes due in its order, each at its own time', async () => {
    world.events.set(`${projectId}/alarm`, anEvent({ types: ['SECRET_VERSION_EXPIRED'] }));
    world.put('late', waitingUntil(T0 + 30 * DAY_MS));
    world.put('early', waitingUntil(T0 + 7 * DAY_MS));
    world.put('expiring', { eventSubscriptions: ['alarm'] }, T0 + 10 * DAY_MS);
    world.put('unsubscribed', {}, T0 + 11 * DAY_MS);
    const rotation = { intervalDays: 90, nextTimeMs: T0 + 20 * DAY_MS };
    world.keys.set(`${projectId}/one`, aCustomKey({ id: 'one', rotation }));
    const old = aNotification({ id: 'old', status: 'SUCCESS', nextAttemptMs: undefined, createTimeMs: T0 });
    world.notifications.set('old', old);
    startAll();
    const moments = await advance(T0 + 365 * DAY_MS);
    expect(done).toEqual([
      [7, 'purge-secret'],
      [10, 'notify-expiry'],
      [20, 'rotate-key'],
      [30, 'purge-secret'],
      [(RECORD_KEPT_MS + 1) / DAY_MS, 'remove-notification'],
      [110, 'rotate-key'],
      [200, 'rotate-key'],
      [290, 'rotate-key'],
    ]);
    // The unsubscribed version is checked as well, and again after each change: someone may have subscribed.
    expect(moments).toBeLessThan(30);
  });

  it('comes to its end over years in which a thing can never be done', async () => {
    world.put('stuck', waitingUntil(T0 + 1 * DAY_MS));
    world.put('sound', waitingUntil(T0 + 2 * DAY_MS));
    startAll();
    const store = failing(world.deps.store, { stuck: new Error('never') });
    start([createPurgeJob({ ...world.deps, store })]);
    expect(await advance(T0 + 3_660 * DAY_MS)).toBeLessThan(10);
    expect(world.names()).toEqual(['stuck']);
  });
});
