import { expect, it } from 'vitest';
import type { SecretIdRef } from '../../../src/core/secrets/secrets.ts';

import {
  create,
  createGrant,
  expectRefused,
  freshProject,
  freshRef,
  type HarnessOf,
  remove,
  removeGrants,
  T0,
  updateGrant,
} from '../../support/stores.ts';

/** Grants: kept beside their secret, gone with it. */
export function grantContract(harnessOf: HarnessOf): void {
  async function aSecret() {
    const { store } = harnessOf();
    const ref = freshRef();
    const secretId = (await store.change(create(ref))).secret!.id;
    const grantRef: SecretIdRef = { projectId: ref.projectId, secretId };
    return { store, ref, grantRef };
  }

  it('finds grants as they were created, oldest first, and after it was opened anew', async () => {
    const { store, ref, grantRef } = await aSecret();
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
    await harnessOf().reopen();
    expect(await harnessOf().store.listGrants(grantRef)).toStrictEqual([first.grant, second.grant]);
    expect((await harnessOf().store.findSecret(ref))?.revision).toBe(1);
  });

  it('lists nothing for another project, another secret or none', async () => {
    const { store, grantRef } = await aSecret();
    await store.change(createGrant(grantRef, 'ann'));
    const other = await aSecret();
    expect(await store.listGrants(other.grantRef)).toStrictEqual([]);
    expect(await store.listGrants({ ...grantRef, projectId: freshProject() })).toStrictEqual([]);
    expect(await store.listGrants({ ...grantRef, secretId: 'nothing' })).toStrictEqual([]);
  });

  it('changes one grant and leaves the others', async () => {
    const { store, grantRef } = await aSecret();
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

  it('drops what has expired with the next change', async () => {
    const { store, grantRef } = await aSecret();
    const before = await harnessOf().countRows();
    await store.change(createGrant(grantRef, 'ann', { expireTimeMs: T0 + 5 }));
    expect(await store.listGrants(grantRef)).toHaveLength(1);
    const { grant } = await store.change(createGrant(grantRef, 'bob', { nowMs: T0 + 5 }));
    expect(await store.listGrants(grantRef)).toStrictEqual([grant]);
    await store.change(removeGrants(grantRef));
    expect(await harnessOf().countRows()).toStrictEqual(before);
  });

  it('gives nothing to a secret that takes the name of one that is gone', async () => {
    const { store, ref, grantRef } = await aSecret();
    await store.change(createGrant(grantRef, 'ann'));
    await store.change(remove(ref));
    const { id } = (await store.change(create(ref))).secret!;
    expect(await store.listGrants({ ...grantRef, secretId: id })).toStrictEqual([]);
  });
}
