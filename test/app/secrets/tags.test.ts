import { describe, expect, it } from 'vitest';
import { loadById } from '../../../src/app/secrets/secrets.ts';
import {
  listProjectTags,
  listTags,
  putTags,
  removeTags,
  searchSecrets,
} from '../../../src/app/secrets/tags.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { outcomeOf, REF } from '../../support/builders.ts';
import { walked } from '../../support/walks.ts';
import { aWorld, createPlain, type World } from '../../support/world.ts';

const TAG = { key: 'team', value: 'payments' };

async function create(world: World) {
  const { id } = await createPlain(world.deps);
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
  it('are read some at a time, as someone takes them', async () => {
    const { deps } = aWorld();
    let steps = 0;
    const store = {
      ...deps.store,
      listTags: () => ({
        next() {
          steps += 1;
          const tags = Array.from({ length: 20 }, (_, at) => ({ key: `${steps}`, value: `${at}` }));
          return steps > 10 ? { done: true, value: undefined } : { done: false, value: tags };
        },
      }),
    } satisfies typeof deps.store;
    const slices = listProjectTags({ ...deps, store }, REF.projectId);
    expect((await slices.next()).value).toHaveLength(40);
    expect(steps).toBe(2);
    // Others of the project continue while someone takes what there is.
    expect(await deps.turns.alone(REF.projectId, async () => 'free')).toBe('free');
    const rest = await walked(slices);
    expect(rest.entries).toHaveLength(160);
    expect(rest.entries.at(-1)).toEqual({ key: '10', value: '19' });
  });
});

describe('a search', () => {
  it('finds nothing for an empty part of a name, and all without conditions', async () => {
    const world = aWorld();
    await create(world);
    const query = { projectId: REF.projectId, tags: [], limit: 10, offset: 0 };
    const found = async (nameParts: string[]) => walked(searchSecrets(world.deps, { ...query, nameParts }));
    expect(await found(['db', ''])).toEqual({ entries: [], end: 0 });
    expect(await found([])).toMatchObject({ entries: [{ secret: { name: REF.name } }], end: 1 });
  });
});
