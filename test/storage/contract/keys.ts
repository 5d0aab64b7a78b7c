import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Key, KeyChange } from '../../../src/core/kms/keys.ts';
import {
  changeKey,
  codeOf,
  create,
  createKey,
  DAY_MS,
  destroyKey,
  ensureKey,
  expectRefused,
  freshProject,
  newVersion,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Keys: made once, found by id and by alias. */
export function keyContract(it: ContractTest): void {
  it('finds a new key by id and by alias, with its material byte for byte', async ({ store, projectId }) => {
    const command = ensureKey({ projectId, id: 'key-1' });
    const { key: made } = await store.change(command);
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

  it('gives 20 first uses at the same moment with one key', async ({ harness, projectId }) => {
    const before = await harness.countRows();
    const racing = Array.from({ length: 20 }, (_, index) =>
      harness.store.change(ensureKey({ projectId, id: `key-${index}` })),
    );
    const keys = (await Promise.all(racing)).map(({ key }) => plain(key));
    for (const key of keys) expect(key).toStrictEqual(keys[0]);
    expect(plain(await harness.store.findKeyByAlias(projectId, 'csms/default'))).toStrictEqual(keys[0]);
    expect((await harness.countRows()).key).toBe(before.key + 1);
  });

  it('keeps keys of projects apart that use the same id and alias', async ({ store }) => {
    const [one, other] = [freshProject(), freshProject()];
    const { key: mine } = await store.change(ensureKey({ projectId: one, id: 'key-1' }));
    expect(await store.findKey({ projectId: other, id: 'key-1' })).toBeUndefined();
    const { key: theirs } = await store.change(ensureKey({ projectId: other, id: 'key-1' }));
    expect(plain(theirs).versions).not.toStrictEqual(plain(mine).versions);
    expect(plain(await store.findKey({ projectId: one, id: 'key-1' }))).toStrictEqual(plain(mine));
  });

  it('hands out a value together with the key of its version', async ({ store, projectId }) => {
    const ref = { projectId, name: 'a' };
    await store.change(create(ref, { version: newVersion({ kmsKeyId: 'key-9' }) }));
    expect((await store.findValue(ref, 'latest'))?.key).toBeUndefined();
    await store.change(ensureKey({ projectId, id: 'key-9' }));
    expect((await store.findValue(ref, 'latest'))?.key).toStrictEqual(
      await store.findKey({ projectId, id: 'key-9' }),
    );
  });

  keyChanges(it);
  keyLists(it);
  keyDestruction(it);
}

/** Every kind of change is stored whole, and only the one that was wanted. */
function keyChanges(it: ContractTest): void {
  it('stores every change, as a look after reopening shows', async ({ harness }) => {
    const ref = { projectId: freshProject(), id: 'key-1' };
    await harness.store.change(createKey(ref, { draft: { description: 'é 漢', enterpriseProjectId: '7' } }));
    const tags = [
      { key: 'b', value: '' },
      { key: 'a', value: '🔑' },
    ];
    const changes: readonly KeyChange[] = [
      { kind: 'describe-key', description: 'other' },
      { kind: 'add-alias', alias: 'alias/second' },
      { kind: 'add-alias', alias: 'third' },
      { kind: 'rename-key', alias: 'renamed' },
      { kind: 'remove-aliases', aliases: ['third'] },
      { kind: 'put-tags', tags },
      { kind: 'put-tags', tags: [{ key: 'b', value: 'x' }] },
      { kind: 'remove-tag', tagKey: 'a' },
      { kind: 'enable-rotation' },
      { kind: 'set-rotation-interval', intervalDays: 30 },
      { kind: 'disable-rotation' },
      { kind: 'disable-key' },
      { kind: 'enable-key' },
      { kind: 'schedule-key-deletion', pendingDays: 7 },
      { kind: 'cancel-key-deletion' },
    ];
    for (const change of changes) {
      const { key } = await harness.store.change(changeKey(ref, change, T0 + 5));
      expect(plain(await harness.store.findKey(ref)), change.kind).toStrictEqual(plain(key));
    }
    const before = plain(await harness.store.findKey(ref));
    expect(before).toMatchObject({
      alias: 'renamed',
      aliases: [
        { alias: 'alias/second', createTimeMs: T0 + 5, updateTimeMs: T0 + 5 },
        { alias: 'renamed', createTimeMs: T0, updateTimeMs: T0 + 5 },
      ],
      description: 'other',
      enterpriseProjectId: '7',
      state: 'DISABLED',
      tags: [{ key: 'b', value: 'x' }],
      rotation: undefined,
      scheduledDeleteTimeMs: undefined,
      revision: 1 + changes.length,
    });
    await harness.reopen();
    expect(plain(await harness.store.findKey(ref))).toStrictEqual(before);
  });

  it('adds a version at a rotation and keeps the older ones byte for byte', async ({ store }) => {
    const ref = { projectId: freshProject(), id: 'key-1' };
    const created = createKey(ref);
    await store.change(created);
    await store.change(changeKey(ref, { kind: 'enable-rotation' }));
    const material = randomBytes(78);
    const rotate = { kind: 'rotate-key', versionNumber: 2, material } as const;
    expect((await store.change(changeKey(ref, rotate, T0 + 364 * DAY_MS))).changed).toBe(false);
    expect((await store.change(changeKey(ref, rotate, T0 + 365 * DAY_MS))).changed).toBe(true);
    expect((await store.change(changeKey(ref, rotate, T0 + 999 * DAY_MS))).changed).toBe(false);
    expect(plain(await store.findKey(ref)).versions).toStrictEqual([
      { number: 1, wrapped: created.material, createTimeMs: T0 },
      { number: 2, wrapped: material, createTimeMs: T0 + 365 * DAY_MS },
    ]);
  });

  it('finds a key by each of its aliases, with and without the prefix, and gives none to another key', async ({
    store,
    projectId,
  }) => {
    const [one, other] = [
      { projectId, id: 'key-1' },
      { projectId, id: 'key-2' },
    ];
    await store.change(createKey(one, { alias: 'plain' }));
    await store.change(createKey(other, { alias: 'elsewhere' }));
    await store.change(changeKey(one, { kind: 'add-alias', alias: 'alias/with' }));
    for (const alias of ['plain', 'alias/plain', 'with', 'alias/with']) {
      expect((await store.findKeyByAlias(projectId, alias))?.id, alias).toBe('key-1');
      const id = { projectId, id: 'key-3' };
      await expectRefused(store.change(createKey(id, { alias })), 'key-alias-exists');
      await expectRefused(store.change(changeKey(other, { kind: 'add-alias', alias })), 'key-alias-exists');
      await expectRefused(store.change(changeKey(other, { kind: 'rename-key', alias })), 'key-alias-exists');
    }
    await store.change(changeKey(one, { kind: 'remove-aliases', aliases: ['alias/with'] }));
    expect(await store.findKeyByAlias(projectId, 'with')).toBeUndefined();
    await store.change(changeKey(other, { kind: 'add-alias', alias: 'with' }));
    expect((await store.findKeyByAlias(projectId, 'alias/with'))?.id).toBe('key-2');
  });

  it('gives an alias to one of 20 that want it at the same moment', async ({ store, projectId }) => {
    const ids = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const racing = ids.map((id, index) =>
      store.change(createKey({ projectId, id }, { alias: index % 2 === 0 ? 'wanted' : 'alias/wanted' })),
    );
    const outcomes = await Promise.allSettled(racing);
    const made = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(made).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(codeOf(outcome.reason)).toBe('key-alias-exists');
    expect(await store.listKeys(projectId)).toHaveLength(1);
  });

  it('loses none of 20 tags that are set at the same moment', async ({ store }) => {
    const ref = { projectId: freshProject(), id: 'key-1' };
    await store.change(createKey(ref));
    const tags = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: String(index) }));
    await Promise.all(tags.map((tag) => store.change(changeKey(ref, { kind: 'put-tags', tags: [tag] }))));
    expect(
      plain(await store.findKey(ref)).tags.toSorted((a, b) => Number(a.value) - Number(b.value)),
    ).toEqual(tags);
    expect(plain(await store.findKey(ref)).revision).toBe(21);
  });

  it('refuses the 101st key of a project; a default key does not count', async ({ store, projectId }) => {
    await store.change(ensureKey({ projectId, id: 'default' }));
    const ids = Array.from({ length: 100 }, (_, index) => `key-${index}`);
    await Promise.all(ids.map((id) => store.change(createKey({ projectId, id }))));
    await expectRefused(store.change(createKey({ projectId, id: 'more' })), 'key-limit');
    expect(await store.listKeys(projectId)).toHaveLength(101);
  });
}

