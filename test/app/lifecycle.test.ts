import { describe, expect, it } from 'vitest';
import { cancelDeletion, deleteSecret, scheduleDeletion } from '../../src/app/lifecycle.ts';
import { anAggregate, aWorld, DAY_MS, outcomeOf, REF, T0, type World } from '../support/builders.ts';

function aWorldWithSecret(): World {
  const world = aWorld();
  world.secrets.set(`${REF.projectId}/${REF.name}`, anAggregate());
  return world;
}

describe('a secret', () => {
  it('is scheduled for deletion from the time of the clock on, and called back', async () => {
    const { deps, clock } = aWorldWithSecret();
    clock.wallMs += 5;
    const pending = await scheduleDeletion(deps, REF, 30);
    expect(pending).toMatchObject({ state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0 + 5 + 30 * DAY_MS });
    expect(await outcomeOf(scheduleDeletion(deps, REF, 30))).toBe('deletion-already-scheduled');
    expect(await cancelDeletion(deps, REF)).toMatchObject({
      state: 'ENABLED',
      scheduledDeleteTimeMs: undefined,
    });
    expect(await outcomeOf(cancelDeletion(deps, REF))).toBe('deletion-not-scheduled');
  });

  it('is deleted at once, and then there is none', async () => {
    const world = aWorldWithSecret();
    await deleteSecret(world.deps, REF);
    expect(world.secrets.size).toBe(0);
    expect(await outcomeOf(deleteSecret(world.deps, REF))).toBe('secret-not-found');
    expect(await outcomeOf(scheduleDeletion(world.deps, REF, 7))).toBe('secret-not-found');
    expect(await outcomeOf(cancelDeletion(world.deps, REF))).toBe('secret-not-found');
  });
});
