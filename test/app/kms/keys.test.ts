import { describe, expect, it } from 'vitest';
import { listAliases } from '../../../src/app/kms/aliases.ts';
import { changeKey, countCustomKeys, createKey, listKeys, sealingKey } from '../../../src/app/kms/keys.ts';
import { listProjectTags } from '../../../src/app/kms/tags.ts';
import { aKey, KEY_ID, outcomeOf, REF } from '../../support/builders.ts';
import { withAliases } from '../../support/keys.ts';
import { aWorld, type World } from '../../support/world.ts';

const { projectId } = REF;

function withKey(world: World, changes: Parameters<typeof aKey>[0] = {}): World {
  const key = aKey(changes);
  world.keys.set(`${key.projectId}/${key.id}`, key);
  return world;
}

describe('the default key', () => {
  it('is created on first use, and is the same one from then on', async () => {
    const world = aWorld();
    const first = await sealingKey(world.deps, projectId, undefined);
    expect(first).toMatchObject({ projectId, alias: 'csms/default', isDefault: true, state: 'ENABLED' });
    expect(first.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await sealingKey(world.deps, projectId, undefined)).toStrictEqual(first);
    expect(world.keys.size).toBe(1);
  });

  it('needs no new material once it is there', async () => {
    const world = withKey(aWorld());
    const createKeyMaterial = () => {
      throw new Error('material was made');
    };
    const deps = { ...world.deps, keyring: { ...world.deps.keyring, createKeyMaterial } };
    expect((await sealingKey(deps, projectId, undefined)).id).toBe(KEY_ID);
  });

  it('is one, though two callers need it at the same moment', async () => {
    const world = aWorld();
    // Neither sees the other's key before it makes its own.
    const deps = { ...world.deps, store: { ...world.deps.store, findKeyByAlias: () => undefined } };
    const [one, other] = await Promise.all([1, 2].map(() => sealingKey(deps, projectId, undefined)));
    expect(one).toStrictEqual(other);
    expect(world.keys.size).toBe(1);
  });

  it('is another one in another project', async () => {
    const { deps } = aWorld();
    const one = await sealingKey(deps, projectId, undefined);
    const other = await sealingKey(deps, 'b'.repeat(32), undefined);
    expect(other.id).not.toBe(one.id);
    expect(other.projectId).toBe('b'.repeat(32));
  });
});

describe('a named key', () => {
  it('that exists is taken', async () => {
    const world = withKey(aWorld());
    expect((await sealingKey(world.deps, projectId, KEY_ID)).id).toBe(KEY_ID);
  });

  it.each(['DISABLED', 'PENDING_DELETE'] as const)(
    'that is %s is refused, the default one too',
    async (state) => {
      const { deps } = withKey(aWorld({ unknownKey: 'create' }), { state });
      expect(await outcomeOf(sealingKey(deps, projectId, KEY_ID))).toBe('key-unusable');
      expect(await outcomeOf(sealingKey(deps, projectId, undefined))).toBe('key-unusable');
    },
  );

  it('that nobody has made is refused, and nothing is made', async () => {
    const world = aWorld({ unknownKey: 'refuse' });
    expect(await outcomeOf(sealingKey(world.deps, projectId, KEY_ID))).toBe('key-unusable');
    expect(world.keys.size).toBe(0);
  });

  it('that nobody has made is created under that id in dev, with a warning', async () => {
    const world = aWorld({ unknownKey: 'create' });
    expect(await sealingKey(world.deps, projectId, KEY_ID)).toMatchObject({
      id: KEY_ID,
      projectId,
      isDefault: false,
    });
    expect(world.logged).toEqual(['created a key that no one had made, because dev allows it']);
    await sealingKey(world.deps, projectId, KEY_ID);
    expect(world.logged).toHaveLength(1);
  });

  it('of another project is not seen', async () => {
    const { deps } = withKey(aWorld(), { projectId: 'b'.repeat(32) });
    expect(await outcomeOf(sealingKey(deps, projectId, KEY_ID))).toBe('key-unusable');
  });
});

