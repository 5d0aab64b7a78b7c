import { describe, expect, it } from 'vitest';
import {
  type CreateSecret,
  createSecret,
  loadVersions,
  showSecret,
  updateSecret,
} from '../../../src/app/secrets/secrets.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { aCommand, aDraft, aKey, evolve, KEY_ID, marks, outcomeOf, REF, T0 } from '../../support/builders.ts';
import { aWorld } from '../../support/world.ts';

const value = parseValue({ text: 'hunter2', binary: undefined }, DEFAULT_LIMITS);
const input: CreateSecret = { ref: REF, draft: aDraft(), value, kmsKeyId: undefined };

describe('creating a secret', () => {
  it('makes version v1 under the default key, at the time of the clock', async () => {
    const world = aWorld();
    const secret = await createSecret(world.deps, input);
    const [key] = world.keys.values();
    expect(secret).toMatchObject({ ...REF, kmsKeyId: key?.id, createTimeMs: T0, lastVersionNumber: 1 });
    expect(marks(await loadVersions(world.deps, REF))).toEqual({ SYSCURRENT: 1 });
  });

  it('under a taken name is refused, and makes no key', async () => {
    const world = aWorld({ unknownKey: 'create' });
    await createSecret(world.deps, input);
    expect(await outcomeOf(createSecret(world.deps, { ...input, kmsKeyId: KEY_ID }))).toBe('secret-exists');
    expect(world.keys.size).toBe(1);
  });
});

describe('showing a secret', () => {
  it('gives its metadata alone', async () => {
    const { deps } = aWorld();
    const created = await createSecret(deps, input);
    expect(await showSecret(deps, REF)).toEqual(created);
  });

  it('with its versions gives the stages and the tags too, and no value', async () => {
    const world = aWorld();
    const created = await createSecret(world.deps, input);
    const loaded = await loadVersions(world.deps, REF);
    expect(loaded).toEqual({
      secret: created,
      versions: [expect.objectContaining({ number: 1, kind: 'string', kmsKeyId: created.kmsKeyId })],
      stages: [{ name: 'SYSCURRENT', versionNumber: 1, updateTimeMs: T0, slot: 0 }],
      tags: [],
    });
    expect(Object.keys(loaded.versions[0]!)).not.toContain('sealed');
  });

  it('that does not exist is refused, with its versions or without', async () => {
    const { deps } = aWorld();
    await createSecret(deps, input);
    for (const ref of [
      { ...REF, name: 'none' },
      { ...REF, projectId: 'b'.repeat(32) },
    ]) {
      expect(await outcomeOf(showSecret(deps, ref))).toBe('secret-not-found');
      expect(await outcomeOf(loadVersions(deps, ref))).toBe('secret-not-found');
    }
  });
});

describe('updating a secret', () => {
  it('changes it at the time of the clock', async () => {
    const world = aWorld();
    await createSecret(world.deps, input);
    world.clock.wallMs += 5;
    expect(await updateSecret(world.deps, REF, { description: 'd' })).toMatchObject({
      description: 'd',
      updateTimeMs: T0 + 5,
      revision: 2,
    });
  });

  it('that does not exist is refused', async () => {
    expect(await outcomeOf(updateSecret(aWorld().deps, REF, {}))).toBe('secret-not-found');
  });

  it.each([
    { state: 'ENABLED', ends: 'ok' },
    { state: 'DISABLED', ends: 'key-unusable' },
  ] as const)('to a key that is $state ends $ends', async ({ state, ends }) => {
    const world = aWorld();
    await createSecret(world.deps, input);
    world.keys.set(`${REF.projectId}/${KEY_ID}`, aKey({ state, alias: 'other' }));
    expect(await outcomeOf(updateSecret(world.deps, REF, { kmsKeyId: KEY_ID }))).toBe(ends);
  });

  it('that waits for deletion is refused for that, and makes no key', async () => {
    const world = aWorld({ unknownKey: 'create' });
    await createSecret(world.deps, input);
    for (const [path, current] of world.secrets) {
      world.secrets.set(path, evolve(current, aCommand('schedule-deletion')));
    }
    expect(await outcomeOf(updateSecret(world.deps, REF, { kmsKeyId: KEY_ID }))).toBe(
      'secret-pending-deletion',
    );
    expect(world.keys.size).toBe(1);
  });
});
