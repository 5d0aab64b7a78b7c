import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WriteRefusal } from '../../src/app/health/storage-status.ts';
import type { OnNews, Store } from '../../src/app/ports/deps.ts';
import { type Background, type BackgroundDeps, startBackground } from '../../src/compose/background.ts';
import { anAggregate, DAY_MS, REF, T0 } from '../support/builders.ts';
import { aWorld, type World } from '../support/world.ts';

const MINUTE_MS = 60_000;

let world: World;
let background: Background;
let refusal: WriteRefusal | undefined;
/** How often someone asked what is due next. */
let looks: number;
let tell: OnNews;
/** How far the world's clock has been moved from the machine's, on purpose. */
let movedMs: number;
/** Where the world's clock stands; undefined: it runs. */
let shownMs: number | undefined;

beforeEach(async () => {
  vi.useFakeTimers({ now: T0 });
  world = aWorld();
  [refusal, looks, movedMs, shownMs] = [undefined, 0, 0, undefined];
  const { store } = world.deps;
  const watched: Store = {
    ...store,
    storageStatus: () => ({ ...store.storageStatus(), refusal }),
    findNextDue(kind, afterMs) {
      looks += 1;
      return store.findNextDue(kind, afterMs);
    },
    onNews(listener) {
      tell = listener;
      store.onNews(listener);
    },
  };
  const clock = {
    nowMs: () => shownMs ?? Date.now() + movedMs,
    get isFrozen() {
      return shownMs !== undefined;
    },
  };
  const deps = { ...world.deps, store: watched, clock };
  background = await startBackground({
    ...deps,
    monotonic: { nowMs: () => performance.now() },
    machineClock: { nowMs: () => Date.now() },
    isClockWatched: true,
    isClockMoved: () => movedMs !== 0,
    jitter: { fraction: () => 0 },
    hooks: { findTopic: () => undefined, findFunction: () => undefined },
    baseUrl: () => '',
  } as Partial<BackgroundDeps> as BackgroundDeps);
});

afterEach(async () => {
  await background.stop();
  vi.useRealTimers();
});

function put(name: string, dueMs: number): void {
  const state = { state: 'PENDING_DELETE', stateBeforeDeletion: 'ENABLED' } as const;
  const secret = { id: `id-of-${name}`, name, ...state, scheduledDeleteTimeMs: dueMs };
  world.secrets.set(`${REF.projectId}/${name}`, anAggregate({ secret }));
}

const isThere = (name: string) => world.secrets.has(`${REF.projectId}/${name}`);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('background work', () => {
  it('at rest has one timer, and asks for what is due about once a minute', async () => {
    await pass(MINUTE_MS);
    looks = 0;
    await pass(10 * MINUTE_MS);
    // Nine kinds; once a minute, and when the record of the clock was written.
    expect(looks).toBeLessThanOrEqual(9 * 25);
    // Those that are not its own stay: another file of tests may have left some in this process.
    const timers = vi.getTimerCount();
    await background.stop();
    expect(timers - vi.getTimerCount()).toBe(1);
  });

  it('does what is due at its moment, and what a change has made due at once', async () => {
    put('later', T0 + 5 * MINUTE_MS + 123);
    await pass(5 * MINUTE_MS + 122);
    expect(isThere('later')).toBe(true);
    await pass(1);
    expect(isThere('later')).toBe(false);
    await pass(5_000);
    put('overdue', T0);
    tell('changes');
    await pass(1);
    expect(isThere('overdue')).toBe(false);
  });

  it('asks no more while the clock stands before a moment, and does what a change makes due then', async () => {
    put('later', T0 + MINUTE_MS);
    [movedMs, shownMs] = [1, T0 + MINUTE_MS - 1];
    await pass(5_000);
    looks = 0;
    await pass(MINUTE_MS);
    // One check of each kind, as at rest.
    expect(looks).toBeLessThanOrEqual(9 * 2);
    put('overdue', T0);
    tell('changes');
    await pass(1);
    expect([isThere('overdue'), isThere('later')]).toEqual([false, true]);
    shownMs = T0 + MINUTE_MS;
    background.runner.wake();
    await pass(1_000);
    expect(isThere('later')).toBe(false);
  });

  it('waits when the machine has jumped, until its clock is moved on purpose', async () => {
    put('due', T0 + 30 * DAY_MS);
    await pass(5_000);
    vi.setSystemTime(T0 + 40 * DAY_MS);
    await pass(2 * MINUTE_MS);
    expect(isThere('due')).toBe(true);
    movedMs = 1;
    await background.runner.runDue(Date.now() + movedMs);
    expect(isThere('due')).toBe(false);
  });

  it('records the clock of the machine, and none that was moved', async () => {
    await pass(1_000);
    movedMs = 400 * DAY_MS;
    await pass(10 * MINUTE_MS);
    await background.runner.runDue(Date.now() + movedMs);
    expect((await world.deps.store.findClock())?.seenMs).toBe(T0 + 1_000);
    expect(await background.runner.nextDueMs()).toBeUndefined();
    await background.stop();
    expect((await world.deps.store.findClock())?.seenMs).toBe(T0 + 1_000 + 10 * MINUTE_MS);
  });

  it('is not woken by figures of the disk', async () => {
    await pass(MINUTE_MS);
    looks = 0;
    for (let second = 0; second < 20; second += 1) {
      tell('status');
      await pass(1);
    }
    expect(looks).toBe(0);
  });

  it('waits while the storage takes nothing, and continues within a second', async () => {
    await pass(5_000);
    refusal = 'missing';
    tell('status');
    put('due', T0);
    await pass(5 * MINUTE_MS);
    expect(isThere('due')).toBe(true);
    refusal = undefined;
    await pass(1_000);
    expect(isThere('due')).toBe(false);
    expect(world.logged).toEqual([expect.stringContaining('has been removed or replaced')]);
  });
});
