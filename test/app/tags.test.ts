import { describe, expect, it } from 'vitest';
import { createSecret } from '../../src/app/secrets.ts';
import {
  listProjectTags,
  listTags,
  loadById,
  putTags,
  removeTags,
  searchSecrets,
} from '../../src/app/tags.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { aDraft, aWorld, outcomeOf, REF, type World } from '../support/builders.ts';

const TAG = { key: 'team', value: 'payments' };

async function create(world: World, name = REF.name) {
  const value = { kind: 'string', bytes: Buffer.from('x') } as const;
  const ref = { ...REF, name };
  const { id } = await createSecret(world.deps, { ref, draft: aDraft(), value, kmsKeyId: undefined });
  return { projectId: REF.projectId, secretId: id };
}

describe('tags of a secret', () => {
  it('are put and removed by its id, within the limits of the moment', async () => {
    const world = aWorld({ limits: { ...DEFAULT_LIMITS, tags: 1 } });
    const ref = await create(world);
    await putTags(world.deps, ref, [TAG]);
    expect(await listTags(world.deps, ref)).toEqual([TAG]);
    expect((await loadById(world.deps, ref)).secret.name).toBe(REF.name);
    expect(await outcomeOf(putTags(world.deps, ref, [{ key: 'other', value: '' }]))).toBe('tag-limit');
    expect(await outcomeOf(removeTags(world.deps, ref, { keys: ['x'], absent: 'refuse' }))).toBe(
      'resource-not-found',
    );
    await removeTags(world.deps, ref, { keys: ['team'], absent: 'refuse' });
    expect(await listTags(world.deps, ref)).toEqual([]);
  });

  it('are not there without the secret', async () => {
    const { deps } = aWorld();
    const ref = { projectId: REF.projectId, secretId: 'absent' };
    expect(await outcomeOf(listTags(deps, ref))).toBe('resource-not-found');
    expect(await outcomeOf(putTags(deps, ref, [TAG]))).toBe('resource-not-found');
    expect(await outcomeOf(removeTags(deps, ref, { keys: ['team'], absent: 'ignore' }))).toBe(
      'resource-not-found',
    );
  });

  it('go to nobody else who takes the name between the look-up and the change', async () => {
    const world = aWorld();
    const ref = await create(world);
    const { store } = world.deps;
    const replacing = {
      ...store,
      findSecretById: async (projectId: string, id: string) => {
        const found = await store.findSecretById(projectId, id);
        await store.change({ aggregate: 'secret', kind: 'delete-secret', ref: REF, nowMs: 0 });
        await create(world);
        return found;
      },
    };
    expect(await outcomeOf(putTags({ ...world.deps, store: replacing }, ref, [TAG]))).toBe(
      'resource-not-found',
    );
    expect((await store.findVersions(REF))?.tags).toEqual([]);
  });
});

describe('tags of a project', () => {
  it('are listed by key, each with its values', async () => {
    const { deps } = aWorld();
    const store = {
      ...deps.store,
      listTags: () => [
        { key: 'a', value: '' },
        { key: 'a', value: '1' },
        { key: 'constructor', value: 'x' },
      ],
    };
    expect(await listProjectTags({ ...deps, store }, REF.projectId)).toEqual([
      { key: 'a', values: ['', '1'] },
      { key: 'constructor', values: ['x'] },
    ]);
  });
});

describe('a search', () => {
  it('finds nothing for an empty part of a name, and all without conditions', async () => {
    const world = aWorld();
    await create(world);
    const query = { projectId: REF.projectId, tags: [], limit: 10, offset: 0 };
    expect(await searchSecrets(world.deps, { ...query, nameParts: ['db', ''] })).toEqual({
      total: 0,
      secrets: [],
    });
    expect((await searchSecrets(world.deps, { ...query, nameParts: [] })).total).toBe(1);
  });
});
