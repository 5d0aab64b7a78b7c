import { expect } from 'vitest';
import type { SecretSearch } from '../../../src/app/ports/deps.ts';
import type { SecretRef, Tag } from '../../../src/core/secrets/secrets.ts';
import type { TestStore } from '../../support/acting.ts';
import { create, freshProject, freshRef, purge, putTags, remove, schedule } from '../../support/stores.ts';
import { searched, tagsOfProject } from '../../support/walks.ts';
import type { ContractTest } from './given.ts';

const tagsOf = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

/** What the secrets of the search have, by name. */
const TAGGED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  b: { env: 'prod', team: 'a' },
  a: { env: 'prod', team: 'b' },
  C: { env: 'test', team: 'a' },
  'db.prod': { env: 'prod' },
  'db_test-1': { env: '', 'Env ä': 'x=y/z' },
  plain: {},
};

/** Tags: a part of their secret, and searched across a project. */
export function tagContract(it: ContractTest): void {
  async function createTagged(store: TestStore, ref: SecretRef, tags: Readonly<Record<string, string>>) {
    const { id } = (await store.change(create(ref))).secret!;
    await store.change(putTags(ref, id, tagsOf(tags)));
    return id;
  }

  it('finds tags as they were put, by name and by id of their secret', async ({ store, ref }) => {
    const id = await createTagged(store, ref, { team: 'a', '\u{20000}': 'x', '\ufe70': '', A: 'ä /' });
    const aggregate = await store.findVersions(ref);
    expect(aggregate?.tags).toStrictEqual(tagsOf({ A: 'ä /', team: 'a', '\ufe70': '', '\u{20000}': 'x' }));
    expect(aggregate?.secret.revision).toBe(2);
    expect(await store.findSecretById(ref.projectId, id)).toStrictEqual(aggregate);
  });

  it('finds no secret by an id of another project, or of none', async ({ store, ref, secret: { id } }) => {
    expect(await store.findSecretById(freshProject(), id)).toBeUndefined();
    expect(await store.findSecretById(ref.projectId, 'nothing')).toBeUndefined();
    await store.change(remove(ref));
    expect(await store.findSecretById(ref.projectId, id)).toBeUndefined();
  });

  it('leaves nothing of them when their secret goes, at once or when its time has come', async ({
    harness,
    store,
  }) => {
    const before = await harness.countRows();
    const [now, later] = [freshRef(), freshRef()];
    await createTagged(store, now, { a: '1', b: '2' });
    const id = await createTagged(store, later, { a: '1' });
    await store.change(schedule(later, 7));
    await store.change(purge(later, id, Number.MAX_SAFE_INTEGER));
    await store.change(remove(now));
    expect(await harness.countRows()).toStrictEqual(before);
    for (const { projectId } of [now, later]) expect(await tagsOfProject(store, projectId)).toStrictEqual([]);
  });

  async function fill(store: TestStore, projectId = freshProject()): Promise<string> {
    for (const [name, tags] of Object.entries(TAGGED)) await createTagged(store, { projectId, name }, tags);
    return projectId;
  }

  it('lists every pair of a project once, by key and value', async ({ store }) => {
    const [projectId] = [await fill(store), await fill(store)];
    expect((await tagsOfProject(store, projectId)).map(({ key, value }) => `${key}:${value}`)).toStrictEqual([
      'Env ä:x=y/z',
      'env:',
      'env:prod',
      'env:test',
      'team:a',
      'team:b',
    ]);
    expect(await tagsOfProject(store, freshProject())).toStrictEqual([]);
  });

  const condition = (key: string, ...values: string[]) => ({ key, values });
  it.for<[what: string, search: Partial<SecretSearch>, names: string[]]>([
    ['without conditions', {}, ['C', 'a', 'b', 'db.prod', 'db_test-1', 'plain']],
    ['by a key', { tags: [condition('env')] }, ['C', 'a', 'b', 'db.prod', 'db_test-1']],
    ['by a value', { tags: [condition('env', 'prod')] }, ['a', 'b', 'db.prod']],
    ['by the empty value', { tags: [condition('env', '')] }, ['db_test-1']],
    ['by one of two values', { tags: [condition('env', 'test', '')] }, ['C', 'db_test-1']],
    ['by two keys', { tags: [condition('env', 'prod'), condition('team')] }, ['a', 'b']],
    ['by two keys, the other way', { tags: [condition('team'), condition('env', 'prod')] }, ['a', 'b']],
    [
      'by three conditions',
      { tags: [condition('team', 'a', 'b'), condition('env', 'prod', 'test'), condition('team', 'a')] },
      ['C', 'b'],
    ],
    [
      'by conditions that exclude each other',
      { tags: [condition('env', 'prod'), condition('env', 'test')] },
      [],
    ],
    ['by a value of another key', { tags: [condition('team', 'prod')] }, []],
    ['by a key in another case', { tags: [condition('ENV')] }, []],
    ['by a key with blanks and letters', { tags: [condition('Env ä', 'x=y/z')] }, ['db_test-1']],
    ['by what SQL and JSON would read otherwise', { tags: [condition(`e"v'%`, `'"%_\\`)] }, []],
    ['by a part of the name', { nameParts: ['db'] }, ['db.prod', 'db_test-1']],
    ['by parts of the name', { nameParts: ['db', 'prod'] }, ['db.prod']],
    ['by a part that a pattern would find', { nameParts: ['b_p'] }, []],
    ['by any character of a pattern', { nameParts: ['%'] }, []],
    ['by a part in another case', { nameParts: ['DB'] }, []],
    ['by tag and name', { tags: [condition('env', 'prod')], nameParts: ['d'] }, ['db.prod']],
    ['by ten keys', { tags: Array.from({ length: 10 }, () => condition('team', 'a')) }, ['C', 'b']],
  ])('finds secrets %s', async ([, search, names], { store }) => {
    const projectId = await fill(store);
    const query = { projectId, tags: [], nameParts: [], limit: 100, offset: 0, ...search };
    const { total, secrets } = await searched(store, query);
    expect(secrets.map(({ secret }) => secret.name)).toStrictEqual(names);
    expect(total).toBe(names.length);
    for (const { secret, tags } of secrets) {
      const aggregate = await store.findSecretById(projectId, secret.id);
      expect({ secret, tags }).toStrictEqual({ secret: aggregate?.secret, tags: aggregate?.tags });
    }
    expect(await searched(store, { ...query, limit: 0 })).toStrictEqual({
      total,
      secrets: [],
    });
  });

  it('finds pages, and counts what is on all of them', async ({ store }) => {
    const projectId = await fill(store);
    const page = async (limit: number, offset: number) => {
      const tags = [condition('env')];
      const found = await searched(store, { projectId, tags, nameParts: [], limit, offset });
      expect(found.total).toBe(5);
      return found.secrets.map(({ secret }) => secret.name);
    };
    expect(await page(2, 0)).toStrictEqual(['C', 'a']);
    expect(await page(2, 2)).toStrictEqual(['b', 'db.prod']);
    expect(await page(2, 4)).toStrictEqual(['db_test-1']);
    expect(await page(2, 5)).toStrictEqual([]);
    expect(await page(2, 2_147_483_647)).toStrictEqual([]);
  });
}
