import { setTimeout as sleep, setImmediate as soon } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookOutcome } from '../../src/app/outbound/webhooks.ts';
import { rotateSecret } from '../../src/app/rotation/tasks.ts';
import { SecretError } from '../../src/core/errors.ts';
import { anEvent, DAY_MS, REF, T0 } from '../support/builders.ts';
import { waitingUntil } from '../support/world.ts';
import { type AgedWorld, anAgedWorld, TOPIC } from './aged-world.ts';

const [SECOND_MS, HOUR_MS] = [1_000, 3_600_000];
/** Waits of a chain of attempts, in seconds: doubled from 5 up to 300. */
const CHAIN_S = [5, 10, 20, 40, 80, 160, 300];
const CHAIN_MS = CHAIN_S.reduce((sum, seconds) => sum + seconds * SECOND_MS, 0);

let aged: AgedWorld;
const failed = (status: number): WebhookOutcome => ({ kind: 'answered', status, body: Buffer.from('{}') });

beforeEach(async () => {
  aged = await anAgedWorld();
});
afterEach(async () => {
  await aged.background.stop();
});

/** Starts another world in place of the one of this test. */
async function restart(...options: Parameters<typeof anAgedWorld>): Promise<void> {
  await aged.background.stop();
  aged = await anAgedWorld(...options);
}

describe('a rotation', () => {
  it('comes at each of its due moments, in no time of the world however slow the function is', async () => {
    aged.world.events.set(`${REF.projectId}/alarm`, anEvent({ types: ['SECRET_ROTATED'] }));
    await aged.createRotated('db', '90d', { eventSubscriptions: ['alarm'] });
    aged.outside = async (url, body) => {
      await sleep(20);
      if (url === TOPIC) return failed(200);
      const { body: json, status } = aged.database.answer(JSON.parse(body));
      return { kind: 'answered', status, body: Buffer.from(JSON.stringify(json)) };
    };
    const days = [90, 180, 270, 360].map((day) => day * DAY_MS);
    expect(await aged.advance(365 * DAY_MS)).toEqual(
      days.flatMap((ms, index) => [
        [ms, 'SECRET_ROTATED', 'db', `v${index + 2}`],
        [ms, 'NOTIFICATION', 'db', 'SECRET_ROTATED', 'SUCCESS'],
      ]),
    );
    expect(aged.database.calls).toHaveLength(16);
  });

  it('is tried again after waits of their full length, also when a step is shorter than a wait', async () => {
    await aged.createRotated('db', '30d');
    let failures = 3;
    aged.database.fault = () => (failures-- > 0 ? { status: 503, body: {} } : undefined);
    expect(await aged.advance(30 * DAY_MS)).toEqual([]);
    for (let second = 1; second < 35; second += 1) expect(await aged.advance(SECOND_MS)).toEqual([]);
    expect(await aged.advance(SECOND_MS)).toEqual([
      [30 * DAY_MS + 35 * SECOND_MS, 'SECRET_ROTATED', 'db', 'v2'],
    ]);
    expect(await aged.advance(30 * DAY_MS)).toEqual([
      [60 * DAY_MS + 35 * SECOND_MS, 'SECRET_ROTATED', 'db', 'v3'],
    ]);
  });

  it('that fails to its end fails there, comes again the next day, and is switched off after the third', async () => {
    await aged.createRotated('db', '30d');
    aged.database.fault = () => ({ status: 503, body: {} });
    const ends = [1, 2, 3].map((count) => 30 * DAY_MS + (count - 1) * DAY_MS + count * CHAIN_MS);
    expect(await aged.advance(365 * DAY_MS)).toEqual(
      ends.map((ms) => [ms, 'SECRET_ROTATED_FAILED', 'db', 'FUNCTION_FAILED']),
    );
    expect(aged.database.calls).toHaveLength(3 * 8);
  });

  it('of a caller is carried out while the clock stands, and waited for by the next move', async () => {
    await aged.createRotated('db', '300d');
    await rotateSecret(aged.deps, { ...REF, name: 'db' });
    expect(await aged.advance(0)).toEqual([[0, 'SECRET_ROTATED', 'db', 'v2']]);
    await rotateSecret(aged.deps, { ...REF, name: 'db' });
    await expect.poll(() => aged.database.calls.length, { timeout: 10_000 }).toBe(8);
    expect(await aged.advance(0)).toEqual([]);
  });

  it('is made once, whoever starts it: the timer or the move', async () => {
    await aged.createRotated('db', '1d');
    aged.clock.resume();
    const moved: unknown[] = [];
    for (let count = 0; count < 20; count += 1) {
      moved.push(...(await aged.advance(DAY_MS)));
      await aged.background.runner.tick();
    }
    expect(aged.database.calls).toHaveLength(moved.length * 4);
    expect(moved.length).toBeGreaterThanOrEqual(19);
  });
});

