import { expect, it } from 'vitest';
import {
  create,
  createEvent,
  DRAFT,
  freshProject,
  type HarnessOf,
  remove,
  T0,
} from '../../support/stores.ts';

/** Rules of the counts over all projects. */
export function countsContract(harnessOf: HarnessOf): void {
  it('are of all secrets, whatever their project', async () => {
    const { store } = harnessOf();
    const before = await store.countAll();
    const ref = { projectId: freshProject(), name: 's' };
    await store.change(create(ref));
    await store.change(create({ projectId: freshProject(), name: 's' }));
    expect(await store.countAll()).toEqual({ ...before, secrets: before.secrets + 2 });
    await store.change(remove(ref));
    expect((await store.countAll()).secrets).toBe(before.secrets + 1);
  });

  it('are of the notifications that wait, and of no record', async () => {
    const { store } = harnessOf();
    const { notificationsPending: before } = await store.countAll();
    const projectId = freshProject();
    const id = `${projectId}-s`;
    await store.change(createEvent({ projectId, name: 'alarm' }));
    await store.change(
      create({ projectId, name: 's' }, { id, draft: { ...DRAFT, eventSubscriptions: ['alarm'] } }),
    );
    expect((await store.countAll()).notificationsPending).toBe(before + 1);
    await store.change({
      aggregate: 'notification',
      kind: 'settle-notification',
      ref: { id: `${id}.1.SECRET_VERSION_CREATED` },
      attempts: 0,
      outcome: { status: 'SUCCESS' },
      nowMs: T0,
    });
    expect((await store.countAll()).notificationsPending).toBe(before);
  });
}
