import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSumCipher } from '../../src/crypto/sum-cipher.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const cipher = createSumCipher(key);

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

  it('opens what it sealed, and makes other sums of anything else', () => {
    const sums = new Uint32Array([1, 2 ** 32 - 1, 3, 0, 5, 6, 7, 8]);
    const sealed = cipher.seal(7, sums);
    expect(cipher.open(7, sealed)).toEqual(sums);
    expect(cipher.seal(7, sums)).not.toEqual(sealed);
    expect(cipher.open(8, sealed)).not.toEqual(sums);
    for (const [at, byte] of sealed.entries()) {
      const changed = Buffer.from(sealed);
      changed[at] = byte ^ 1;
      expect(cipher.open(7, changed)).not.toEqual(sums);
    }
    for (const counter of [-1, 2 ** 47]) {
      expect(() => cipher.open(counter, sealed)).toThrow('cannot be opened');
    }
    for (const bytes of [0, 5, 8, sealed.length - 1]) {
      expect(() => cipher.open(7, sealed.subarray(0, bytes))).toThrow('cannot be opened');
    }
  });

  it('hides each lane behind a number of its own', () => {
    const masks = cipher.seal(1, new Uint32Array(256)).subarray(8);
    expect(new Set(Array.from({ length: 256 }, (_, lane) => masks.readUInt32LE(4 * lane))).size).toBe(256);
  });
});
