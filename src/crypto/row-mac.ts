import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { createSumCipher } from './sum-cipher.ts';

/**
 * Creates the row MAC of the storage: HMAC-SHA256 over the UTF-8 bytes of the canonical text, about 3 µs.
 * `key` is `rootKey.derive('rowmac')`. A lone surrogate counts as U+FFFD, which is what a database returns.
 * @see RFC 2104
 */
export function createRowMac(key: KeyObject) {
  function sign(canonical: string): Buffer {
    return createHmac('sha256', key).update(canonical, 'utf8').digest();
  }
  let sums: ReturnType<typeof createSumCipher> | undefined;
  return {
    sign,
    // Most threads never need them.
    get sums() {
      sums ??= createSumCipher(key);
      return sums;
    },
    verify(canonical: string, mac: Uint8Array) {
      const expected = sign(canonical);
      return mac.length === expected.length && timingSafeEqual(expected, mac);
    },
  };
}
