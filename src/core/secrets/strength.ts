/** How hard a password is to guess. */
export type Strength = 'weak' | 'medium' | 'strong';

/** Why a password is weak. */
export type Weakness = 'too-short' | 'common' | 'predictable' | 'one-kind';

/** A rating; only weak passwords have weaknesses. */
export interface StrengthRating {
  readonly strength: Strength;
  readonly reasons: readonly Weakness[];
}

/** The figures of the rules; characters are Unicode code points. @see docs/behaviour/strength.md */
export const STRENGTH = Object.freeze({
  /** Shorter is weak. */
  charactersMin: 8,
  /** Fewer unpredictable characters are weak. */
  unforeseenMin: 7,
  /** Of one kind only (all small letters, all digits …), fewer are weak. */
  unforeseenOfOneKindMin: 16,
  /** Strong from here on, with three kinds of characters. */
  unforeseenStrong: 12,
  /** Strong from here on, whatever the kinds. */
  unforeseenLongStrong: 24,
});

/** UTF-16 units of a value that are rated; no longer value can be stored. */
const RATED_UNITS_MAX = 65_536;

/** Words that attackers try first; additions around them and digits in place of letters change nothing. */
const COMMON = new Set(
  (
    'password passwort passwd passphrase pass secret geheim admin administrator root toor user guest test tester ' +
    'testing demo default changeme change welcome letmein login master super superuser manager oracle mysql postgres ' +
    'postgresql sqlserver mongodb redis rabbitmq kafka elastic grafana jenkins docker kubernetes database server ' +
    'service system cloud huawei huaweicloud example sample temp temporary qwerty qwertz azerty qwertyuiop asdfgh ' +
    'asdfghjkl zxcvbn zxcvbnm iloveyou sunshine princess monkey dragon football baseball basketball soccer hockey ' +
    'superman batman shadow michael jordan jennifer thomas charlie hunter ranger killer freedom whatever starwars ' +
    'computer internet summer winter spring autumn flower cheese cookie pepper ginger hello helloworld access ' +
    'trustno abc abcd abcdef'
  ).split(' '),
);
const WRITTEN_FOR: Readonly<Record<string, string>> = Object.freeze({
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
});
/** Every three neighbouring keys of a keyboard row, in both directions. */
const KEYBOARD_RUNS = new Set(
  ['qwertyuiop', 'qwertzuiop', 'asdfghjkl', 'zxcvbnm', '1234567890']
    .flatMap((row) => [row, [...row].reverse().join('')])
    .flatMap((row) => [...row].slice(2).map((_, index) => row.slice(index, index + 3))),
);
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];

/**
 * Rates a password by its length, its kinds of characters and how many of them are not predictable from those before: a
 * repetition, the next one in a sequence or on the keyboard, and three that occurred before add nothing.
 */
export function rateStrength(given: string): StrengthRating {
  const text = given.slice(0, RATED_UNITS_MAX);
  const characters = [...text];
  const unforeseen = countUnforeseen(characters);
  const kinds = KINDS.filter((kind) => kind.test(text)).length;
  const reasons: Weakness[] = [];
  if (characters.length < STRENGTH.charactersMin) reasons.push('too-short');
  else if (unforeseen < STRENGTH.unforeseenMin) reasons.push('predictable');
  if (isCommon(text)) reasons.push('common');
  if (kinds < 2 && unforeseen < STRENGTH.unforeseenOfOneKindMin) reasons.push('one-kind');
  if (reasons.length > 0) return { strength: 'weak', reasons };
  const isStrong =
    unforeseen >= STRENGTH.unforeseenLongStrong || (kinds >= 3 && unforeseen >= STRENGTH.unforeseenStrong);
  return { strength: isStrong ? 'strong' : 'medium', reasons };
}

/** Counts no further than makes a difference. */
function countUnforeseen(characters: readonly string[]): number {
  const seen = new Set<string>();
  let [count, before, last] = [0, '', ''];
  for (const character of characters) {
    const run = `${before}${last}${character}`;
    const isNew = last === '' || !(seen.has(run) || isForeseen(before, last, character));
    if (isNew) count += 1;
    if (count === STRENGTH.unforeseenLongStrong) break;
    if (before !== '') seen.add(run);
    [before, last] = [last, character];
  }
  return count;
}

/** True when the character repeats the last one, or continues in a sequence or a row of the keyboard. */
function isForeseen(before: string, last: string, character: string): boolean {
  if (character === last) return true;
  if (before === '') return false;
  const step = codeOf(character) - codeOf(last);
  if (Math.abs(step) === 1 && step === codeOf(last) - codeOf(before)) return true;
  return KEYBOARD_RUNS.has(`${before}${last}${character}`.toLowerCase());
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function isCommon(text: string): boolean {
  // Nothing that long is one word with additions, and the words below are shorter.
  if (text.length > 64) return false;
  const lower = text.toLowerCase();
  const letters = (word: string) => word.replaceAll(/[@4310!$57]/g, (sign) => WRITTEN_FOR[sign] ?? sign);
  const core = lower.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const written = letters(lower).replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return [core, letters(core), written].some((word) => COMMON.has(word));
}
