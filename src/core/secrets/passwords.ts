import { invalidParameter } from '../errors.ts';

/** Characters of a generated password. @see API operation GenerateRandomPassword; docs/behaviour/strength.md */
export const PASSWORD_LENGTH = Object.freeze({ min: 1, max: 4_096, default: 32 });

/** What a generated password may and must hold. */
export interface PasswordRecipe {
  readonly length: number;
  /** Characters that must not appear. */
  readonly excludeCharacters: string;
  readonly excludeLowercase: boolean;
  readonly excludeUppercase: boolean;
  readonly excludeNumbers: boolean;
  readonly excludePunctuation: boolean;
  readonly includeSpace: boolean;
  /** At least one character of every kind that is not excluded; the space is a kind of its own. */
  readonly requireEachIncludedType: boolean;
}

/** A random whole number from 0 to `bound` - 1, each as likely as the other. */
export type RandomBelow = (bound: number) => number;

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const NUMBERS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/**
 * Makes a random password. Pure but for `below`: every character is drawn from the whole alphabet with the same
 * probability; when one of each kind is required, those are drawn first and all places are shuffled.
 * Throws invalid-parameter when no password fits the recipe. @see API operation GenerateRandomPassword
 */
export function generatePassword(recipe: PasswordRecipe, below: RandomBelow): string {
  const kinds = kindsOf(recipe);
  const alphabet = kinds.join('');
  if (alphabet === '') throw invalidParameter('exclude_characters', 'and the other exclusions leave nothing');
  const required = recipe.requireEachIncludedType ? kinds : [];
  if (required.includes('')) {
    throw invalidParameter('exclude_characters', 'excludes a whole kind of which one character is required');
  }
  if (recipe.length < required.length) {
    throw invalidParameter('length', `must be at least ${required.length}: one character of each kind`);
  }
  const draw = (characters: string): string => characters.charAt(below(characters.length));
  const drawn = required.map(draw);
  while (drawn.length < recipe.length) drawn.push(draw(alphabet));
  return required.length === 0 ? drawn.join('') : shuffled(drawn, below).join('');
}

/** The characters of each included kind; empty where all of it is excluded. */
function kindsOf(recipe: PasswordRecipe): string[] {
  const kinds = [
    recipe.excludeLowercase ? undefined : LOWERCASE,
    recipe.excludeUppercase ? undefined : LOWERCASE.toUpperCase(),
    recipe.excludeNumbers ? undefined : NUMBERS,
    recipe.excludePunctuation ? undefined : PUNCTUATION,
    recipe.includeSpace ? ' ' : undefined,
  ];
  const excluded = new Set(recipe.excludeCharacters);
  return kinds
    .filter((kind) => kind !== undefined)
    .map((kind) => [...kind].filter((character) => !excluded.has(character)).join(''));
}

/** Fisher and Yates: every order is equally likely. */
function shuffled(characters: readonly string[], below: RandomBelow): string[] {
  const order = [...characters];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    const [a = '', b = ''] = [order[last], order[other]];
    [order[last], order[other]] = [b, a];
  }
  return order;
}
