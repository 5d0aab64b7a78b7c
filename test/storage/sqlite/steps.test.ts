import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/app/ports.ts';
import { create, freshProject, putTags, remove } from '../../support/stores.ts';
import { makeDirectory, type OpenSqlite, openSqlite, removeDirectory } from './harness.ts';

const SECRETS = 600;
const name = (index: number) => `s${String(index).padStart(3, '0')}`;
const directory = makeDirectory();
let open: OpenSqlite;
let projectId: string;
let ids: string[];

beforeAll(async () => {
  open = await openSqlite(directory);
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
async function inSteps<T>(
  read: (store: Store, pause: () => Promise<void>) => T | Promise<T>,
  between: () => Promise<unknown> = async () => undefined,
) {
  let pauses = 0;
  const answer = await read(open.store, async () => {
    pauses += 1;
    if (pauses === 4) await between();
  });
  return { answer, pauses };
}

describe('a long read', () => {
  it('of tags finds in steps what it finds at one go, a bounded number of secrets at a time', async () => {
    const { answer, pauses } = await inSteps((store, pause) => store.listTags(projectId, pause));
    expect(answer).toStrictEqual(await open.store.listTags(projectId));
    expect(answer).toHaveLength(SECRETS + 2);
    expect(pauses).toBeGreaterThan(SECRETS / 32);
  });

  it('of tags that many secrets share jumps over them', async () => {
    const other = freshProject();
    for (let index = 0; index < 100; index += 1) {
      const ref = { projectId: other, name: name(index) };
      const { id } = (await open.store.change(create(ref))).secret!;
      await open.store.change(putTags(ref, id, [{ key: 'env', value: 'prod' }]));
    }
    const { answer, pauses } = await inSteps((store, pause) => store.listTags(other, pause));
    expect(answer).toStrictEqual([{ key: 'env', value: 'prod' }]);
    expect(pauses).toBeLessThan(5);
  });

  it('of tags goes on when a secret that it has seen is changed or removed meanwhile', async () => {
    const changed = { projectId, name: name(599) };
    const { answer } = await inSteps(
      (store, pause) => store.listTags(projectId, pause),
      async () => {
        await open.store.change(putTags(changed, ids[599]!, [{ key: 'shared', value: 'late' }]));
        await open.store.change(remove({ projectId, name: name(598) }));
      },
    );
    expect(answer).toContainEqual({ key: 'shared', value: 'late' });
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
  ])('that searches %s finds in steps what it finds at one go', async (_, query) => {
    const { answer, pauses } = await inSteps((store, pause) => store.searchSecrets(query, pause));
    const names = answer.secrets.map(({ secret }) => secret.name);
    expect(answer).toStrictEqual(await open.store.searchSecrets(query));
    expect(answer.total).toBe(names.length);
    expect(names).toStrictEqual(names.toSorted());
    expect(pauses).toBeGreaterThan(names.length / 32);
  });

  it('that searches shows no secret that has stopped to fit', async () => {
    const ref = { projectId, name: name(597) };
    const query = search([{ key: 'shared', values: ['yes'] }]);
    const { answer } = await inSteps(
      (store, pause) => store.searchSecrets(query, pause),
      () => open.store.change(putTags(ref, ids[597]!, [{ key: 'shared', value: 'no' }])),
    );
    expect(answer.secrets.map(({ secret }) => secret.name)).not.toContain(ref.name);
  });
});
