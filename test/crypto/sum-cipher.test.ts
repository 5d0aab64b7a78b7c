import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSumCipher } from '../../src/crypto/sum-cipher.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const cipher = createSumCipher(key);
const place = { installationId: 'installation', counter: 7 };

describe('sum cipher', () => {
  it('makes elements block by block, the same each time, and others under another key', () => {
    const rowMacs = randomBytes(96);
    const elements = cipher.elements(rowMacs);
    expect(
      Buffer.concat([cipher.elements(rowMacs.subarray(0, 32)), cipher.elements(rowMacs.subarray(32))]),
    ).toEqual(elements);
    expect(elements).toHaveLength(96);
    expect(createSumCipher(createSecretKey(Buffer.alloc(32, 2))).elements(rowMacs)).not.toEqual(elements);
  });

  it('does not use the key of the row MACs itself', () => {
    const own = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    expect(cipher.elements(Buffer.alloc(32))).not.toEqual(own.update(Buffer.alloc(32)));
  });

  it('opens what it sealed, and nothing else', () => {
    const sums = randomBytes(64);
    const sealed = cipher.seal(place, sums);
    expect(cipher.open(place, sealed)).toEqual(sums);
    expect(sealed.includes(sums)).toBe(false);
    expect(() => cipher.open({ ...place, counter: 8 }, sealed)).toThrow('cannot be opened');
    expect(() => cipher.open({ ...place, installationId: 'another' }, sealed)).toThrow('cannot be opened');
    for (const [at, byte] of sealed.entries()) {
      const changed = Buffer.from(sealed);
      changed[at] = byte ^ 1;
      expect(() => cipher.open(place, changed)).toThrow('cannot be opened');
    }
    for (const bytes of [0, 5, sealed.length - 1]) {
      expect(() => cipher.open(place, sealed.subarray(0, bytes))).toThrow('cannot be opened');
    }
  });
});
