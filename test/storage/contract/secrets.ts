import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { aSecret, aVersion } from '../../support/builders.ts';
import {
  addVersion,
  cancel,
  create,
  DRAFT,
  expectRefused,
  freshProject,
  freshRef,
  newVersion,
  purge,
  ROTATED_DRAFT,
  readProject,
  remove,
  schedule,
  T0,
  update,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Metadata of secrets: what was written is what is read, inside one project. */
export function secretContract(it: ContractTest): void {
  it('finds a created secret as the creation answered it', async ({ store, ref }) => {
    const command = create(ref, { version: newVersion({ expireTimeMs: T0 + 5 }) });
    const { secret } = await store.change(command);
    const { id, version } = command;
    const times = { createTimeMs: T0, updateTimeMs: T0 };
    expect(secret).toEqual(aSecret({ ...DRAFT, ...ref, id, kmsKeyId: 'key-1', ...times }));
    expect(await store.findSecret(ref)).toStrictEqual(secret);
    expect(await store.findVersions(ref)).toStrictEqual({
      secret,
      versions: [aVersion({ uid: version.uid, kmsKeyId: 'key-1', createTimeMs: T0, expireTimeMs: T0 + 5 })],
      stages: [{ name: 'SYSCURRENT', versionNumber: 1, updateTimeMs: T0, slot: 0 }],
      tags: [],
    });
  });

  it('keeps every optional field, and text of every kind', async ({ store, ref }) => {
    const secret = (await store.change(create(ref, { draft: ROTATED_DRAFT }))).secret!;
    expect(secret).toMatchObject(ROTATED_DRAFT);
    expect(secret.nextRotationTimeMs).toBe(T0 + 30 * 86_400_000);
    expect(await store.findSecret(ref)).toStrictEqual(secret);
  });

  it('lets one of many concurrent creations of a name win', async ({ store, ref }) => {
    const ids = Array.from({ length: 20 }, () => randomUUID());
    const outcomes = await Promise.allSettled(ids.map((id) => store.change(create(ref, { id }))));
    const winners = ids.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect((await store.findSecret(ref))?.id).toBe(winners[0]);
  });

  it('distinguishes names that differ only in case', async ({ store, projectId }) => {
    const lower = await store.change(create({ projectId, name: 'token' }));
    const upper = await store.change(create({ projectId, name: 'TOKEN' }));
    expect((await store.findSecret({ projectId, name: 'token' }))?.id).toBe(lower.secret!.id);
    expect((await store.findSecret({ projectId, name: 'TOKEN' }))?.id).toBe(upper.secret!.id);
    expect(await store.findSecret({ projectId, name: 'Token' })).toBeUndefined();
  });

  it('shows an update to the very next read', async ({ store, ref }) => {
    await store.change(create(ref, { draft: ROTATED_DRAFT }));
    const changes = {
      description: 'after',
      kmsKeyId: 'key-2',
      rotationPeriod: '6h',
      rotationFuncUrn: 'urn:other',
      eventSubscriptions: [],
    };
    const secret = (await store.change(update(ref, changes, T0 + 9))).secret!;
    expect(secret).toMatchObject({ ...changes, updateTimeMs: T0 + 9, revision: 2 });
    expect(await store.findSecret(ref)).toStrictEqual(secret);
    expect(await store.listSecrets({ projectId: ref.projectId, limit: 9 })).toStrictEqual([secret]);
  });

  it('finds for sealing an enabled secret that it has known, and the present one once that is outdated', async ({
    store,
    ref,
  }) => {
    expect(await store.findForSealing(ref, undefined)).toBeUndefined();
    const created = (await store.change(create(ref))).secret!;
    const former = await store.findForSealing(ref, undefined);
    expect(former).toStrictEqual(created);
    const changed = (await store.change(update(ref, { kmsKeyId: 'key-2' }))).secret!;
    expect(await store.findForSealing(ref, former)).toStrictEqual(changed);
    const scheduled = (await store.change(schedule(ref, 7))).secret!;
    const known = await store.findForSealing(ref, undefined);
    expect([changed, scheduled]).toContainEqual(known);
    expect(await store.findForSealing(ref, known)).toStrictEqual(scheduled);
    const cancelled = (await store.change(cancel(ref))).secret!;
    expect(await store.findForSealing(ref, undefined)).toStrictEqual(cancelled);
  });

  it('keeps projects apart that use the same name', async ({ store }) => {
    const [one, other] = [freshRef(), freshRef()];
    const secret = (await store.change(create(one))).secret!;
    expect(await store.findSecret(other)).toBeUndefined();
    expect(await store.findValue(other, 'latest')).toBeUndefined();
    await expectRefused(store.change(remove(other)), 'secret-not-found');
    await expectRefused(store.change(addVersion(other, secret.id)), 'secret-not-found');

    await store.change(create(other));
    const before = await readProject(store, one.projectId);
    await store.change(addVersion(other, (await store.findSecret(other))!.id));
    await store.change(update(other, { description: 'theirs' }));
    await store.change(remove(other));
    expect(await readProject(store, one.projectId)).toStrictEqual(before);
    expect((await readProject(store, other.projectId)).secrets).toStrictEqual([]);
  });

  it('refuses a secret beyond the quota, gives it back after a deletion and after a purge, and counts no refused creation', async ({
    store,
    projectId,
  }) => {
    const limits = { ...DEFAULT_LIMITS, secrets: 2 };
    const make = (name: string) => store.change(create({ projectId, name }, { limits }));
    const a = { projectId, name: 'a' };
    const secret = (await make('a')).secret!;
    await expectRefused(make('a'), 'secret-exists');
    await make('b');
    await expectRefused(make('c'), 'secret-limit');
    expect(await store.listSecrets({ projectId, limit: 9 })).toHaveLength(2);
    await store.change(create({ projectId: freshProject(), name: 'c' }, { limits }));

    await store.change(schedule(a, 7));
    await expectRefused(make('c'), 'secret-limit');
    await store.change(purge(a, secret.id, T0 + 7 * 86_400_000));
    await make('c');
    await expectRefused(make('d'), 'secret-limit');

    await store.change(remove({ projectId, name: 'b' }));
    await make('d');
    await expectRefused(make('e'), 'secret-limit');
  });

  it('holds the quota against many creations at once', async ({ store, projectId }) => {
    const limits = { ...DEFAULT_LIMITS, secrets: 7 };
    const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
    await Promise.allSettled(names.map((name) => store.change(create({ projectId, name }, { limits }))));
    expect(await store.listSecrets({ projectId, limit: 99 })).toHaveLength(7);
  });
}