describe('a notification', () => {
  beforeEach(() => {
    aged.world.events.set(`${REF.projectId}/alarm`, anEvent({ types: ['SECRET_VERSION_EXPIRED'] }));
    aged.world.put('tls', { eventSubscriptions: ['alarm'] }, T0 + DAY_MS);
  });

  it('whose topic answers with errors is given up after an hour of the world', async () => {
    let attempts = 0;
    aged.outside = (url) => (url === TOPIC ? failed(500 + (attempts++ % 2)) : undefined);
    expect(await aged.advance(DAY_MS + HOUR_MS - 1)).toEqual([
      [DAY_MS, 'SECRET_VERSION_EXPIRED', 'tls', 'v1'],
    ]);
    expect(await aged.advance(1)).toEqual([
      [DAY_MS + HOUR_MS, 'NOTIFICATION', 'tls', 'SECRET_VERSION_EXPIRED', 'FAIL'],
    ]);
    expect(attempts).toBeGreaterThan(15);
  });

  it('of a silent topic waits for the world’s time, too', async () => {
    let attempts = 0;
    aged.outside = (url) => {
      attempts += 1;
      return url === TOPIC && attempts < 4 ? { kind: 'failed', reason: 'timed-out' } : undefined;
    };
    expect((await aged.advance(2 * DAY_MS)).at(-1)).toEqual([
      DAY_MS + 35 * SECOND_MS,
      'NOTIFICATION',
      'tls',
      'SECRET_VERSION_EXPIRED',
      'SUCCESS',
    ]);
  });

  it('that waits for an attempt is delivered at once when the clock is set back beyond any wait', async () => {
    aged.outside = (url) => (url === TOPIC ? failed(500) : undefined);
    await aged.advance(DAY_MS);
    aged.outside = () => undefined;
    const { fired } = await aged.moves.set(T0 - DAY_MS);
    expect(fired).toMatchObject([{ atMs: T0 - DAY_MS, type: 'NOTIFICATION', status: 'SUCCESS' }]);
  });

  it('is made once for an expiry, however often the clock passes it', async () => {
    aged.world.put('unsubscribed', {}, T0 + DAY_MS);
    aged.world.put('gone', { eventSubscriptions: ['alarm'] }, T0 + DAY_MS);
    expect(await aged.advance(2 * DAY_MS)).toHaveLength(5);
    await aged.moves.set(T0);
    aged.world.secrets.delete(`${REF.projectId}/gone`);
    const passed = ['tls', 'unsubscribed'].map((name) => [DAY_MS, 'SECRET_VERSION_EXPIRED', name, 'v1']);
    expect(await aged.advance(2 * DAY_MS)).toEqual(passed);
    await aged.moves.set(T0);
    const { fired } = await aged.moves.set(T0 + 2 * DAY_MS);
    expect(fired.map(({ atMs, name }) => [atMs - T0, name])).toEqual(
      passed.map(([, , name]) => [2 * DAY_MS, name]),
    );
    expect(await aged.advance(DAY_MS)).toEqual([]);
    expect(aged.received).toHaveLength(2);
  });
});

