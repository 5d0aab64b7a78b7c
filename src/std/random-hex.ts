import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
const IDS_AT_ONCE = 256;

/** Generates ids of 32 random lower-case hex digits. Randomness is drawn for many at once: each draw is a costly call. */
export function createHexIds(): () => string {
  const pool = Buffer.allocUnsafeSlow(ID_BYTES * IDS_AT_ONCE);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += ID_BYTES;
    return pool.toString('hex', at - ID_BYTES, at);
  };
}
