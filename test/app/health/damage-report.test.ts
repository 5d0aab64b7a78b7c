import { expect, it } from 'vitest';
import { createDamageReport, unlessDamaged } from '../../../src/app/health/damage-report.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { aWorld } from '../../support/world.ts';

it('reports each secret of a full project once, however often they are listed', () => {
  const { deps, logged } = aWorld();
  const tell = createDamageReport(deps);
  for (let lists = 0; lists < 3; lists += 1)
    for (let number = 0; number < DEFAULT_LIMITS.secrets; number += 1) tell(`secret project/${number}`);
  expect(logged).toHaveLength(DEFAULT_LIMITS.secrets);
});

it('takes nothing but damage for damage: a store that cannot be read may hold what it does not say', async () => {
  const found = (error: Error) =>
    unlessDamaged(
      () => Promise.reject(error),
      () => 'made anew',
    );
  expect(await found(new SecretError('damaged'))).toBe('made anew');
  for (const error of [new SecretError('unavailable'), new SecretError('internal'), new Error('damaged')])
    await expect(found(error)).rejects.toBe(error);
});
