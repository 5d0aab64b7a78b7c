import { expect, it } from 'vitest';
import type { DueKind } from '../../../src/app/ports/deps.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  changeKey,
  create,
  createEvent,
  createKey,
  DAY_MS,
  DRAFT,
  expire,
  failAttempt,
  ROTATED_DRAFT,
  type StoreEngine,
  schedule,
  settle,
  startRotation,
  subscribedTo,
  T0,
} from '../../support/stores.ts';

const KINDS: readonly DueKind[] = [
  'secret-deletion',
  'secret-rotation',
  'key-deletion',
  'key-rotation',
  'expiry',
  'notification',
  'task',
  'notification-record',
  'task-record',
];

/** One thing of each kind in a project, each due so many days after `day`. */
async function fill(store: TestStore, projectId: string, day: number): Promise<void> {
  const atMs = (days: number) => T0 + (day + days) * DAY_MS;
  const refOf = (name: string) => ({ projectId, name });
  const idOf = (name: string) => `${projectId}-${name}`;
  const make = (name: string, draft = DRAFT) => store.change(create(refOf(name), { id: idOf(name), draft }));
  await store.change(createEvent({ projectId, name: 'alarm' }));
  await make('leaving');
  await store.change(schedule(refOf('leaving'), 7, atMs(1)));
  await make('expiring');
  await store.change(expire(refOf('expiring'), 1, atMs(5)));
  for (const name of ['begun', 'failed', 'rotated']) await make(name, ROTATED_DRAFT);
  await store.change(startRotation(refOf('begun'), idOf('begun'), undefined, atMs(7)));
  await store.change(startRotation(refOf('failed'), idOf('failed'), undefined, atMs(9)));
  await store.change(failAttempt(refOf('failed'), idOf('failed'), 'create'));
  for (const [name, days] of [['told', 6] as const, ['kept', 8] as const])
    await store.change(create(refOf(name), { id: idOf(name), ...subscribedTo('alarm'), nowMs: atMs(days) }));
  await store.change(settle(`${idOf('kept')}.1.SECRET_VERSION_CREATED`, { status: 'SUCCESS' }));
  const keyOf = (id: string) => ({ projectId, id: idOf(id) });
  for (const id of ['doomed', 'turning']) await store.change(createKey(keyOf(id)));
  await store.change(changeKey(keyOf('doomed'), { kind: 'schedule-key-deletion', pendingDays: 7 }, atMs(3)));
  await store.change(changeKey(keyOf('turning'), { kind: 'enable-rotation' }, atMs(4)));
}

/** When things come due: what a runner sleeps until. In a store of its own, since it is about everything in it. */
export function dueTimeContract(engine: StoreEngine): void {
  const everyKind = async (store: TestStore, afterMs: number) => {
    const moments = await Promise.all(KINDS.map((kind) => store.findNextDue(kind, afterMs)));
    return moments.map((moment) => (moment === undefined ? undefined : (moment - T0) / DAY_MS));
  };

  it('returns the next moment of each kind over all projects, and only what lies behind another', async () => {
    const harness = await engine.open();
    const { store } = harness;
    expect(await everyKind(store, 0)).toEqual(KINDS.map(() => undefined));
    await fill(store, 'second', 1_000);
    await fill(store, 'first', 2_000);
    const first = [8, 30, 10, 369, 5, 6, 7, 8, 9];
    expect(await everyKind(store, T0)).toEqual(
      first.map((days, index) => (index === 1 ? days : days + 1_000)),
    );
    expect(await everyKind(store, T0 + 1_500 * DAY_MS)).toEqual(
      first.map((days, index) => (index === 1 ? undefined : days + 2_000)),
    );
    expect(await everyKind(store, T0 + 9_000 * DAY_MS)).toEqual(KINDS.map(() => undefined));
    await harness.destroy();
  });

  it('returns nothing that lies too late, however many projects there are', async () => {
    const harness = await engine.open();
    const { store } = harness;
    const names = Array.from({ length: 300 }, (_, index) => `p${String(index).padStart(3, '0')}`);
    await Promise.all(
      names.map(async (projectId, index) => {
        const ref = { projectId, name: 's' };
        await store.change(create(ref));
        await store.change(expire(ref, 1, T0 + (300 - index) * DAY_MS));
      }),
    );
    expect(await store.findNextDue('expiry', 0)).toBeLessThanOrEqual(T0 + DAY_MS);
    await harness.destroy();
  });
}
