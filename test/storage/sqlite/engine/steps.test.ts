import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Walk } from '../../../../src/app/ports/deps.ts';
import { create, freshProject, putTags, remove } from '../../../support/stores.ts';
import { walked } from '../../../support/walks.ts';
import { makeDirectory, type OpenStore, openDirect, removeDirectory } from '../harness.ts';

const SECRETS = 600;
const name = (index: number) => `s${String(index).padStart(3, '0')}`;
const directory = makeDirectory();
let open: OpenStore;
let projectId: string;
let ids: string[];

beforeAll(async () => {
  open = openDirect(directory);
  projectId = freshProject();
  ids = await Promise.all(
    Array.from({ length: SECRETS }, async (_, index) => {
      const ref = { projectId, name: name(index) };
      const { id } = (await open.store.change(create(ref))).secret!;
      const tags = [
        { key: 'own', value: `v${index}` },
        { key: 'shared', value: index % 3 === 0 ? 'yes' : 'no' },
      ];
      await open.store.change(putTags(ref, id, tags));
      return id;
    }),
  );
});
afterAll(async () => {
  await open.store.close();
  removeDirectory(directory);
});

/** Runs a read in steps; `between` is done once, when the read is under way. Answers how often it paused, too. */
async function inSteps<T, R>(walk: Walk<T, R>, between: () => Promise<unknown> = async () => undefined) {
  let pauses = 0;
  const answer = await walked(walk, async () => {
    pauses += 1;
    if (pauses === 4) await between();
  });
  return { ...answer, pauses };
}

describe('a long read', () => {
  it('of tags finds all of them, a bounded number of secrets at a time', async () => {
    const { entries, pauses } = await inSteps(open.store.listTags(projectId));
    expect(entries).toHaveLength(SECRETS + 2);
    expect(pauses).toBeGreaterThan(SECRETS / 32);
  });

  it('of tags that many secrets share jumps over them', async () => {
    const other = freshProject();
    for (let index = 0; index < 100; index += 1) {
      const ref = { projectId: other, name: name(index) };
      const { id } = (await open.store.change(create(ref))).secret!;
      await open.store.change(putTags(ref, id, [{ key: 'env', value: 'prod' }]));
    }
    const { entries, pauses } = await inSteps(open.store.listTags(other));
    expect(entries).toStrictEqual([{ key: 'env', value: 'prod' }]);
    expect(pauses).toBeLessThan(5);
  });

  it('of tags continues when a secret that it has seen is changed or removed meanwhile', async () => {
    const changed = { projectId, name: name(599) };
    const { entries } = await inSteps(open.store.listTags(projectId), async () => {
      await open.store.change(putTags(changed, ids[599]!, [{ key: 'shared', value: 'late' }]));
      await open.store.change(remove({ projectId, name: name(598) }));
    });
    expect(entries).toContainEqual({ key: 'shared', value: 'late' });
  });

  const search = (tags: { key: string; values: string[] }[], nameParts: string[] = []) => ({
    projectId,
    tags,
    nameParts,
    limit: 1_000,
    offset: 0,
  });

  it.each([
    ['by a key that all have', search([{ key: 'own', values: [] }])],
    [
      'by two keys',
      search([
        { key: 'own', values: [] },
        { key: 'shared', values: ['yes'] },
      ]),
    ],
    ['by a part of the name', search([], ['s1'])],
    ['without conditions', search([])],
  ])('that searches %s finds all of them, some at a time', async (_, query) => {
    const { entries, end, pauses } = await inSteps(open.store.searchSecrets({ ...query, projectId }));
    const names = entries.map(({ secret }) => secret.name);
    expect(names.length).toBeGreaterThanOrEqual(100);
    expect(end).toBe(names.length);
    expect(names).toStrictEqual(names.toSorted());
    expect(pauses).toBeGreaterThan(names.length / 32);
  });

  it('that searches shows no secret that has stopped to fit', async () => {
    const ref = { projectId, name: name(597) };
    const query = search([{ key: 'shared', values: ['yes'] }]);
    const { entries } = await inSteps(open.store.searchSecrets(query), () =>
      open.store.change(putTags(ref, ids[597]!, [{ key: 'shared', value: 'no' }])),
    );
    expect(entries.map(({ secret }) => secret.name)).not.toContain(ref.name);
  });
});
