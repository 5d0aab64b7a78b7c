import { describe, expect, it } from 'vitest';
import { rateValues, setStrengthCheck } from '../../../src/app/secrets/checker.ts';
import { createSecret } from '../../../src/app/secrets/secrets.ts';
import { addVersion } from '../../../src/app/secrets/versions.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { CHECKED_VALUES_MAX } from '../../../src/core/secrets/checker.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { aDraft, outcomeOf, REF } from '../../support/builders.ts';
import { aWorld } from '../../support/world.ts';

const value = (text: string) => parseValue({ text, binary: undefined }, DEFAULT_LIMITS);
const WEAK = value('password');
const STRONG = value('gX4kW9bZ2fM7tQ5h');
const { projectId } = REF;

describe('the check of new values', () => {
  it('refuses weak values of new secrets and of new versions, before a key is made', async () => {
    const { deps, keys } = aWorld();
    const create = (given: typeof WEAK) =>
      outcomeOf(createSecret(deps, { ref: REF, draft: aDraft(), value: given, kmsKeyId: undefined }));
    const add = (given: typeof WEAK) =>
      outcomeOf(addVersion(deps, { ref: REF, value: given, stages: undefined, expireTimeMs: undefined }));
    await setStrengthCheck(deps, projectId, true);
    expect(await create(WEAK)).toBe('invalid-parameter');
    expect(keys.size).toBe(0);
    expect([await create(STRONG), await add(WEAK), await add(STRONG)]).toEqual([
      'ok',
      'invalid-parameter',
      'ok',
    ]);
    await setStrengthCheck(deps, projectId, false);
    expect(await add(WEAK)).toBe('ok');
  });
});

describe('rateValues', () => {
  const rate = (given: object) => rateValues(aWorld().deps, projectId, given);

  it.each([
    ['no member', {}],
    ['a number', { a: 1 }],
    ['null', { a: 'text', b: null }],
    ['an object', { a: { b: 'text' } }],
    ['a list', ['x', []]],
    [
      '101 members',
      Object.fromEntries(Array.from({ length: CHECKED_VALUES_MAX + 1 }, (_, i) => [`m${i}`, 'x'])),
    ],
  ])('refuses %s, naming data', async (_, given) => {
    await expect(rate(given)).rejects.toThrow(/^data must/);
  });

  it('takes 100 members', async () => {
    const given = Object.fromEntries(Array.from({ length: CHECKED_VALUES_MAX }, (_, i) => [`m${i}`, 'x']));
    expect(Object.keys(await rate(given))).toHaveLength(CHECKED_VALUES_MAX);
  });
});