describe('many things', () => {
  it('are all done at their moment, however many a run takes', async () => {
    for (let count = 0; count < 350; count += 1) {
      aged.world.put(`gone-${count}`, waitingUntil(T0 + DAY_MS));
      aged.world.put(`old-${count}`, {}, T0 + DAY_MS);
    }
    const fired = await aged.advance(2 * DAY_MS);
    expect(fired).toHaveLength(700);
    expect(new Set(fired.map(([ms]) => ms))).toEqual(new Set([DAY_MS]));
    const types = fired.map(([, type]) => type);
    expect(types.indexOf('SECRET_DELETED')).toBe(350);
    const names = fired.slice(0, 350).map(([, , name]) => name);
    expect(names).toEqual([...names].sort());
  });

  it('stop a move at its limit, and the next calls return the rest', async () => {
    await restart({ max: { fired: 100 } });
    for (let count = 0; count < 250; count += 1) {
      aged.world.put(`gone-${count}`, waitingUntil(T0 + (1 + (count % 2)) * DAY_MS));
    }
    const seen: string[] = [];
    const settled: boolean[] = [];
    for (let calls = 0; calls < 10 && settled.at(-1) !== true; calls += 1) {
      const { fired, isSettled } = await aged.moves.advance(() => T0 + 5 * DAY_MS);
      expect(fired.length).toBeLessThanOrEqual(100);
      seen.push(...fired.map(({ atMs, name }) => `${atMs} ${name}`));
      settled.push(isSettled);
    }
    expect([seen.length, new Set(seen).size]).toEqual([250, 250]);
    expect(settled.slice(0, 2)).toEqual([false, false]);
    expect(aged.clock.nowMs()).toBe(T0 + 5 * DAY_MS);
  });
});

