import { randomFillSync } from 'node:crypto';

/** Where nonces come from; other ones are for tests. */
export interface NonceSource {
  /** Fills with random bytes. */
  fill(pool: Buffer): void;
  /** The wall clock, epoch milliseconds. */
  nowMs(): number;
  /** Nanoseconds within the second of a clock that only rises. */
  ticks(): number;
}

const POOL_BYTES = 4_096;
/** What the two clocks are mixed into. */
const NONCE_BYTES_MIN = 8;

/**
 * Makes a source of random nonces of 8 to 4,096 bytes. Drawn from the system's generator for many at once, since each
 * draw is a costly call; a nonce is no secret, so nothing is lost if the pool is seen. The time of use is mixed in, which
 * leaves random bytes random: a machine that was copied while it ran, pool and generator included, takes other nonces in
 * each of its lives. Keys never come from here.
 */
export function createNonces({ fill, nowMs, ticks }: NonceSource): (bytes: number) => Buffer {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  let at = POOL_BYTES;
  return (bytes) => {
    if (bytes < NONCE_BYTES_MIN || bytes > POOL_BYTES) throw new RangeError('no such nonce');
    if (at + bytes > POOL_BYTES) {
      fill(pool);
      at = 0;
    }
    at += bytes;
    const nonce = Buffer.from(pool.subarray(at - bytes, at));
    nonce.writeInt32LE(nonce.readInt32LE(0) ^ nowMs(), 0);
    nonce.writeInt32LE(nonce.readInt32LE(4) ^ ticks(), 4);
    return nonce;
  };
}

/** A random nonce of the system. */
export const takeNonce = createNonces({
  fill: (pool) => void randomFillSync(pool),
  nowMs: Date.now,
  ticks: () => process.hrtime()[1],
});
