import { expect } from 'vitest';

import {
  create,
  createGrant,
  expectRefused,
  freshProject,
  freshRef,
  remove,
  removeGrants,
  T0,
  updateGrant,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Grants: kept beside their secret, gone with it. */
export function grantContract(given: ContractTest): void {
  const it = given.extend('grantRef', ({ secret: { projectId, id } }) => ({ projectId, secretId: id }));

  it('finds grants as they were created, oldest first, and after it was opened anew', async ({
    harness,
    store,
    ref,
    grantRef,
  }) => {
    const group = { grantee: { type: 'group', id: 'ann' }, expireTimeMs: T0 + 9 } as const;
    const second = await store.change(createGrant(grantRef, 'ann', { nowMs: T0 + 1 }));
    const first = await store.change(createGrant(grantRef, '', { ...group, nowMs: T0 }));
    expect(first.grant).toStrictEqual({
      ...grantRef,
      id: first.grant?.id,
      ...group,
      createTimeMs: T0,
      updateTimeMs: T0,
      revision: 1,
    });
    expect(await store.listGrants(grantRef)).toStrictEqual([first.grant, second.grant]);
    await harness.reopen();
    expect(await harness.store.listGrants(grantRef)).toStrictEqual([first.grant, second.grant]);
    expect((await harness.store.findSecret(ref))?.revision).toBe(1);
  });

  it('lists nothing for another project, another secret or none', async ({ store, grantRef }) => {
    await store.change(createGrant(grantRef, 'ann'));
    const other = (await store.change(create(freshRef()))).secret!;
    for (const elsewhere of [
      { projectId: other.projectId, secretId: other.id },
      { ...grantRef, projectId: freshProject() },
      { ...grantRef, secretId: 'nothing' },
    ])
      expect(await store.listGrants(elsewhere)).toStrictEqual([]);
  });

  it('changes one grant and leaves the others', async ({ store, grantRef }) => {
    const { grant: ann } = await store.change(createGrant(grantRef, 'ann'));
    const { grant: bob } = await store.change(createGrant(grantRef, 'bob', { nowMs: T0 + 1 }));
    const updated = await store.change(updateGrant(grantRef, 'ann', T0 + 50, T0 + 2));
    expect(updated.grant).toStrictEqual({ ...ann, updateTimeMs: T0 + 2, expireTimeMs: T0 + 50, revision: 2 });
    expect(await store.listGrants(grantRef)).toStrictEqual([updated.grant, bob]);
    await expectRefused(store.change(updateGrant(grantRef, 'eve', undefined)), 'resource-not-found');
    await store.change(removeGrants(grantRef, 'ann'));
    await expectRefused(store.change(removeGrants(grantRef, 'ann')), 'resource-not-found');
    expect(await store.listGrants(grantRef)).toStrictEqual([bob]);
  });

  it('drops what has expired with the next change', async ({ harness, store, grantRef }) => {
    const before = await harness.countRows();
    await store.change(createGrant(grantRef, 'ann', { expireTimeMs: T0 + 5 }));
    expect(await store.listGrants(grantRef)).toHaveLength(1);
    const { grant } = await store.change(createGrant(grantRef, 'bob', { nowMs: T0 + 5 }));
    expect(await store.listGrants(grantRef)).toStrictEqual([grant]);
    await store.change(removeGrants(grantRef));
    expect(await harness.countRows()).toStrictEqual(before);
  });

  it('gives nothing to a secret that takes the name of one that is gone', async ({
    store,
    ref,
    grantRef,
  }) => {
    await store.change(createGrant(grantRef, 'ann'));
    await store.change(remove(ref));
    const { id } = (await store.change(create(ref))).secret!;
    expect(await store.listGrants({ ...grantRef, secretId: id })).toStrictEqual([]);
  });
}
