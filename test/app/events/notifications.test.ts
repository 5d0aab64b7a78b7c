import { beforeEach, describe, expect, it } from 'vitest';
import { createExpiryScan } from '../../../src/app/events/expiry.ts';
import { createNotificationRetention } from '../../../src/app/events/notifications.ts';
import type { Job } from '../../../src/app/jobs/job.ts';
import type { Store } from '../../../src/app/ports/deps.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { RECORD_KEPT_MS } from '../../../src/core/events/notifications.ts';
import { aNotification, anEvent, REF, T0 } from '../../support/builders.ts';
import { aWorld, failing, type World } from '../../support/world.ts';

const NEVER = new AbortController().signal;
let world: World;
beforeEach(() => {
  world = aWorld();
});
const run = (job: Job, nowMs = T0) => job.run(nowMs, NEVER);

describe('the expiry scan', () => {
  /** A secret whose versions expire then. */
  const put = (name: string, expireTimeMs = T0, eventSubscriptions = ['alarm'], versionCount = 1) =>
    world.put(name, { eventSubscriptions }, expireTimeMs, versionCount);
  /** 10,200 versions of secrets that tell nobody. */
  const putQuiet = (expireTimeMs: number) => {
    for (let number = 0; number < 510; number += 1) put(`quiet-${number}`, expireTimeMs, [], 20);
  };
  const addEvent = (changes = {}) => world.events.set(`${REF.projectId}/alarm`, anEvent(changes));
  const told = () => [...world.notifications.values()].map(({ secretName }) => secretName);
  const scanOf = (store: Store = world.deps.store) => createExpiryScan({ ...world.deps, store });

  it('notifies of what has expired, once', async () => {
    addEvent();
    put('past', T0 - 1);
    put('now', T0);
    put('soon', T0 + 1);
    put('unsubscribed', T0, []);
    const scan = scanOf();
    expect([await run(scan), await run(scan)]).toEqual([2, 0]);
    expect(told().sort()).toEqual(['now', 'past']);
    expect(await run(scan, T0 + 1)).toBe(1);
  });

  it('notifies a late subscriber', async () => {
    put('late');
    const scan = scanOf();
    expect(await run(scan)).toBe(0);
    addEvent();
    expect(await run(scan)).toBe(1);
  });

  it.each([{ state: 'DISABLED' }, { types: ['SECRET_DELETED'] }])(
    'asks the writer for nothing while the event is not told: %j',
    async (changes) => {
      addEvent(changes);
      put('quiet');
      const store: Store = { ...world.deps.store, change: () => Promise.reject(new Error('asked')) };
      expect(await run(scanOf(store))).toBe(0);
    },
  );

  it('gets to the last one behind very many without a subscriber', async () => {
    addEvent();
    putQuiet(T0 - 1);
    put('wanted');
    const scan = scanOf();
    // As the runner calls it after a run in vain.
    expect([await run(scan), await scan.run(T0, NEVER, T0)]).toEqual([0, 1]);
    put('next', T0 - 2);
    expect(await run(scan)).toBe(1);
  });

  it('reads nothing again that it could do nothing about', async () => {
    const read: string[] = [];
    const { store } = world.deps;
    const scan = scanOf({
      ...store,
      async listExpiredVersions(query) {
        const page = await store.listExpiredVersions(query);
        read.push(...page.map(({ ref }) => ref.name));
        return page;
      },
    });
    addEvent();
    put('unsubscribed', T0, []);
    put('later', T0 + 1);
    expect(await run(scan)).toBe(0);
    expect(await scan.run(T0 + 1, NEVER, T0)).toBe(1);
    expect(read).toEqual(['unsubscribed', 'later']);
  });

  it('notifies another project in the same run, however many of one have expired before', async () => {
    addEvent();
    for (let number = 0; number < 400; number += 1) put(`many-${number}`, T0 - 1);
    putQuiet(T0 - 2);
    world.put('few', { projectId: 'other', eventSubscriptions: ['alarm'] }, T0);
    world.events.set('other/alarm', anEvent({ projectId: 'other', id: 'of-other' }));
    const scan = scanOf();
    const first = await run(scan);
    expect(told()).toContain('few');
    expect(first).toBeLessThanOrEqual(251);
    for (let runs = 0; runs < 4; runs += 1) await run(scan);
    expect(told()).toHaveLength(401);
  });

  it('continues beside a damaged secret and one that was deleted in the meantime', async () => {
    addEvent();
    for (const name of ['damaged', 'gone', 'sound']) put(name);
    const faults = { damaged: new SecretError('damaged'), gone: new SecretError('secret-not-found') };
    const scan = scanOf(failing(world.deps.store, faults));
    expect([await run(scan), await run(scan)]).toEqual([1, 0]);
    expect(told()).toEqual(['sound']);
    expect(world.logged).toEqual(['an expired version is damaged and was not told of']);
  });

  it('waits for a damaged event to be recreated, which is logged once', async () => {
    addEvent();
    put('one');
    let isDamaged = true;
    const { store } = world.deps;
    const findEvent: Store['findEvent'] = (ref) => {
      if (isDamaged) throw new SecretError('damaged');
      return store.findEvent(ref);
    };
    const scan = scanOf({ ...store, findEvent });
    expect([await run(scan), await run(scan)]).toEqual([0, 0]);
    isDamaged = false;
    expect(await run(scan)).toBe(1);
    expect(world.logged).toEqual([expect.stringContaining('was passed over')]);
  });

  it('needs a clock that can be trusted', () => {
    expect(scanOf().time ?? 'trusted').toBe('trusted');
    expect(createNotificationRetention(world.deps).time ?? 'trusted').toBe('trusted');
  });
});

describe('retention', () => {
  const put = (id: string, changes: Parameters<typeof aNotification>[0]) =>
    world.notifications.set(
      id,
      aNotification({ id, status: 'SUCCESS', nextAttemptMs: undefined, ...changes }),
    );

  it('removes records after three months, and never what still waits', async () => {
    put('old', { createTimeMs: T0 - 1 });
    put('young', { createTimeMs: T0 });
    put('waiting', { createTimeMs: T0 - 1, status: 'PENDING', nextAttemptMs: T0 });
    expect(await run(createNotificationRetention(world.deps), T0 + RECORD_KEPT_MS)).toBe(1);
    expect([...world.notifications.keys()].sort()).toEqual(['waiting', 'young']);
  });
});
