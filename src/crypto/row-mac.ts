import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { createSumCipher, type SumSealer } from './sum-cipher.ts';

/** Authenticates rows that are stored in plaintext: names, states, stages, version numbers. */
export interface RowAuthenticator {
  /** 32 bytes over the row's canonical text, which must name its kind and be unambiguous. */
  sign(canonical: string): Buffer;
  /** False for any other row, and for a MAC of another length; takes the same time wherever the bytes differ. */
  verify(canonical: string, mac: Uint8Array): boolean;
  /** For the sums over all rows, under keys of their own. */
  readonly sums: SumSealer;
}

/**
 * Creates a row MAC: HMAC-SHA256 over the UTF-8 bytes of the canonical text, about 3 µs.
 * `key` is `rootKey.derive('rowmac')`. A lone surrogate counts as U+FFFD, which is what a database returns.
 * @see RFC 2104
 */
export function createRowMac(key: KeyObject): RowAuthenticator {
  function sign(canonical: string): Buffer {
    return createHmac('sha256', key).update(canonical, 'utf8').digest();
  }
  let sums: SumSealer | undefined;
  return {
    sign,
    // Most threads never need them.
    get sums() {
      sums ??= createSumCipher(key);
      return sums;
    },
    verify(canonical, mac) {
      const expected = sign(canonical);
      return mac.length === expected.length && timingSafeEqual(expected, mac);
    },
  };
}
