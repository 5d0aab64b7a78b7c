import { expect } from 'vitest';
import {
  addVersion,
  create,
  createGrant,
  DAY_MS,
  expectRefused,
  purge,
  putStage,
  putTags,
  remove,
  schedule,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Deletion, at once or scheduled: nothing is left of it, and nothing else goes. */
export function lifecycleContract(it: ContractTest): void {
  it('removes a secret with all its rows', async ({ harness, store, ref }) => {
    const before = await harness.countRows();
    const { id } = (await store.change(create(ref))).secret!;
    for (let count = 0; count < 3; count += 1) await store.change(addVersion(ref, id));
    await store.change(putStage(ref, 'blue', 1));
    await store.change(putTags(ref, id, [{ key: 'team', value: 'payments' }]));
    await store.change(createGrant({ projectId: ref.projectId, secretId: id }, 'someone'));
    const added = { secret: 1, version: 4, stage: 3, tag: 1, grant: 1, wrappedKey: 4, body: 4 };
    const after = await harness.countRows();
    for (const [kind, count] of Object.entries(before)) {
      const more = Object.hasOwn(added, kind) ? added[kind as keyof typeof added] : 0;
      expect(after[kind as keyof typeof after] - count, kind).toBe(more);
    }

    await store.change(remove(ref));
    expect(await harness.countRows()).toStrictEqual(before);
    expect(await store.findSecret(ref)).toBeUndefined();
    expect(await store.findValue(ref, 'latest')).toBeUndefined();
    expect(await store.listSecrets({ projectId: ref.projectId, limit: 9 })).toStrictEqual([]);
    await expectRefused(store.change(remove(ref)), 'secret-not-found');
  });

  it('frees the name for a new secret that starts at version 1', async ({ store, ref, secret: first }) => {
    await store.change(addVersion(ref, first.id));
    await store.change(remove(ref));
    const second = create(ref);
    await store.change(second);
    const found = await store.findVersions(ref);
    expect(found?.secret).toMatchObject({ id: second.id, lastVersionNumber: 1, revision: 1 });
    expect(found?.versions.map((version) => version.uid)).toStrictEqual([second.version.uid]);
    const value = await store.findValue(ref, 'latest');
    expect(Buffer.compare(value!.sealed.body, second.version.sealed.body)).toBe(0);
    await expectRefused(store.change(addVersion(ref, first.id)), 'seal-outdated');
  });

  it('returns the value of a new secret though one of its name was read before it was deleted', async ({
    store,
    ref,
  }) => {
    await store.change(create(ref));
    expect((await store.findValue(ref, 'latest'))?.secret.revision).toBe(1);
    await store.change(remove(ref));
    const second = create(ref);
    await store.change(second);
    for (const wanted of [1, 'latest'] as const) {
      const found = (await store.findValue(ref, wanted))!;
      expect(found.secret).toMatchObject({ id: second.id, revision: 1 });
      expect(found.version.uid).toBe(second.version.uid);
      expect(Buffer.compare(found.sealed.body, second.version.sealed.body)).toBe(0);
    }
  });

  it('purges a due secret with all its rows, and not a moment before', async ({ harness, store, ref }) => {
    const before = await harness.countRows();
    const { id } = (await store.change(create(ref))).secret!;
    await store.change(schedule(ref, 7));
    const scheduled = await store.findSecret(ref);
    await store.change(purge(ref, id, T0 + 7 * DAY_MS - 1));
    expect(await store.findSecret(ref)).toStrictEqual(scheduled);
    await store.change(purge(ref, id, T0 + 7 * DAY_MS));
    expect(await store.findSecret(ref)).toBeUndefined();
    expect(await harness.countRows()).toStrictEqual(before);
  });
}
