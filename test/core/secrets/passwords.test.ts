import { describe, expect, it } from 'vitest';
import {
  generatePassword,
  PASSWORD_LENGTH,
  type PasswordRecipe,
} from '../../../src/core/secrets/passwords.ts';
import { outcome } from '../../support/builders.ts';

const PLAIN: PasswordRecipe = {
  length: 32,
  excludeCharacters: '',
  excludeLowercase: false,
  excludeUppercase: false,
  excludeNumbers: false,
  excludePunctuation: false,
  includeSpace: false,
  requireEachIncludedType: false,
};
const NO_KIND = {
  excludeLowercase: true,
  excludeUppercase: true,
  excludeNumbers: true,
  excludePunctuation: true,
} as const;
const PRINTABLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));

/** A generator that is the same in every run, and fair enough (mulberry32). */
function fairBelow(seed = 1): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** All characters that come up under a recipe. */
function alphabetOf(changes: Partial<PasswordRecipe>): string {
  const text = generatePassword({ ...PLAIN, length: PASSWORD_LENGTH.max, ...changes }, fairBelow());
  return [...new Set(text)].sort().join('');
}

describe('the alphabet', () => {
  it('is all of printable ASCII but the blank', () => {
    expect(alphabetOf({})).toBe(PRINTABLE.join(''));
  });

  it.each<[keyof PasswordRecipe, RegExp]>([
    ['excludeLowercase', /[a-z]/],
    ['excludeUppercase', /[A-Z]/],
    ['excludeNumbers', /[0-9]/],
    ['excludePunctuation', /[^a-zA-Z0-9]/],
  ])('%s takes exactly its kind out', (option, kind) => {
    const left = PRINTABLE.filter((character) => !kind.test(character)).join('');
    expect(alphabetOf({ [option]: true })).toBe(left);
  });

  it('has the blank when it is wanted, also alone', () => {
    expect(alphabetOf({ includeSpace: true })).toBe([' ', ...PRINTABLE].join(''));
    expect(generatePassword({ ...PLAIN, ...NO_KIND, includeSpace: true, length: 3 }, fairBelow())).toBe(
      '   ',
    );
  });

  it('lacks single characters, also named twice or outside of it', () => {
    const excluded = 'aA0!aé ';
    const left = PRINTABLE.filter((character) => !excluded.includes(character)).join('');
    expect(alphabetOf({ excludeCharacters: excluded })).toBe(left);
  });
});

describe('the length', () => {
  it.each([1, 2, 32, 4_096])('is %i, with one of each kind from four on', (length) => {
    expect(generatePassword({ ...PLAIN, length }, fairBelow())).toHaveLength(length);
    const each = { ...PLAIN, length, requireEachIncludedType: true };
    if (length >= 4) expect(generatePassword(each, fairBelow())).toHaveLength(length);
  });
});

describe('one of each kind', () => {
  const each = { ...PLAIN, requireEachIncludedType: true };
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[!-/:-@[-`{-~]/];

  it('is there in every password, however short', () => {
    for (let seed = 0; seed < 500; seed += 1) {
      const text = generatePassword({ ...each, length: 4 }, fairBelow(seed));
      expect(kinds.map((kind) => kind.test(text))).toEqual([true, true, true, true]);
    }
  });

  it('is not asked for by default', () => {
    const texts = Array.from({ length: 50 }, (_, seed) =>
      generatePassword({ ...PLAIN, length: 4 }, fairBelow(seed)),
    );
    expect(texts.some((text) => !/[0-9]/.test(text))).toBe(true);
  });

  it('counts the blank as a kind when it is wanted', () => {
    const recipe = { ...each, includeSpace: true };
    expect(outcome(() => generatePassword({ ...recipe, length: 4 }, fairBelow()))).toBe('invalid-parameter');
    expect(generatePassword({ ...recipe, length: 5 }, fairBelow())).toContain(' ');
  });

  it('may stand in every place', () => {
    const digitAt = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      digitAt.add(generatePassword({ ...each, length: 4 }, fairBelow(seed)).search(/[0-9]/));
    }
    expect([...digitAt].sort()).toEqual([0, 1, 2, 3]);
  });
});

describe('an impossible recipe is refused', () => {
  it.each<[string, Partial<PasswordRecipe>, string]>([
    ['nothing left of the kinds', NO_KIND, 'exclude_characters'],
    ['nothing left of the characters', { excludeCharacters: PRINTABLE.join('') }, 'exclude_characters'],
    [
      'a required kind is emptied',
      { requireEachIncludedType: true, excludeCharacters: '0123456789' },
      'exclude_characters',
    ],
    ['too short for one of each', { requireEachIncludedType: true, length: 3 }, 'length'],
  ])('%s', (_, changes, named) => {
    expect(() => generatePassword({ ...PLAIN, ...changes }, fairBelow())).toThrow(named);
    expect(outcome(() => generatePassword({ ...PLAIN, ...changes }, fairBelow()))).toBe('invalid-parameter');
  });

  it('but an emptied kind that is not required is only left out', () => {
    expect(alphabetOf({ excludeCharacters: '0123456789' })).not.toMatch(/[0-9]/);
  });
});

describe('every choice', () => {
  it('is asked from the whole alphabet, once for each character', () => {
    const bounds: number[] = [];
    generatePassword({ ...PLAIN, length: 5 }, (bound) => {
      bounds.push(bound);
      return bound - 1;
    });
    expect(bounds).toEqual([94, 94, 94, 94, 94]);
  });

  it('with one of each kind, from the kinds first, and then for the order', () => {
    const bounds: number[] = [];
    generatePassword({ ...PLAIN, length: 6, requireEachIncludedType: true }, (bound) => {
      bounds.push(bound);
      return 0;
    });
    expect(bounds).toEqual([26, 26, 10, 32, 94, 94, 6, 5, 4, 3, 2]);
  });
});
