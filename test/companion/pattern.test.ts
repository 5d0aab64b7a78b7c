import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPattern } from '../../src/companion/pattern.ts';

describe('a pattern', () => {
  it.each([
    ['CreateSecret', 'CreateSecret', true],
    ['CreateSecret', 'CreateSecretVersion', false],
    ['Create*', 'CreateSecretVersion', true],
    ['*Secret', 'CreateSecret', true],
    ['*Secret', 'CreateSecretVersion', false],
    ['db-*', 'db-', true],
    ['db-*', 'my-db-1', false],
    ['*', '', true],
    ['**', 'anything', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'aa', false],
    ['*b*', 'abc', true],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
  ])('%j and %j: %j', (pattern, text, expected) => {
    expect(createPattern(pattern)(text)).toBe(expected);
  });

  it('fits as the expression in which every star is any text', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(few, text, (pattern, candidate) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(createPattern(pattern)(candidate)).toBe(expression.test(candidate));
      }),
      { numRuns: 1_000 },
    );
  });

  it('with many stars does not try every way to place them', () => {
    const pattern = `${'*a'.repeat(2_000)}*b`;
    expect(createPattern(pattern)('a'.repeat(4_000))).toBe(false);
  });
});
