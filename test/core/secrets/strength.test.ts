import { describe, expect, it } from 'vitest';
import { rateStrength, STRENGTH, type Weakness } from '../../../src/core/secrets/strength.ts';

/** Texts without repetition, sequence or word; the kinds are as the name says. */
const LOWER = 'gxkwbzfmtqhvjrnlcpdyseuaio';
const THREE_KINDS = 'gX4kW9bZ2fM7tQ5hV8jR3nL6';

describe('a weak password', () => {
  it.each<[string, readonly Weakness[]]>([
    ['', ['too-short', 'one-kind']],
    ['gX4kW9b', ['too-short']],
    ['漢字かな混じ文', ['too-short', 'one-kind']],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', ['predictable', 'one-kind']],
    ['gX4gX4gX4gX4gX4gX4', ['predictable']],
    ['gX4-gX4-gX4-gX4-gX', ['predictable']],
    ['abcdefghijklmnop', ['predictable', 'one-kind']],
    ['ponmlkjihgfedcba', ['predictable', 'one-kind']],
    ['0123456789012345', ['predictable', 'one-kind']],
    ['qwertyuiopasdfghjkl', ['predictable', 'one-kind']],
    ['POIUYTREWQ123456', ['predictable']],
    ['password', ['common', 'one-kind']],
    ['Passw0rd2024', ['common']],
    ['!!P@$$w0rd!!', ['common']],
    ['4dm1n1str4t0r', ['common']],
    ['huaweicloud@2026', ['common']],
    ['gxkwbzfm', ['one-kind']],
    [LOWER.slice(0, 15), ['one-kind']],
  ])('%j because %j', (text, reasons) => {
    expect(rateStrength(text)).toEqual({ strength: 'weak', reasons });
  });
});

describe('the limits', () => {
  it.each([
    ['characters', THREE_KINDS, STRENGTH.charactersMin, ['weak', 'medium']],
    ['of three kinds', THREE_KINDS, STRENGTH.unforeseenStrong, ['medium', 'strong']],
    ['of one kind', LOWER, STRENGTH.unforeseenOfOneKindMin, ['weak', 'medium']],
    ['whatever the kind', LOWER, STRENGTH.unforeseenLongStrong, ['medium', 'strong']],
  ] as const)('%s of %s: %i and one less', (_, text, limit, [below, at]) => {
    expect(rateStrength(text.slice(0, limit - 1)).strength).toBe(below);
    expect(rateStrength(text.slice(0, limit)).strength).toBe(at);
  });

  it('count characters, and not the units that one is stored in', () => {
    expect(rateStrength('🔑🗝🔒🔓gX4').reasons).toEqual(['too-short']);
    expect(rateStrength('🔑🗝🔒🔓gX4k').strength).toBe('medium');
  });
});

describe('what adds nothing', () => {
  const strong = THREE_KINDS.slice(0, STRENGTH.unforeseenStrong);
  const justMedium = strong.slice(0, -1);

  it.each([
    ['a repetition', `${justMedium}${justMedium.at(-1)}`],
    ['an end of a sequence', `${THREE_KINDS.slice(0, 9)}abc`],
    ['an end of a row of the keyboard', `${THREE_KINDS.slice(0, 9)}qwe`],
    ['three characters that were there before', `${THREE_KINDS.slice(0, 9)}${THREE_KINDS.slice(0, 9)}`],
  ])('%s', (_, text) => {
    expect(rateStrength(justMedium).strength).toBe('medium');
    expect(rateStrength(text).strength).toBe('medium');
    expect(rateStrength(strong).strength).toBe('strong');
  });
});

describe('what people store', () => {
  it.each([
    '3f0b8d2c9a7e41560fd3b2a8c6e91774',
    '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n',
    'correct horse battery staple!',
    'postgres://app:Xk9-wq2LmZ@db.example:5432/app',
  ])('%j is strong', (text) => {
    expect(rateStrength(text)).toEqual({ strength: 'strong', reasons: [] });
  });
});

describe('the largest values', () => {
  // A search for repeated blocks that goes back would take minutes for some of these.
  it.each([
    ['one block and a stranger in its middle', `${'a'.repeat(32_767)}b${'a'.repeat(32_768)}`],
    ['a block that almost repeats', `${'ab'.repeat(32_000)}c`],
    ['nothing but one character', 'a'.repeat(65_536)],
    ['signs around nothing', '!'.repeat(65_535).concat('a')],
  ])('are rated: %s', (_, text) => {
    expect(rateStrength(text).reasons).toContain('predictable');
  });
});
