import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { outcome } from '../../support/builders.ts';

const LIMIT = 65_536;

const text = (value: string, limits = DEFAULT_LIMITS) =>
  parseValue({ text: value, binary: undefined }, limits);
const binary = (value: string, limits = DEFAULT_LIMITS) =>
  parseValue({ text: undefined, binary: value }, limits);

/** A text of exactly so many UTF-8 bytes, made of one character as far as it goes. */
function textOf(character: string, bytes: number): string {
  const size = Buffer.byteLength(character);
  return character.repeat(Math.floor(bytes / size)) + 'x'.repeat(bytes % size);
}

describe('exactly one of text and binary', () => {
  it.each([
    { given: { text: 'a', binary: undefined }, ends: 'ok' },
    { given: { text: undefined, binary: 'QQ==' }, ends: 'ok' },
    { given: { text: 'a', binary: '' }, ends: 'ok' },
    { given: { text: '', binary: 'QQ==' }, ends: 'ok' },
    { given: { text: 'a', binary: 'QQ==' }, ends: 'invalid-parameter' },
    { given: { text: undefined, binary: undefined }, ends: 'invalid-parameter' },
    { given: { text: '', binary: undefined }, ends: 'invalid-parameter' },
    { given: { text: undefined, binary: '' }, ends: 'invalid-parameter' },
    { given: { text: '', binary: '' }, ends: 'invalid-parameter' },
  ])('$given ends $ends', ({ given, ends }) => {
    expect(outcome(() => parseValue(given, DEFAULT_LIMITS))).toBe(ends);
  });

  it('keeps the kind in which the value was given', () => {
    expect(text('QQ==').kind).toBe('string');
    expect(binary('QQ==').kind).toBe('binary');
    expect(parseValue({ text: '', binary: 'QQ==' }, DEFAULT_LIMITS).kind).toBe('binary');
  });
});

describe('the size of a value', () => {
  const characters = ['a', 'é', '€', '😀'];

  it('is measured with characters of one to four bytes', () => {
    expect(characters.map((character) => Buffer.byteLength(character))).toEqual([1, 2, 3, 4]);
  });

  it.each(characters)('of text counts the UTF-8 bytes of %s', (character) => {
    const ends = [LIMIT - 1, LIMIT, LIMIT + 1].map((bytes) => {
      const value = textOf(character, bytes);
      expect(Buffer.byteLength(value)).toBe(bytes);
      return outcome(() => text(value));
    });
    expect(ends).toEqual(['ok', 'ok', 'invalid-parameter']);
  });

  it('of binary counts the decoded bytes, whatever the padding', () => {
    const sizes = [LIMIT - 2, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2];
    const ends = sizes.map((bytes) => outcome(() => binary(Buffer.alloc(bytes, 7).toString('base64'))));
    expect(ends).toEqual(['ok', 'ok', 'ok', 'invalid-parameter', 'invalid-parameter']);
  });

  it('follows a lower limit', () => {
    const limits = { ...DEFAULT_LIMITS, valueBytes: 4 };
    expect(outcome(() => text('€a', limits))).toBe('ok');
    expect(outcome(() => text('€é', limits))).toBe('invalid-parameter');
    expect(outcome(() => binary('AAAAAA==', limits))).toBe('ok');
    expect(outcome(() => binary('AAAAAAA=', limits))).toBe('invalid-parameter');
  });

  it('is checked before anything else of a binary value, however long that is', () => {
    // An expression with a repeated group runs out of stack over so many characters.
    const tooLong = `${'A'.repeat(8_000_000)}*`;
    expect(outcome(() => binary(tooLong))).toBe('invalid-parameter');
  });

  it('names the parameter and the limit, and never the value', () => {
    const value = 'hunter2'.repeat(LIMIT);
    expect(() => text(value)).toThrow('secret_string must be at most 65536 bytes.');
    expect(() => binary(Buffer.from(value).toString('base64'))).toThrow(
      'secret_binary must be at most 65536 bytes.',
    );
  });
});

describe('text', () => {
  it.each(['\ud800', '\udfff', 'a\ud83d', '\ude00\ud83d', '\ud83dx\ude00'])(
    'with a lone surrogate is refused: %j',
    (value) => {
      expect(outcome(() => text(value))).toBe('invalid-parameter');
    },
  );

  it.each(['\0', ' ', '\ufeffa', '\ufffd', '😀', 'e\u0301', '{"a":"\\u0000"}'])(
    'comes back as it was sent: %j',
    (value) => {
      expect(text(value).bytes.toString('utf8')).toBe(value);
    },
  );

  it('is returned as it was sent, whatever it is, when its UTF-8 bytes fit', () => {
    const limits = { ...DEFAULT_LIMITS, valueBytes: 24 };
    const codes = fc.oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }));
    const character = codes.map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.array(character, { minLength: 1, maxLength: 40 }), (characters) => {
        const value = characters.join('');
        const fits = Buffer.byteLength(value) <= limits.valueBytes;
        expect(outcome(() => text(value, limits))).toBe(fits ? 'ok' : 'invalid-parameter');
        if (fits) expect(text(value, limits).bytes.toString('utf8')).toBe(value);
      }),
    );
  });
});

describe('binary', () => {
  it.each(['QQ==', 'QUI=', 'QUJD', '+/+/', 'AAAA', '////'])('%s is returned byte for byte', (sent) => {
    expect(binary(sent).bytes.toString('latin1')).toBe(sent);
  });

  it('keeps spare bits that decoding would lose', () => {
    expect(binary('QR==').bytes.toString('latin1')).toBe('QR==');
  });

  it.each(['Q', 'QQ', 'QQ=', 'QUJ', 'Q===', '====', '=', 'QQ==QQ==', 'QUJD=', 'QUJDQ', '=QQ='])(
    'is refused with wrong padding: %s',
    (sent) => {
      expect(outcome(() => binary(sent))).toBe('invalid-parameter');
    },
  );

  it.each(['QUJD\n', ' QUJD', 'QU\r\nJD', '-_-_', 'QUJé', 'QUJ\u{1D5}', 'hunter2!'])(
    'is refused with characters beyond the alphabet: %j',
    (sent) => {
      expect(outcome(() => binary(sent))).toBe('invalid-parameter');
    },
  );

  it('takes the standard Base64 of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70 }), (bytes) => {
        const sent = Buffer.from(bytes).toString('base64');
        expect(Buffer.from(binary(sent).bytes.toString('latin1'), 'base64')).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
