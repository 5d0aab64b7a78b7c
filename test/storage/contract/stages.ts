import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import {
  addVersion,
  create,
  expectRefused,
  freshRef,
  type HarnessOf,
  putStage,
  removeStage,
  schedule,
  T0,
} from '../../support/stores.ts';

/** Stages: each marks one version, and there is room for 12. */
export function stageContract(harnessOf: HarnessOf): void {
  async function twoVersions() {
    const { store } = harnessOf();
    const ref = freshRef();
    const { id } = (await store.change(create(ref))).secret!;
    await store.change(addVersion(ref, id));
    return { store, ref, id };
  }

  it('puts a stage on a version and moves it to another one', async () => {
    const { store, ref } = await twoVersions();
    const put = await store.change({ ...putStage(ref, 'blue', 1), nowMs: T0 + 1 });
    expect(put.stage).toStrictEqual({ name: 'blue', versionNumber: 1, updateTimeMs: T0 + 1, slot: 2 });
    expect((await store.findValue(ref, 1))?.stages).toStrictEqual(['SYSPREVIOUS', 'blue']);
    const moved = await store.change({ ...putStage(ref, 'blue', 2), nowMs: T0 + 2 });
    expect((await store.findVersions(ref))?.stages.at(-1)).toStrictEqual(moved.stage);
    expect((await store.findValue(ref, 1))?.stages).toStrictEqual(['SYSPREVIOUS']);
    expect((await store.findValue(ref, 2))?.stages).toStrictEqual(['SYSCURRENT', 'blue']);
  });

  it('writes a stage anew that is put where it is', async () => {
    const { store, ref } = await twoVersions();
    await store.change(putStage(ref, 'blue', 1));
    const again = await store.change({ ...putStage(ref, 'blue', 1), nowMs: T0 + 50 });
    expect((await store.findVersions(ref))?.stages.at(-1)).toStrictEqual(again.stage);
    expect((await store.findSecret(ref))?.revision).toBe(4);
  });

  it('moves latest with SYSCURRENT', async () => {
    const { store, ref } = await twoVersions();
    await store.change(putStage(ref, 'SYSCURRENT', 1));
    expect((await store.findValue(ref, 'latest'))?.version.number).toBe(1);
    expect((await store.findValue(ref, 2))?.stages).toStrictEqual([]);
  });

  it('takes a stage away and leaves its version', async () => {
    const { store, ref } = await twoVersions();
    await store.change(putStage(ref, 'blue', 2));
    await store.change(removeStage(ref, 'blue'));
    expect((await store.findValue(ref, 2))?.stages).toStrictEqual(['SYSCURRENT']);
    await expectRefused(store.change(removeStage(ref, 'blue')), 'stage-not-found');
    await expectRefused(store.change(removeStage(ref, 'SYSPREVIOUS')), 'stage-built-in');
  });

  it('refuses a stage on a version that is not there', async () => {
    const { store, ref } = await twoVersions();
    await expectRefused(store.change(putStage(ref, 'blue', 3)), 'version-not-found');
    await expectRefused(store.change(putStage(ref, 'SYSCURRENT', 0)), 'version-not-found');
    expect((await store.findVersions(ref))?.stages.map((stage) => stage.name)).toStrictEqual([
      'SYSCURRENT',
      'SYSPREVIOUS',
    ]);
  });

  it('takes the 12th stage, refuses the 13th, and gives the slot of a removed one away again', async () => {
    const { store, ref } = await twoVersions();
    for (let index = 0; index < 10; index += 1) await store.change(putStage(ref, `own-${index}`, 1));
    await expectRefused(store.change(putStage(ref, 'one-more', 1)), 'stage-limit');
    await store.change(removeStage(ref, 'own-4'));
    await store.change(putStage(ref, 'one-more', 2));
    const stages = (await store.findVersions(ref))!.stages;
    expect(stages.map((stage) => stage.slot)).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(stages[6]).toMatchObject({ name: 'one-more', versionNumber: 2 });
  });

  it('takes no more own stages on a new version than fit', async () => {
    const { store, ref, id } = await twoVersions();
    const names = (count: number) => Array.from({ length: count }, (_, index) => `own-${index}`);
    const limits = { ...DEFAULT_LIMITS, stages: 5 };
    await expectRefused(store.change(addVersion(ref, id, { stages: names(4), limits })), 'stage-limit');
    expect((await store.findVersions(ref))?.versions).toHaveLength(2);
    await store.change(addVersion(ref, id, { stages: names(3), limits }));
    expect((await store.findValue(ref, 3))?.stages).toStrictEqual(names(3));
  });

  it('leaves the stages of a secret alone that waits for deletion', async () => {
    const { store, ref } = await twoVersions();
    await store.change(putStage(ref, 'blue', 1));
    await store.change(schedule(ref, 7));
    const before = await store.findVersions(ref);
    await expectRefused(store.change(putStage(ref, 'blue', 2)), 'secret-pending-deletion');
    await expectRefused(store.change(removeStage(ref, 'blue')), 'secret-pending-deletion');
    expect(await store.findVersions(ref)).toStrictEqual(before);
  });
}
