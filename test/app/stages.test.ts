import { describe, expect, it } from 'vitest';
import { putStage, removeStage, showStage } from '../../src/app/stages.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { anAggregate, aWorld, outcomeOf, REF, T0, type World } from '../support/builders.ts';

function aWorldWithStages(policy?: Parameters<typeof aWorld>[0]): World {
  const world = aWorld(policy);
  const current = anAggregate({ versions: [1, 2], stages: { SYSCURRENT: 2, SYSPREVIOUS: 1, blue: 1 } });
  world.secrets.set(`${REF.projectId}/${REF.name}`, current);
  return world;
}

describe('a stage', () => {
  it('is put on a version, at the time of the clock, and shown there', async () => {
    const { deps, clock } = aWorldWithStages();
    clock.wallMs += 5;
    const put = await putStage(deps, REF, { name: 'blue', versionNumber: 2 });
    expect(put).toMatchObject({ name: 'blue', versionNumber: 2, updateTimeMs: T0 + 5 });
    expect(await showStage(deps, REF, 'blue')).toEqual(put);
    expect(await showStage(deps, REF, 'SYSPREVIOUS')).toMatchObject({ versionNumber: 1 });
  });

  it('beyond the limit of the policy is refused', async () => {
    const { deps } = aWorldWithStages({ limits: { ...DEFAULT_LIMITS, stages: 3 } });
    expect(await outcomeOf(putStage(deps, REF, { name: 'green', versionNumber: 1 }))).toBe('stage-limit');
  });

  it('is gone once it was removed', async () => {
    const { deps } = aWorldWithStages();
    await removeStage(deps, REF, 'blue');
    expect(await outcomeOf(showStage(deps, REF, 'blue'))).toBe('stage-not-found');
    expect(await outcomeOf(removeStage(deps, REF, 'blue'))).toBe('stage-not-found');
    expect(await outcomeOf(removeStage(deps, REF, 'SYSCURRENT'))).toBe('stage-built-in');
  });

  it('of no secret is refused', async () => {
    const { deps } = aWorld();
    expect(await outcomeOf(showStage(deps, REF, 'SYSCURRENT'))).toBe('secret-not-found');
    expect(await outcomeOf(removeStage(deps, REF, 'blue'))).toBe('secret-not-found');
    expect(await outcomeOf(putStage(deps, REF, { name: 'blue', versionNumber: 1 }))).toBe('secret-not-found');
  });
});
