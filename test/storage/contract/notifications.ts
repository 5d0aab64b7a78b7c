import { beforeEach, expect } from 'vitest';
import { aNotification } from '../../support/builders.ts';
import {
  addVersion,
  create,
  createEvent,
  DAY_MS,
  ensureSigningKey,
  expectRefused,
  expire,
  freshProject,
  purge,
  remove,
  schedule,
  settle,
  subscribedTo,
  T0,
  update,
  updateEvent,
} from '../../support/stores.ts';
import type { ContractTest, HarnessOf } from './given.ts';

const YEAR_MS = 366 * DAY_MS;
const START = { expireTimeMs: 0, row: 0 };

/** The outbox: written with the change that it tells, settled once, kept as a record. */
export function notificationContract(it: ContractTest, harnessOf: HarnessOf): void {
  let projectId: string;
  let ref: { projectId: string; name: string };
  let id: string;
  const page = { limit: 10_000, waitMsMax: YEAR_MS };
  /** Ids of what waits for its delivery in this project, by time. */
  const waiting = async () =>
    (await harnessOf().store.listDueNotifications(T0 + YEAR_MS, page))
      .map(({ id }) => id)
      .filter((found) => found.includes(projectId));
  const notify = (versionNumber: number, nowMs: number) =>
    harnessOf().store.change({ aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber, nowMs });

  /** A secret that is subscribed to an event of everything, in a project of its own. */
  async function start(): Promise<void> {
    const { store } = harnessOf();
    projectId = freshProject();
    ref = { projectId, name: 's' };
    id = `${projectId}-s`;
    await store.change(createEvent({ projectId, name: 'alarm' }));
    await store.change(create(ref, { id, ...subscribedTo('alarm') }));
  }

  beforeEach(start);

  it('holds a notification with every field as soon as the change is acknowledged', async ({ store }) => {
    const [found, ...rest] = await waiting();
    expect(rest).toStrictEqual([]);
    const notification = await store.findNotification(found!);
    expect({ ...notification, content: JSON.parse(notification!.content).data.versionId }).toStrictEqual(
      aNotification({
        id: `${id}.1.SECRET_VERSION_CREATED`,
        projectId,
        secretName: 's',
        targetId: `urn:smn:local-1:${projectId}:ops`,
        content: 'v1',
        createTimeMs: T0,
        nextAttemptMs: T0,
      }),
    );
  });

  it('holds nothing of a change that was refused', async ({ store }) => {
    const before = await waiting();
    await expectRefused(store.change(create(ref, { id: 'other' })), 'secret-exists');
    await expectRefused(store.change(addVersion(ref, 'other')), 'seal-outdated');
    expect(await waiting()).toStrictEqual(before);
  });

  it('survives the engine being killed', async ({ harness }) => {
    await harness.store.change(addVersion(ref, id));
    await harness.store.change(remove(ref));
    const before = await waiting();
    await harness.kill();
    expect(await waiting()).toStrictEqual(before);
    expect(before.map((found) => found.slice(id.length + 1))).toStrictEqual([
      '1.SECRET_VERSION_CREATED',
      '2.SECRET_VERSION_CREATED',
      '3.SECRET_DELETED',
    ]);
  });

  it('notifies at the end of a waiting period, and not at its start', async ({ store }) => {
    await store.change(schedule(ref, 7));
    expect(await waiting()).toHaveLength(1);
    await store.change(purge(ref, id, T0 + 7 * DAY_MS));
    expect((await waiting()).at(-1)).toMatch(/SECRET_DELETED$/);
  });

  it('notifies nobody while the event is disabled or nobody is subscribed', async ({ store }) => {
    await store.change(updateEvent({ projectId, name: 'alarm' }, { state: 'DISABLED' }));
    await store.change(addVersion(ref, id));
    await store.change(updateEvent({ projectId, name: 'alarm' }, { state: 'ENABLED' }));
    await store.change(update(ref, { eventSubscriptions: [] }));
    await store.change(addVersion(ref, id));
    expect(await waiting()).toHaveLength(1);
  });

  it('lists what is due, by time and up to the limit, and what no wait can have made', async ({ store }) => {
    const [found] = await waiting();
    await store.change(settle(found!, { status: 'RETRY', nextAttemptMs: 5_000 }));
    const due = async (nowMs: number, waitMsMax: number, limit = 10_000) =>
      (await store.listDueNotifications(nowMs, { limit, waitMsMax })).some((one) => one.id === found!);
    expect(await due(4_999, 1_000)).toBe(false);
    expect(await due(5_000, 1_000)).toBe(true);
    expect(await due(4_000, 1_000)).toBe(false);
    expect(await due(3_999, 1_000)).toBe(true);
    expect(await due(5_000, 1_000, 0)).toBe(false);
  });

  it('lists the projects in turn, so that many of one do not keep another waiting', async ({ store }) => {
    for (let version = 0; version < 5; version += 1) await store.change(addVersion(ref, id));
    const many = await waiting();
    const first = projectId;
    const [later] = await waiting();
    const listed = (await store.listDueNotifications(T0 + YEAR_MS, page)).map((one) => one.id);
    const own = listed.filter((found) => found.includes(first));
    expect(own).toEqual(many);
    expect(own.length).toBeGreaterThanOrEqual(6);
    expect(listed.indexOf(later!)).toBeLessThan(listed.indexOf(own[1]!));
  });

  it('lists records of one project, newest first, at most 1,000, and none that still waits', async ({
    store,
  }) => {
    // The writer's queue holds 1,000 commands.
    for (let from = 1; from <= 1_003; from += 500) {
      const numbers = Array.from({ length: Math.min(500, 1_004 - from) }, (_, index) => from + index);
      await Promise.all(numbers.map((number) => store.change(addVersion(ref, id, { nowMs: T0 + number }))));
    }
    const all = await waiting();
    expect(all).toHaveLength(1_004);
    for (let at = 0; at < all.length - 1; at += 500) {
      await Promise.all(
        all
          .slice(at, Math.min(at + 500, all.length - 1))
          .map((one) => store.change(settle(one, { status: 'FAIL' }))),
      );
    }
    const records = await store.listNotifications(projectId);
    expect(records).toHaveLength(1_000);
    expect(records.map(({ createTimeMs }) => createTimeMs)).toStrictEqual(
      Array.from({ length: 1_000 }, (_, index) => T0 + 1_002 - index),
    );
    expect(await store.listNotifications(freshProject())).toStrictEqual([]);
  }, 60_000);

  it('removes records after three months, and tells which ones are so old', async ({ store }) => {
    const [found] = await waiting();
    const old = async (beforeMs: number) =>
      (await store.listOldNotifications(beforeMs, 10_000)).includes(found!);
    expect(await old(T0 + 1)).toBe(false);
    await store.change(settle(found!, { status: 'SUCCESS' }));
    expect([await old(T0), await old(T0 + 1)]).toStrictEqual([false, true]);
    const removed = { aggregate: 'notification', kind: 'remove-notification', ref: { id: found! } } as const;
    expect((await store.change({ ...removed, nowMs: T0 + 92 * DAY_MS })).changed).toBe(false);
    expect((await store.change({ ...removed, nowMs: T0 + 94 * DAY_MS })).changed).toBe(true);
    expect(await store.findNotification(found!)).toBeUndefined();
  });

  it('lists expired versions by time, page by page, until they are notified', async ({ harness, store }) => {
    await store.change(addVersion(ref, id));
    await store.change(addVersion(ref, id));
    // Earlier than what any other test sets.
    for (const [version, at] of [
      [1, 30],
      [2, 10],
      [3, 20],
      // The same again.
      [3, 20],
    ] as const)
      await store.change(expire(ref, version, at));
    const list = (nowMs: number, after = START, limit = 9) =>
      harness.store.listExpiredVersions({ projectId: ref.projectId, nowMs, after, limit });
    const numbers = async (...place: Parameters<typeof list>) =>
      (await list(...place)).map(({ versionNumber }) => versionNumber);
    expect([await numbers(9), await numbers(10), await numbers(29)]).toStrictEqual([[], [2], [2, 3]]);
    const [first] = await list(30, START, 1);
    expect(first).toMatchObject({ ref, id, versionNumber: 2, eventNames: ['alarm'] });
    expect(await numbers(30, first!.cursor)).toStrictEqual([3, 1]);
    expect((await notify(2, 30)).notified).toBe(true);
    expect((await notify(2, 30)).notified).toBe(false);
    expect(await numbers(30)).toStrictEqual([3, 1]);
    await harness.reopen();
    await harness.store.change(expire(ref, 2, 10));
    expect(await numbers(30)).toStrictEqual([2, 3, 1]);
    for (const number of [1, 2, 3]) await notify(number, 30);
    const types = (await waiting()).filter((found) => found.endsWith('SECRET_VERSION_EXPIRED'));
    expect(types).toHaveLength(4);
    await harness.store.change(remove(ref));
  });

  it('keeps the first signing key that someone makes', async ({ harness, store }) => {
    expect(await store.findSigningKey()).toBeUndefined();
    const made = await Promise.all(
      [1, 2, 3].map((number) => store.change(ensureSigningKey(`made ${number}`, T0 + number))),
    );
    expect(new Set(made.map(({ certificatePem }) => certificatePem)).size).toBe(1);
    await harness.reopen();
    const found = await harness.store.findSigningKey();
    expect(found).toMatchObject({ certificatePem: 'made 1', createTimeMs: T0 + 1 });
    expect(Buffer.from(found!.sealedPrivateKey).toString()).toBe('made 1');
  });
}
