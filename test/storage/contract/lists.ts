import { beforeAll, expect } from 'vitest';
import {
  cancel,
  create,
  DAY_MS,
  DRAFT,
  freshProject,
  ROTATED_DRAFT,
  remove,
  schedule,
  T0,
} from '../../support/stores.ts';
import type { ContractTest, HarnessOf } from './given.ts';

/** Names whose order differs between bytes, a dictionary and a locale. */
const NAMES = ['b', 'B', 'a', 'A', 'a.b', 'a-b', 'a_b', 'ab', 'aa', '10', '9', '_', '-', 'Z', 'z', 'zz'];
const IN_BYTE_ORDER = NAMES.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Pages of secrets, and the list of what is due. */
export function listContract(it: ContractTest, harnessOf: HarnessOf): void {
  let projectId: string;
  beforeAll(async () => {
    projectId = freshProject();
    await Promise.all(NAMES.map((name) => harnessOf().store.change(create({ projectId, name }))));
  });

  async function page(limit: number, afterName?: string): Promise<string[]> {
    const query = { projectId, limit, ...(afterName !== undefined && { afterName }) };
    return (await harnessOf().store.listSecrets(query)).map((secret) => secret.name);
  }

  it('lists names in byte order', async () => {
    expect(await page(100)).toStrictEqual(IN_BYTE_ORDER);
  });

  it.each([1, 2, 5, 15, 16, 17])('shows every secret once in pages of %i', async (limit) => {
    const seen: string[] = [];
    for (let pages = 0; pages <= NAMES.length; pages += 1) {
      const names = await page(limit, seen.at(-1));
      expect(names.length).toBeLessThanOrEqual(limit);
      seen.push(...names);
      if (names.length < limit) break;
    }
    expect(seen).toStrictEqual(IN_BYTE_ORDER);
  });

  it('starts after the marker, whether its secret is still there or not', async ({ store }) => {
    const marker = { projectId, name: 'aaa' };
    await store.change(create(marker));
    expect(await page(2, 'aa')).toStrictEqual(['aaa', 'ab']);
    expect(await page(2, 'aaa')).toStrictEqual(['ab', 'b']);
    await store.change(remove(marker));
    expect(await page(2, 'aaa')).toStrictEqual(['ab', 'b']);
    expect(await page(2, 'zz')).toStrictEqual([]);
  });

  it('lists a secret that waits for deletion, with its state', async ({ store, ref }) => {
    await store.change(create(ref));
    await store.change(schedule(ref, 7));
    const [secret] = await store.listSecrets({ projectId: ref.projectId, limit: 9 });
    expect(secret?.state).toBe('PENDING_DELETE');
  });

  it('lists nothing of a project without secrets or of an event without subscribers', async ({ store }) => {
    expect(await store.listSecrets({ projectId: freshProject(), limit: 9 })).toStrictEqual([]);
    expect(await store.listSecrets({ projectId, limit: 9, eventName: 'rotated' })).toStrictEqual([]);
  });

  it('lists secrets with a rotation configuration alone, page by page', async ({ store }) => {
    const rotated = { projectId: freshProject(), rotatedOnly: true };
    for (const [index, name] of ['d', 'c', 'b', 'a'].entries()) {
      const draft = index % 2 === 0 ? DRAFT : ROTATED_DRAFT;
      await store.change(create({ projectId: rotated.projectId, name }, { draft }));
    }
    const namesOf = async (limit: number, afterName = '') =>
      (await store.listSecrets({ ...rotated, limit, afterName })).map((secret) => secret.name);
    expect(await namesOf(9)).toStrictEqual(['a', 'c']);
    expect(await namesOf(1)).toStrictEqual(['a']);
    expect(await namesOf(1, 'a')).toStrictEqual(['c']);
    expect(
      await store.listSecrets({ projectId: rotated.projectId, limit: 9, rotatedOnly: false }),
    ).toHaveLength(4);
  });

  it('lists due secrets of all projects, earliest first, up to the limit', async ({ store, projectId }) => {
    // Earlier than anything that the other tests schedule.
    const windowDays = [9, 7, 12, 8];
    const [start, last] = [1_000, 1_000 + 12 * DAY_MS];
    // Names in another order than the times.
    const refs = ['b', 'd', 'a', 'c'].map((name) => ({ projectId, name }));
    for (const [index, ref] of refs.entries()) {
      await store.change(create(ref));
      await store.change(schedule(ref, windowDays[index]!, start));
    }
    const due = async (nowMs: number, limit: number) =>
      (await store.listDueSecrets(nowMs, limit)).map((found) => found.ref);
    const byTime = [refs[1], refs[3], refs[0], refs[2]];
    expect(await due(last, 100)).toStrictEqual(byTime);
    expect(await due(last - 1, 100)).toStrictEqual(byTime.slice(0, 3));
    expect(await due(last, 2)).toStrictEqual(byTime.slice(0, 2));
    expect(await due(start, 100)).toStrictEqual([]);

    await store.change(cancel(refs[1]!));
    expect(await due(last, 1)).toStrictEqual([refs[3]]);
    const [first] = await store.listDueSecrets(last, 1);
    expect(first?.id).toBe((await store.findSecret(refs[3]!))?.id);
    for (const ref of refs) await store.change(remove(ref));
  });

  it('lists nothing as due that was never scheduled', async ({ store, ref }) => {
    await store.change(create(ref, { nowMs: T0 - 999 * DAY_MS }));
    const due = await store.listDueSecrets(Number.MAX_SAFE_INTEGER, 1_000);
    expect(due.map((found) => found.ref)).not.toContainEqual(ref);
  });
}
