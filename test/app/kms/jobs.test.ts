import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/app/jobs/job.ts';
import { createKeyDeletion, createKeyRotation } from '../../../src/app/kms/jobs.ts';
import type { Store } from '../../../src/app/ports/deps.ts';
import { SecretError } from '../../../src/core/errors.ts';
import type { Key } from '../../../src/core/kms/keys.ts';
import type { TestStore } from '../../support/acting.ts';
import { DAY_MS, REF, T0 } from '../../support/builders.ts';
import { aCustomKey } from '../../support/keys.ts';
import { aWorld, failing, type World } from '../../support/world.ts';

const { projectId } = REF;

function withKeys(world: World, keys: readonly Partial<Key>[]): World {
  for (const [index, changes] of keys.entries()) {
    const id = `key-${String(index).padStart(3, '0')}`;
    world.keys.set(`${projectId}/${id}`, aCustomKey({ id, alias: id, ...changes }));
  }
  return world;
}

const doomed = (dueMs: number): Partial<Key> => ({ state: 'PENDING_DELETE', scheduledDeleteTimeMs: dueMs });
const rotating = (dueMs: number): Partial<Key> => ({ rotation: { intervalDays: 30, nextTimeMs: dueMs } });
const idsOf = (world: World) => [...world.keys.values()].map(({ id }) => id);

/** A store for which one key cannot be read. */
function damage(store: TestStore, id: string): TestStore {
  const fail = () => {
    throw new SecretError('damaged');
  };
  return {
    ...failing(store, { [id]: new SecretError('damaged') }),
    findKey: (ref) => (ref.id === id ? fail() : store.findKey(ref)),
  };
}

const runOf = (job: Job, nowMs: number) => job.run(nowMs, new AbortController().signal);
const deleteDueKeys = (deps: World['deps'], nowMs: number) => runOf(createKeyDeletion(deps), nowMs);
const rotateDueKeys = (deps: World['deps'], nowMs: number) => runOf(createKeyRotation(deps), nowMs);

describe('the deletion of keys', () => {
  it('destroys what is due, returns how many and leaves the rest', async () => {
    const world = withKeys(aWorld(), [doomed(T0 - 1), doomed(T0), doomed(T0 + 1), {}]);
    expect(await deleteDueKeys(world.deps, T0)).toBe(2);
    expect(idsOf(world)).toEqual(['key-002', 'key-003']);
    expect(await deleteDueKeys(world.deps, T0)).toBe(0);
  });

  it('has the opened material of what is destroyed dropped, and of nothing else', async () => {
    const world = withKeys(aWorld(), [doomed(T0), doomed(T0 + 1)]);
    const forgotten: string[] = [];
    const keyring = { ...world.deps.keyring, forget: (ref: { id: string }) => void forgotten.push(ref.id) };
    await deleteDueKeys({ ...world.deps, keyring }, T0);
    expect(forgotten).toEqual(['key-000']);
  });

  it('destroys at most 100 in a run', async () => {
    const world = withKeys(
      aWorld(),
      Array.from({ length: 101 }, () => doomed(T0)),
    );
    expect(await deleteDueKeys(world.deps, T0)).toBe(100);
    expect(await deleteDueKeys(world.deps, T0)).toBe(1);
  });

  it('skips a damaged key, names it once, and still works through 100 others', async () => {
    const world = withKeys(
      aWorld(),
      Array.from({ length: 102 }, () => doomed(T0)),
    );
    const deps = { ...world.deps, store: damage(world.deps.store, 'key-000') };
    const job = createKeyDeletion(deps);
    expect(await runOf(job, T0)).toBe(99);
    expect(await runOf(job, T0)).toBe(2);
    expect(await runOf(job, T0)).toBe(0);
    expect(world.logged).toEqual(['a due key is damaged and was left alone']);
    expect(idsOf(world)).toEqual(['key-000']);
  });

  it('does not mind that someone else was faster', async () => {
    const world = withKeys(aWorld(), [doomed(T0), doomed(T0)]);
    const { store } = world.deps;
    const listDueKeys: Store['listDueKeys'] = async (query) => {
      const found = await store.listDueKeys(query);
      world.keys.delete(`${projectId}/key-000`);
      return found;
    };
    expect(await deleteDueKeys({ ...world.deps, store: { ...store, listDueKeys } }, T0)).toBe(1);
    expect(world.logged).toEqual([]);
  });
});

describe('the rotation of keys', () => {
  it('adds one version to each due key, whose material is made for that version', async () => {
    const world = withKeys(aWorld(), [rotating(T0), rotating(T0 + 1), {}]);
    expect(await rotateDueKeys(world.deps, T0)).toBe(1);
    const [first, second] = [...world.keys.values()];
    expect(first?.versions.map(({ number, wrapped }) => [number, String(wrapped)])).toEqual([
      [1, 'material'],
      [2, 'key-000 2'],
    ]);
    expect(first?.rotation?.nextTimeMs).toBe(T0 + 30 * DAY_MS);
    expect(second?.versions).toHaveLength(1);
    expect(await rotateDueKeys(world.deps, T0)).toBe(0);
  });

  it('skips a damaged key and rotates the others', async () => {
    const world = withKeys(aWorld(), [rotating(T0), rotating(T0)]);
    const deps = { ...world.deps, store: damage(world.deps.store, 'key-000') };
    expect(await rotateDueKeys(deps, T0)).toBe(1);
    expect(world.keys.get(`${projectId}/key-001`)?.versions).toHaveLength(2);
    expect(world.logged).toHaveLength(1);
  });

  it('leaves a key alone that was switched off since it was listed', async () => {
    const world = withKeys(aWorld(), [rotating(T0)]);
    const { store } = world.deps;
    const listDueKeys: Store['listDueKeys'] = async (query) => {
      const found = await store.listDueKeys(query);
      withKeys(world, [{ ...rotating(T0), state: 'DISABLED' }]);
      return found;
    };
    expect(await rotateDueKeys({ ...world.deps, store: { ...store, listDueKeys } }, T0)).toBe(0);
    expect(world.keys.get(`${projectId}/key-000`)?.versions).toHaveLength(1);
  });
});

it('both wait while the clock cannot be trusted', () => {
  const { deps } = aWorld();
  for (const job of [createKeyDeletion(deps), createKeyRotation(deps)]) expect(job.time).not.toBe('wall');
});
