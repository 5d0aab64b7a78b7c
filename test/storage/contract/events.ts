import { expect } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import {
  create,
  createEvent,
  DAY_MS,
  expectRefused,
  freshProject,
  purge,
  remove,
  removeEvent,
  schedule,
  subscribedTo,
  T0,
  update,
  updateEvent,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Events, and the secrets that refer to them. */
export function eventContract(it: ContractTest): void {
  it('keeps every field of an event, over changes and a restart', async ({ harness }) => {
    const ref = { projectId: freshProject(), name: 'alarm' };
    const made = await harness.store.change(createEvent(ref));
    expect(await harness.store.findEvent(ref)).toStrictEqual(made);
    const target = { id: 'urn:smn:x:y:z', name: 'z' };
    const changed = await harness.store.change(
      updateEvent(ref, { state: 'DISABLED', types: ['SECRET_DELETED', 'SECRET_ROTATED'], target }),
    );
    expect(changed).toStrictEqual({
      ...made,
      state: 'DISABLED',
      types: ['SECRET_DELETED', 'SECRET_ROTATED'],
      target,
      updateTimeMs: T0 + 1,
      revision: 2,
    });
    await harness.reopen();
    expect(await harness.store.findEvent(ref)).toStrictEqual(changed);
  });

  it('keeps projects apart, and names apart by case', async ({ store }) => {
    const [one, other] = [freshProject(), freshProject()];
    await store.change(createEvent({ projectId: one, name: 'alarm' }));
    expect(await store.findEvent({ projectId: other, name: 'alarm' })).toBeUndefined();
    expect(await store.findEvent({ projectId: one, name: 'Alarm' })).toBeUndefined();
    await store.change(createEvent({ projectId: other, name: 'alarm' }));
    await expectRefused(store.change(createEvent({ projectId: one, name: 'alarm' })), 'event-exists');
  });

  it('lists pages in byte order behind an exclusive marker', async ({ store, projectId }) => {
    for (const name of ['b', 'B', 'a', '_', '-', '9', 'aa'])
      await store.change(createEvent({ projectId, name }));
    const page = async (limit: number, afterName: string) =>
      (await store.listEvents({ projectId, limit, afterName })).map(({ name }) => name);
    expect(await page(9, '')).toStrictEqual(['-', '9', 'B', '_', 'a', 'aa', 'b']);
    expect(await page(2, 'B')).toStrictEqual(['_', 'a']);
    expect(await page(9, 'a0')).toStrictEqual(['aa', 'b']);
    expect(await store.listEvents({ projectId: freshProject(), limit: 9, afterName: '' })).toStrictEqual([]);
  });

  it('counts the events of a project against the quota', async ({ store, projectId }) => {
    const limits = { ...DEFAULT_LIMITS, events: 2 };
    const racing = Array.from({ length: 5 }, (_, index) =>
      store.change(createEvent({ projectId, name: `e${index}` }, { limits })).then(
        () => 'made',
        () => 'refused',
      ),
    );
    expect((await Promise.all(racing)).filter((outcome) => outcome === 'made')).toHaveLength(2);
    await store.change(removeEvent({ projectId, name: 'e0' }));
    await store.change(createEvent({ projectId, name: 'again' }, { limits }));
  });

  it('lets a secret subscribe to an event of its own project only', async ({ store }) => {
    const [projectId, other] = [freshProject(), freshProject()];
    await store.change(createEvent({ projectId: other, name: 'alarm' }));
    const ref = { projectId, name: 's' };
    await expectRefused(store.change(create(ref, subscribedTo('alarm'))), 'invalid-parameter');
    await store.change(createEvent({ projectId, name: 'alarm' }));
    await store.change(create(ref, subscribedTo('alarm')));
    await expectRefused(store.change(update(ref, { eventSubscriptions: ['none'] })), 'invalid-parameter');
    expect((await store.findSecret(ref))?.eventSubscriptions).toStrictEqual(['alarm']);
  });

  it('removes an event only when no secret refers to it, in whatever state the secret is', async ({
    store,
    projectId,
  }) => {
    const event = { projectId, name: 'alarm' };
    const [one, two, three] = ['one', 'two', 'three'].map((name) => ({ projectId, name })) as [
      { projectId: string; name: string },
      { projectId: string; name: string },
      { projectId: string; name: string },
    ];
    await store.change(createEvent(event));
    await store.change(createEvent({ projectId, name: 'other' }));
    for (const ref of [one, two, three])
      await store.change(create(ref, { id: ref.name + projectId, ...subscribedTo('alarm') }));
    await store.change(schedule(three, 7));
    await expectRefused(store.change(removeEvent(event)), 'event-referenced');
    await store.change(update(one, { eventSubscriptions: [] }));
    await expectRefused(store.change(removeEvent(event)), 'event-referenced');
    await store.change(update(two, { eventSubscriptions: ['other'] }));
    await expectRefused(store.change(removeEvent(event)), 'event-referenced');
    await store.change(purge(three, three.name + projectId, T0 + 7 * DAY_MS));
    await store.change(removeEvent(event));
    expect(await store.findEvent(event)).toBeUndefined();
    await store.change(remove(two));
    await store.change(removeEvent({ projectId, name: 'other' }));
  });

  it('lists the secrets of an event, in pages', async ({ store, projectId }) => {
    for (const name of ['rotated', 'rotate']) await store.change(createEvent({ projectId, name }));
    const events = { a: ['rotated'], b: ['rotate'], c: [], d: ['rotated'], e: ['rotated'] };
    for (const [name, names] of Object.entries(events))
      await store.change(create({ projectId, name }, subscribedTo(...names)));
    const find = async (eventName: string, afterName = '', limit = 9) =>
      (await store.listSecrets({ projectId, eventName, afterName, limit })).map(({ name }) => name);
    expect(await find('rotated')).toStrictEqual(['a', 'd', 'e']);
    expect(await find('rotated', '', 2)).toStrictEqual(['a', 'd']);
    expect(await find('rotated', 'd')).toStrictEqual(['e']);
    expect(await find('rotate')).toStrictEqual(['b']);
    for (const name of ['Rotated', '%', 'rotated"', '']) expect(await find(name)).toStrictEqual([]);
  });
}