describe('a move', () => {
  it('stops after its time where it is, and the next one continues', async () => {
    await restart({ max: { ms: 150 } });
    await aged.createRotated('db', '30d');
    const { promise, resolve } = Promise.withResolvers<WebhookOutcome>();
    let calls = 0;
    aged.outside = () => (calls++ === 0 ? promise : undefined);
    const stopped = await aged.moves.advance((nowMs) => nowMs + 45 * DAY_MS);
    expect(stopped).toMatchObject({ nowMs: T0 + 30 * DAY_MS, isSettled: false, isFrozen: true, fired: [] });
    const answer = aged.database.answer(callOf('db'));
    resolve({ kind: 'answered', status: 200, body: Buffer.from(JSON.stringify(answer.body)) });
    // It ends between two moves, by itself.
    await expect.poll(() => calls, { timeout: 10_000 }).toBe(4);
    const rest = await aged.moves.advance(() => T0 + 45 * DAY_MS);
    expect(rest).toMatchObject({ nowMs: T0 + 45 * DAY_MS, isSettled: true });
    expect(rest.fired).toMatchObject([{ atMs: T0 + 30 * DAY_MS, type: 'SECRET_ROTATED', name: 'db' }]);
  });

  it('stops where it is when the storage refuses changes', async () => {
    let isFull = true;
    await restart({
      around: (store) => ({
        ...store,
        change: (command, actor) =>
          isFull ? Promise.reject(new SecretError('storage-full')) : store.change(command, actor),
      }),
    });
    aged.world.put('gone', waitingUntil(T0 + DAY_MS));
    const stopped = await aged.moves.advance(() => T0 + 5 * DAY_MS);
    expect(stopped).toMatchObject({ nowMs: T0 + DAY_MS, isSettled: false, fired: [] });
    isFull = false;
    expect(await aged.moves.advance(() => T0 + 5 * DAY_MS)).toMatchObject({
      nowMs: T0 + 5 * DAY_MS,
      isSettled: true,
      fired: [{ atMs: T0 + DAY_MS, type: 'SECRET_DELETED' }],
    });
  });

  it('passes what cannot be done, and tries it again after a wait of the world', async () => {
    let isBroken = true;
    await restart({
      around: (store) => ({
        ...store,
        change: (command, actor) =>
          isBroken && command.kind === 'purge-secret' && command.ref.name === 'broken'
            ? Promise.reject(new Error('a bug'))
            : store.change(command, actor),
      }),
    });
    aged.world.put('broken', waitingUntil(T0 + DAY_MS));
    aged.world.put('sound', waitingUntil(T0 + 2 * DAY_MS));
    expect(await aged.advance(3 * DAY_MS)).toEqual([[2 * DAY_MS, 'SECRET_DELETED', 'sound']]);
    isBroken = false;
    expect(await aged.advance(DAY_MS)).toEqual([[4 * DAY_MS, 'SECRET_DELETED', 'broken']]);
  });

  it('comes to its end while callers change other things all the time', async () => {
    await restart({
      around: (store) => ({
        ...store,
        change: (command, actor) => soon().then(() => store.change(command, actor)),
      }),
    });
    for (let day = 1; day <= 50; day += 1) aged.world.put(`day-${day}`, waitingUntil(T0 + day * DAY_MS));
    aged.world.put('unsubscribed', {}, T0 + 1);
    aged.world.put('busy');
    let [isOver, changes] = [false, 0];
    const busy = (async () => {
      while (!isOver) {
        const ref = { ...REF, name: 'busy' };
        changes += 1;
        const update = { description: `${changes}` };
        await aged.deps.store.change(
          { aggregate: 'secret', kind: 'update-secret', ref, update, nowMs: aged.clock.nowMs() } as never,
          aged.deps.actor,
        );
        await soon();
      }
    })();
    expect(await aged.advance(60 * DAY_MS)).toHaveLength(51);
    isOver = true;
    await busy;
    expect(changes).toBeGreaterThan(10);
  });

  it('ends where it is when it is told to, and cuts no call off', async () => {
    await aged.createRotated('db', '30d');
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let calls = 0;
    aged.outside = async (_url, body) => {
      calls += 1;
      await promise;
      const { body: json, status } = aged.database.answer(JSON.parse(body));
      return { kind: 'answered', status, body: Buffer.from(JSON.stringify(json)) };
    };
    const ending = new AbortController();
    const moving = aged.moves.advance((nowMs) => nowMs + 45 * DAY_MS, ending.signal);
    await expect.poll(() => calls).toBe(1);
    ending.abort();
    expect(await moving).toMatchObject({ nowMs: T0 + 30 * DAY_MS, isSettled: false, fired: [] });
    resolve(undefined);
    expect(await aged.advance(0)).toEqual([[30 * DAY_MS, 'SECRET_ROTATED', 'db', 'v2']]);
  });

  it('ends with the world', async () => {
    await restart({
      around: (store) => ({
        ...store,
        change: (command, actor) => sleep(5).then(() => store.change(command, actor)),
      }),
    });
    for (let day = 1; day <= 50; day += 1) aged.world.put(`day-${day}`, waitingUntil(T0 + day * DAY_MS));
    const moving = aged.moves.advance(() => T0 + 60 * DAY_MS);
    await expect.poll(() => aged.world.names().length).toBeLessThan(50);
    await aged.background.stop();
    expect((await moving).isSettled).toBe(false);
    expect((await aged.moves.advance(() => T0 + 60 * DAY_MS)).isSettled).toBe(false);
  });

  it('leaves the timer right: what comes due after it is done when the clock gets there', async () => {
    aged.world.put('gone', waitingUntil(T0 + 30 * DAY_MS));
    await aged.moves.advance(() => T0 + 30 * DAY_MS - 300);
    await aged.moves.inTurn(() => aged.clock.resume());
    await expect.poll(() => aged.world.names(), { timeout: 10_000 }).toEqual([]);
  });
});

function callOf(username: string) {
  return {
    step: 'create',
    taskId: 'x',
    subType: 'SingleUser',
    current: { username, password: 'Canary-one' },
  } as const;
}
