import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { requireDescription, requireText } from '../../src/core/fields.ts';
import { outcome } from '../support/builders.ts';

describe('free text', () => {
  it.each(['', ' ', 'a\nb', '"quoted"', 'é漢🔑', '\u2028', '\u0001', '\ufffd'])('may be %j', (text) => {
    expect(requireText(text, 'rotation_config')).toBe(text);
  });

  it.each(['\ud800', 'a\udfff', '\ude00\ud83d', '\0', 'a\0b'])(
    'that would not come back as it was is refused: %j',
    (text) => {
      expect(() => requireText(text, 'rotation_config')).toThrow('rotation_config must be well-formed text.');
      expect(outcome(() => requireDescription(text))).toBe('invalid-parameter');
    },
  );
});

describe('a description', () => {
  it.each(['a', 'é', '漢', '🔑'])('has at most 2,048 bytes of UTF-8, made of %s', (character) => {
    const size = Buffer.byteLength(character);
    const ends = [2_047, 2_048, 2_049].map((bytes) => {
      const text = character.repeat(Math.floor(bytes / size)) + 'x'.repeat(bytes % size);
      return outcome(() => requireDescription(text));
    });
    expect(ends).toEqual(['ok', 'ok', 'invalid-parameter']);
  });

  it('may be empty', () => {
    expect(requireDescription('')).toBe('');
  });
});
