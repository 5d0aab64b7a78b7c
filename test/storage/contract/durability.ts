import { expect } from 'vitest';
import {
  addVersion,
  cancel,
  codeOf,
  create,
  expectRefused,
  freshRef,
  newVersion,
  putStage,
  ROTATED_DRAFT,
  readProject,
  type StoreEngine,
  schedule,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Durability: what was answered is there after a good end and after a bad one. */
export function durabilityContract(it: ContractTest, engine: StoreEngine): void {
  it('sees everything again after it was closed and opened', async ({ harness, ref }) => {
    const { id } = (await harness.store.change(create(ref, { draft: ROTATED_DRAFT }))).secret!;
    await harness.store.change(
      addVersion(ref, id, { version: newVersion({ kind: 'binary', expireTimeMs: 7 }) }),
    );
    await harness.store.change(putStage(ref, 'blue', 1));
    await harness.store.change(schedule(ref, 9));
    const before = await readProject(harness.store, ref.projectId);
    const counts = await harness.countRows();
    await harness.reopen();
    expect(await readProject(harness.store, ref.projectId)).toStrictEqual(before);
    expect(await harness.countRows()).toStrictEqual(counts);
    await harness.store.change(cancel(ref));
    await harness.store.change(addVersion(ref, id));
    expect((await harness.store.findValue(ref, 'latest'))?.version.number).toBe(3);
  });

  it('keeps every acknowledged change when it is killed in the middle of others', async ({
    harness,
    store,
    projectId,
  }) => {
    const acknowledged: string[] = [];
    const pending = Array.from({ length: 400 }, async (_, index) => {
      const secret = (await harness.store.change(create({ projectId, name: `s${index}` }))).secret!;
      acknowledged.push(secret.name);
    });
    await Promise.race(pending);
    await harness.kill();
    const outcomes = await Promise.allSettled(pending);
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [codeOf(outcome.reason)] : [],
    );
    expect(lost.filter((code) => code !== 'outcome-unknown')).toStrictEqual([]);
    await expectRefused(store.change(create(freshRef())), 'unavailable');
    const names = (await harness.store.listSecrets({ projectId, limit: 1_000 })).map((secret) => secret.name);
    expect(names).toEqual(expect.arrayContaining(acknowledged));
    for (const name of names)
      expect(await harness.store.findValue({ projectId, name }, 'latest')).toBeDefined();
  });

  it('finishes what it accepted before it closes, and refuses what comes later', async ({ ref }) => {
    const harness = await engine.open();
    const { id } = (await harness.store.change(create(ref))).secret!;
    const accepted = Array.from({ length: 100 }, () => harness.store.change(addVersion(ref, id)));
    const { store } = harness;
    const closing = store.close();
    await expectRefused(store.change(addVersion(ref, id)), 'unavailable');
    expect((await Promise.all(accepted)).at(-1)?.version?.version.number).toBe(101);
    await closing;
    await expectRefused(store.change(addVersion(ref, id)), 'unavailable');
    expect(harness.fatal).toStrictEqual([]);
    await harness.reopen();
    expect((await harness.store.findValue(ref, 'latest'))?.version.number).toBe(101);
    await harness.destroy();
  });

  it('is writable while nothing is wrong, and not after it was killed', async ({ harness, store }) => {
    expect(store.storageStatus().refusal).toBeUndefined();
    await harness.kill();
    expect(store.storageStatus().refusal).toBe('ended');
    expect(harness.store.storageStatus().refusal).toBeUndefined();
  });
}
