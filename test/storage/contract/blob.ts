import { expect } from 'vitest';
import type { SecretAggregate, SecretRef } from '../../../src/core/secrets/secrets.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  addVersion,
  create,
  ensureKey,
  expectRefused,
  expire,
  newVersion,
  putStage,
  putTags,
  ROTATED_DRAFT,
  remove,
  restore,
  schedule,
  sealedValue,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Everything about a secret at once, and its way back. */
export function blobContract(it: ContractTest): void {
  /** A secret with three versions, of which the second expires, with a stage of its own and a tag. */
  async function fill(store: TestStore, ref: SecretRef): Promise<SecretAggregate> {
    const { id } = (await store.change(create(ref, { draft: ROTATED_DRAFT }))).secret!;
    await store.change(addVersion(ref, id, { version: newVersion({ kind: 'binary' }) }));
    await store.change(addVersion(ref, id));
    await store.change(expire(ref, 2, T0 + 77));
    await store.change(putStage(ref, 'blue', 1));
    await store.change(putTags(ref, id, [{ key: 'team', value: 'a' }]));
    return (await store.findVersions(ref))!;
  }

  it('shows all values with their keys, in the order of the versions', async ({ store, ref }) => {
    await store.change(ensureKey({ projectId: ref.projectId, id: 'key-1' }));
    const aggregate = await fill(store, ref);
    const contents = (await store.findContents(ref))!;
    expect(contents.aggregate).toStrictEqual(aggregate);
    const single = [1, 2, 3].map((number) => store.findValue(ref, number));
    expect(contents.values).toStrictEqual(await Promise.all(single));
    expect(contents.values.map(({ key }) => key?.id)).toEqual(['key-1', 'key-1', 'key-1']);
  });

  it('shows nothing of a secret that is not there, and no key where there is none', async ({
    store,
    ref,
  }) => {
    expect(await store.findContents(ref)).toBeUndefined();
    await store.change(create(ref));
    expect((await store.findContents(ref))!.values[0]!.key).toBeUndefined();
  });

  it('restores a secret with id, numbers, stages and times, and with the new values', async ({
    harness,
    ref,
  }) => {
    const before = await fill(harness.store, ref);
    const rows = await harness.countRows();
    await harness.store.change(remove(ref));
    const command = restore(before);
    const { secret } = await harness.store.change(command);
    expect(await harness.countRows()).toStrictEqual(rows);

    const check = async () => {
      const { aggregate, values } = (await harness.store.findContents(ref))!;
      expect(aggregate.secret).toEqual({
        ...before.secret,
        kmsKeyId: 'key-1',
        revision: command.firstRevision,
      });
      expect(secret).toEqual(aggregate.secret);
      const uids = command.versions.map(({ uid }) => uid);
      expect(aggregate.versions).toEqual(
        before.versions.map((version, at) => ({ ...version, uid: uids[at] })),
      );
      expect(aggregate.stages).toEqual(before.stages);
      const bodies = values.map(({ sealed }) => Buffer.from(sealed.body));
      expect(bodies).toEqual(command.versions.map(({ sealed }) => Buffer.from(sealed.body)));
    };
    await check();
    await harness.reopen();
    await check();
  });

  it('keeps what was remembered of a former secret out of a restored one', async ({ store, ref }) => {
    const before = await fill(store, ref);
    // Chance does not do this to a server: the restored secret begins with the revision that the former one had.
    await store.change(putStage(ref, 'green', 2));
    const { revision } = (await store.findSecret(ref))!;
    const remembered = await store.findValue(ref, 'latest');
    await store.change(remove(ref));
    const command = restore(before, { firstRevision: revision });
    await store.change(command);
    const restored = (await store.findValue(ref, 'latest'))!;
    expect(restored.secret).toMatchObject({ id: before.secret.id, revision });
    expect(restored.version.uid).toBe(command.versions[2]!.uid);
    expect(restored.version.uid).not.toBe(remembered!.version.uid);
    expect(Buffer.compare(restored.sealed.body, command.versions[2]!.sealed.body)).toBe(0);
  });

  it('counts a restored secret', async ({ store, ref }) => {
    const before = await fill(store, ref);
    await store.change(remove(ref));
    const limits = { ...create(ref).limits, secrets: 1 };
    await store.change(restore(before, { limits }));
    await expectRefused(store.change(create({ ...ref, name: 'another' }, { limits })), 'secret-limit');
    await store.change(remove(ref));
    await store.change(create({ ...ref, name: 'another' }, { limits }));
    await expectRefused(store.change(restore(before, { limits })), 'secret-limit');
  });

  it('refuses a restore over a secret, also one that waits for deletion, and changes nothing', async ({
    store,
    ref,
  }) => {
    const before = await fill(store, ref);
    await expectRefused(store.change(restore(before)), 'secret-exists');
    expect(await store.findVersions(ref)).toStrictEqual(before);
    await store.change(schedule(ref, 7));
    await expectRefused(store.change(restore(before)), 'secret-exists');
  });

  it('carries out one of many restores of the same backup at the same moment', async ({ store, ref }) => {
    const before = await fill(store, ref);
    await store.change(remove(ref));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => store.change(restore(before))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await store.findContents(ref))!.values).toHaveLength(3);
  });

  it('continues after the restore like any other secret', async ({ store, ref }) => {
    const before = await fill(store, ref);
    await store.change(remove(ref));
    // As large as a value of 64 KiB in Base64.
    const sealed = sealedValue(87_500);
    const versions = before.versions.map(() => newVersion({ sealed }));
    await store.change(restore(before, { versions }));
    const { version } = await store.change(addVersion(ref, before.secret.id));
    expect(version?.version.number).toBe(4);
    await store.change(remove(ref));
    expect(await store.findContents(ref)).toBeUndefined();
  });
}
