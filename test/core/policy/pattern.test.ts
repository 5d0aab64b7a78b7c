import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsPattern, piecesOf } from '../../../src/core/policy/pattern.ts';

const fits = (pattern: string, text: string) => fitsPattern(piecesOf(pattern), text);

/** By definition, in exponential time. */
function fitsSlowly([first, ...pattern]: readonly string[], text: readonly string[]): boolean {
  if (first === undefined) return text.length === 0;
  if (first === '*') {
    return text.concat('').some((_, taken) => fitsSlowly(pattern, text.slice(taken)));
  }
  const [character, ...rest] = text;
  return character !== undefined && (first === '?' || first === character) && fitsSlowly(pattern, rest);
}

describe('a pattern', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['?', '', false],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a?c*e', 'abcde', true],
    ['*ab*', 'aab', true],
    ['*?', 'a', true],
    ['?', '😀', true],
    ['??', '😀', false],
    ['*?b', '😀b', true],
    ['A', 'a', false],
    ['a.c', 'abc', false],
  ])('%j and %j: %s', (pattern, text, wanted) => {
    expect(fits(pattern, text)).toBe(wanted);
  });

  it('fits what its definition says', () => {
    const characters = (...all: readonly string[]) => fc.array(fc.constantFrom(...all), { maxLength: 8 });
    fc.assert(
      fc.property(characters('a', 'b', '😀', '*', '*', '?'), characters('a', 'b', '😀'), (pattern, text) => {
        expect(fits(pattern.join(''), text.join(''))).toBe(fitsSlowly(pattern, text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes time that grows with its length and that of the text, and not faster', () => {
    const text = 'a'.repeat(20_000);
    for (const pattern of ['*a'.repeat(500), '*?'.repeat(500), `*${'a?'.repeat(500)}`]) {
      expect(fits(`${pattern}*b`, text)).toBe(false);
      expect(fits(`${pattern}b`, text)).toBe(false);
    }
  });
});