function keyLists(it: ContractTest): void {
  it('lists the keys of one project in order of creation', async ({ store, projectId }) => {
    for (const [index, id] of ['c', 'a', 'b'].entries())
      await store.change(createKey({ projectId, id }, { nowMs: T0 + Math.min(index, 1) }));
    await store.change(createKey({ projectId: freshProject(), id: 'foreign' }));
    expect((await store.listKeys(projectId)).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(await store.listKeys('nobody')).toEqual([]);
  });

  it('lists what is due: the longest overdue first, no more than wanted, no disabled key for rotation', async ({
    store,
    projectId,
  }) => {
    const ref = (id: string) => ({ projectId, id });
    for (const id of ['late', 'later', 'disabled', 'never', 'doomed', 'spared'])
      await store.change(createKey(ref(id)));
    for (const [id, nowMs] of [
      ['later', T0 + 1],
      ['late', T0],
      ['disabled', T0],
    ] as const)
      await store.change(changeKey(ref(id), { kind: 'enable-rotation' }, nowMs));
    await store.change(changeKey(ref('disabled'), { kind: 'disable-key' }));
    await store.change(changeKey(ref('doomed'), { kind: 'schedule-key-deletion', pendingDays: 7 }));
    await store.change(changeKey(ref('spared'), { kind: 'schedule-key-deletion', pendingDays: 8 }));
    const due = async (what: 'deletion' | 'rotation', nowMs: number, limit = 1_000) => {
      const found = await store.listDueKeys({ due: what, nowMs, limit });
      return found.filter((key) => key.projectId === projectId).map(({ id }) => id);
    };
    expect(await due('rotation', T0 + 365 * DAY_MS - 1)).toEqual([]);
    expect(await due('rotation', T0 + 365 * DAY_MS)).toEqual(['late']);
    expect(await due('rotation', T0 + 365 * DAY_MS + 1)).toEqual(['late', 'later']);
    expect(await due('deletion', T0 + 7 * DAY_MS - 1)).toEqual([]);
    expect(await due('deletion', T0 + 7 * DAY_MS)).toEqual(['doomed']);
    const all = await store.listDueKeys({ due: 'deletion', nowMs: T0 + 999 * DAY_MS, limit: 1 });
    expect(all).toHaveLength(1);
  });
}

function keyDestruction(it: ContractTest): void {
  it('destroys a key with everything of it, and nothing of its neighbours', async ({
    harness,
    store,
    projectId,
  }) => {
    await store.change(createKey({ projectId, id: 'stays' }));
    const before = await harness.countRows();
    const ref = { projectId, id: 'goes' };
    await store.change(createKey(ref));
    await store.change(changeKey(ref, { kind: 'add-alias', alias: 'another' }));
    await store.change(changeKey(ref, { kind: 'put-tags', tags: [{ key: 'a', value: 'b' }] }));
    expect(await harness.countRows()).toEqual({
      ...before,
      key: before.key + 1,
      keyMaterial: before.keyMaterial + 1,
      keyAlias: before.keyAlias + 2,
      keyTag: before.keyTag + 1,
    });
    await expectRefused(
      store.change(changeKey({ projectId, id: 'none' }, { kind: 'purge-key' })),
      'key-not-found',
    );
    expect((await destroyKey(store, ref)).changed).toBe(true);
    expect(await harness.countRows()).toEqual(before);
    expect(await store.findKey(ref)).toBeUndefined();
    expect(await store.findKeyByAlias(projectId, 'another')).toBeUndefined();
    expect((await store.findKey({ projectId, id: 'stays' }))?.id).toBe('stays');
  });

  it('takes a key made again under the id of a destroyed one for another key', async ({
    store,
    projectId,
  }) => {
    const keyRef = { projectId, id: 'key-9' };
    const ref = { projectId, name: 'a' };
    await store.change(createKey(keyRef, { firstRevision: 500 }));
    await store.change(create(ref, { version: newVersion({ kmsKeyId: 'key-9' }) }));
    const first = (await store.findValue(ref, 'latest'))?.key;
    expect(plain(first).revision).toBe(500);
    await destroyKey(store, keyRef);
    // Not checked in between: what is remembered is the destroyed one.
    const again = createKey(keyRef, { firstRevision: 7_000 });
    await store.change(again);
    const second = (await store.findValue(ref, 'latest'))?.key;
    expect(plain(second).versions[0]!.wrapped).toStrictEqual(again.material);
    expect(plain(second).revision).toBe(7_000);
  });

  it('hands out no value together with a key that is gone', async ({ store }) => {
    const keyRef = { projectId: freshProject(), id: 'key-9' };
    const ref = { projectId: keyRef.projectId, name: 'a' };
    await store.change(createKey(keyRef));
    await store.change(create(ref, { version: newVersion({ kmsKeyId: 'key-9' }) }));
    expect((await store.findValue(ref, 'latest'))?.key?.id).toBe('key-9');
    await destroyKey(store, keyRef);
    const found = await store.findValue(ref, 'latest');
    expect(found).toBeDefined();
    expect(found?.key).toBeUndefined();
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
