import { expect } from 'vitest';
import { freshProject, setStrengthCheck, T0 } from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** The choice of a project whether its values are checked. */
export function checkerContract(it: ContractTest): void {
  it('is absent until it is made, then read as it was made, also after a reopening', async ({
    harness,
    projectId,
  }) => {
    expect(await harness.store.findChecker(projectId)).toBeUndefined();
    const made = await harness.store.change(setStrengthCheck(projectId, true, T0 + 1));
    expect(made).toStrictEqual({ projectId, checksStrength: true, updateTimeMs: T0 + 1, revision: 1 });
    expect(await harness.store.findChecker(projectId)).toStrictEqual(made);
    await harness.reopen();
    expect(await harness.store.findChecker(projectId)).toStrictEqual(made);
  });

  it('changes, and counts the changes, not the repetitions', async ({ store, projectId }) => {
    for (const on of [true, false, false, true]) await store.change(setStrengthCheck(projectId, on));
    expect(await store.findChecker(projectId)).toMatchObject({ checksStrength: true, revision: 3 });
    await store.change(setStrengthCheck(projectId, false, T0 + 9));
    expect(await store.findChecker(projectId)).toStrictEqual({
      projectId,
      checksStrength: false,
      updateTimeMs: T0 + 9,
      revision: 4,
    });
  });

  it('is a choice of each project', async ({ store }) => {
    const [one, other] = [freshProject(), freshProject()];
    await store.change(setStrengthCheck(one, true));
    await store.change(setStrengthCheck(other, false));
    expect((await store.findChecker(one))?.checksStrength).toBe(true);
    expect((await store.findChecker(other))?.checksStrength).toBe(false);
  });
}
