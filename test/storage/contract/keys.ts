import { expect, it } from 'vitest';
import type { Key } from '../../../src/core/key.ts';
import { create, ensureKey, freshProject, newVersion, T0 } from '../../support/stores.ts';
import type { HarnessOf } from '../store.contract.ts';

/** Keys: made once, found by id and by alias. */
export function keyContract(harnessOf: HarnessOf): void {
  it('finds a new key by id and by alias, with its material byte for byte', async () => {
    const { store } = harnessOf();
    const projectId = freshProject();
    const command = ensureKey({ projectId, id: 'key-1' });
    const made = await store.change(command);
    expect(made).toMatchObject({
      projectId,
      id: 'key-1',
      alias: 'csms/default',
      isDefault: true,
      state: 'ENABLED',
      createTimeMs: T0,
      revision: 1,
    });
    const byId = await store.findKey({ projectId, id: 'key-1' });
    expect(plain(byId)).toStrictEqual(plain(made));
    expect(await store.findKeyByAlias(projectId, 'csms/default')).toStrictEqual(byId);
    expect(Buffer.compare(byId!.versions[0]!.wrapped, command.material)).toBe(0);
    expect(await store.findKeyByAlias(projectId, 'csms/other')).toBeUndefined();
  });

  it('answers 20 first uses at the same moment with one key', async () => {
    const harness = harnessOf();
    const before = await harness.countRows();
    const projectId = freshProject();
    const racing = Array.from({ length: 20 }, (_, index) =>
      harness.store.change(ensureKey({ projectId, id: `key-${index}` })),
    );
    const keys = (await Promise.all(racing)).map(plain);
    for (const key of keys) expect(key).toStrictEqual(keys[0]);
    expect(plain(await harness.store.findKeyByAlias(projectId, 'csms/default'))).toStrictEqual(keys[0]);
    expect((await harness.countRows()).key).toBe(before.key + 1);
  });

  it('answers a present key as it is and drops the new material', async () => {
    const { store } = harnessOf();
    const ref = { projectId: freshProject(), id: 'key-1' };
    const first = await store.change(ensureKey(ref, { alias: 'one', isDefault: false }));
    const again = await store.change(ensureKey(ref, { alias: 'two', nowMs: T0 + 1 }));
    expect(plain(again)).toStrictEqual(plain(first));
    expect(await store.findKeyByAlias(ref.projectId, 'two')).toBeUndefined();
  });

  it('keeps keys of projects apart that use the same id and alias', async () => {
    const { store } = harnessOf();
    const [one, other] = [freshProject(), freshProject()];
    const mine = await store.change(ensureKey({ projectId: one, id: 'key-1' }));
    expect(await store.findKey({ projectId: other, id: 'key-1' })).toBeUndefined();
    const theirs = await store.change(ensureKey({ projectId: other, id: 'key-1' }));
    expect(plain(theirs).versions).not.toStrictEqual(plain(mine).versions);
    expect(plain(await store.findKey({ projectId: one, id: 'key-1' }))).toStrictEqual(plain(mine));
  });

  it('hands out a value together with the key of its version', async () => {
    const { store } = harnessOf();
    const projectId = freshProject();
    const ref = { projectId, name: 'a' };
    await store.change(create(ref, { version: newVersion({ kmsKeyId: 'key-9' }) }));
    expect((await store.findValue(ref, 'latest'))?.key).toBeUndefined();
    await store.change(ensureKey({ projectId, id: 'key-9' }));
    expect((await store.findValue(ref, 'latest'))?.key).toStrictEqual(
      await store.findKey({ projectId, id: 'key-9' }),
    );
  });
}

/** A key whose material compares equal however it travelled. */
function plain(key: Key | undefined) {
  expect(key).toBeDefined();
  return {
    ...key!,
    versions: key!.versions.map((version) => ({ ...version, wrapped: Buffer.from(version.wrapped) })),
  };
}
