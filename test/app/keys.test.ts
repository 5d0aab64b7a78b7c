import { describe, expect, it } from 'vitest';
import { sealingKey } from '../../src/app/keys.ts';
import { aKey, aWorld, KEY_ID, outcomeOf, REF, type World } from '../support/builders.ts';

const { projectId } = REF;

function withKey(world: World, changes: Parameters<typeof aKey>[0] = {}): World {
  const key = aKey(changes);
  world.keys.set(`${key.projectId}/${key.id}`, key);
  return world;
}

describe('the default key', () => {
  it('comes into being on first use, and is the same one from then on', async () => {
    const world = aWorld();
    const first = await sealingKey(world.deps, projectId, undefined);
    expect(first).toMatchObject({ projectId, alias: 'csms/default', isDefault: true, state: 'ENABLED' });
    expect(first.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await sealingKey(world.deps, projectId, undefined)).toBe(first);
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
    expect(one).toBe(other);
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
