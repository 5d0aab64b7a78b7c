import { expect } from 'vitest';
import {
  create,
  createEvent,
  freshProject,
  freshRef,
  remove,
  settle,
  subscribedTo,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Rules of the counts over all projects. */
export function countsContract(it: ContractTest): void {
  it('are of all secrets, whatever their project', async ({ store }) => {
    const before = await store.countAll();
    const ref = { projectId: freshProject(), name: 's' };
    await store.change(create(ref));
    await store.change(create({ projectId: freshProject(), name: 's' }));
    expect(await store.countAll()).toEqual({ ...before, secrets: before.secrets + 2 });
    await store.change(remove(ref));
    expect((await store.countAll()).secrets).toBe(before.secrets + 1);
  });

  it('are of the secrets of each project', async ({ store }) => {
    const [one, two] = [freshRef(), freshRef()];
    await store.change(create(one));
    await store.change(create({ ...one, name: 'another' }));
    await store.change(create(two));
    expect(await store.countByProject()).toEqual(
      expect.arrayContaining([
        { projectId: one.projectId, secrets: 2 },
        { projectId: two.projectId, secrets: 1 },
      ]),
    );
  });

  it('are of the notifications that wait, and of no record', async ({ store, projectId }) => {
    const { notificationsPending: before } = await store.countAll();
    const id = `${projectId}-s`;
    await store.change(createEvent({ projectId, name: 'alarm' }));
    await store.change(create({ projectId, name: 's' }, { id, ...subscribedTo('alarm') }));
    expect((await store.countAll()).notificationsPending).toBe(before + 1);
    await store.change(settle(`${id}.1.SECRET_VERSION_CREATED`, { status: 'SUCCESS' }));
    expect((await store.countAll()).notificationsPending).toBe(before);
  });
}
