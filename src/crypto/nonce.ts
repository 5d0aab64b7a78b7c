import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let at = POOL_BYTES;

/**
 * A random nonce of up to 4,096 bytes. Drawn from the system's generator for many at once, since each draw is a costly
 * call; a nonce is no secret, so nothing is lost if the pool is seen. Keys never come from here.
 */
export function takeNonce(bytes: number): Buffer {
  if (at + bytes > POOL_BYTES) {
    randomFillSync(pool);
    at = 0;
  }
  at += bytes;
  return Buffer.from(pool.subarray(at - bytes, at));
}
