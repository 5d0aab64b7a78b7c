import { randomFillSync } from 'node:crypto';

/** Where nonces come from; tests have others. */
export interface NonceSource {
  /** Fills with random bytes. */
  fill(pool: Buffer): void;
  /** The wall clock, epoch milliseconds. */
  nowMs(): number;
  /** Nanoseconds within the second of a clock that only rises. */
  ticks(): number;
}

const POOL_BYTES = 4_096;
/** The bytes that the two clocks are mixed into. */
const NONCE_BYTES_MIN = 8;

/**
 * Creates a source of random nonces of 8 to 4,096 bytes. They are drawn from the system's generator many at a time, since
 * each draw is a costly call; a nonce is not secret, so the pool need not be hidden. The time of use is mixed in, which
 * leaves random bytes random: the copies of a machine cloned while running, pool and generator included, use different
 * nonces. Keys never come from here.
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

/** A random nonce from the system's generator. */
export const takeNonce = createNonces({
  fill: (pool) => void randomFillSync(pool),
  nowMs: Date.now,
  ticks: () => process.hrtime()[1],
});