describe('a key that is made again under the id of a destroyed one', () => {
  it('repeats none of its revisions', async () => {
    const world = aWorld({ unknownKey: 'create' });
    const first = await sealingKey(world.deps, projectId, KEY_ID);
    world.keys.clear();
    const second = await sealingKey(world.deps, projectId, KEY_ID);
    expect(second.id).toBe(first.id);
    expect(second.revision).not.toBe(first.revision);
  });

  it('counts from a random number of 48 bits', async () => {
    const world = aWorld();
    const uids = ['0'.repeat(20) + 'f'.repeat(12), `${'f'.repeat(20) + '0'.repeat(11)}1`];
    const ids = { ...world.deps.ids, uid: () => uids.shift() ?? '' };
    const made = async (alias: string) => {
      const draft = { description: '', enterpriseProjectId: '0' };
      return (await createKey({ ...world.deps, ids }, { projectId, alias, draft })).revision;
    };
    expect([await made('one'), await made('other')]).toEqual([2 ** 48 - 1, 1]);
  });
});

describe('a key that is disabled or about to be destroyed', () => {
  it.each<[Parameters<typeof changeKey>[2], boolean]>([
    [{ kind: 'disable-key' }, true],
    [{ kind: 'schedule-key-deletion', pendingDays: 7 }, true],
    [{ kind: 'describe-key', description: 'x' }, false],
  ])('has its opened material dropped: %j', async (change, isForgotten) => {
    const world = withKey(aWorld(), { isDefault: false, alias: 'own' });
    const forgotten: unknown[] = [];
    const keyring = { ...world.deps.keyring, forget: (ref: unknown) => void forgotten.push(ref) };
    const deps = { ...world.deps, keyring };
    await changeKey(deps, { projectId, keyId: KEY_ID }, change);
    expect(forgotten).toEqual(isForgotten ? [{ projectId, id: KEY_ID }] : []);
  });
});

describe('a list of keys', () => {
  it('counts every match and shows a part of them', async () => {
    const world = aWorld();
    for (const id of ['a', 'b', 'c', 'd']) withKey(world, { id, alias: id, isDefault: id === 'b' });
    const matches = ({ id }: { id: string }) => id !== 'a';
    const { keys, total } = await listKeys(world.deps, { projectId, limit: 1, offset: 1, matches });
    expect([keys.map(({ id }) => id), total]).toEqual([['c'], 3]);
    expect(await countCustomKeys(world.deps, projectId)).toBe(3);
  });
});

describe('a list of aliases', () => {
  const world = aWorld();
  withKey(world, { id: 'one', alias: 'd' });
  withKey(world, withAliases(aKey({ id: 'other', alias: 'b', isDefault: false }), 'a', 'c'));
  const page = (query: { keyId?: string; limit?: number; afterAlias?: string }) =>
    listAliases(world.deps, { projectId, keyId: undefined, limit: 9, afterAlias: '', ...query });

  it('continues behind a marker that need not exist any more', async () => {
    const first = await page({ limit: 2 });
    expect([first.entries.map(({ alias }) => alias), first.hasMore]).toEqual([['a', 'b'], true]);
    const second = await page({ limit: 2, afterAlias: 'bb' });
    expect([second.entries.map(({ alias }) => alias), second.hasMore]).toEqual([['c', 'd'], false]);
  });
});

describe('the tags of a project', () => {
  it('are every key with every value once, in order', async () => {
    const world = aWorld();
    const tag = (key: string, value: string) => ({ key, value });
    withKey(world, { id: 'one', alias: 'one', tags: [tag('z', '1'), tag('a', 'y')] });
    withKey(world, { id: 'two', alias: 'two', tags: [tag('z', '1'), tag('a', 'x')] });
    expect(await listProjectTags(world.deps, projectId)).toEqual([
      { key: 'a', values: ['x', 'y'] },
      { key: 'z', values: ['1'] },
    ]);
  });
});
