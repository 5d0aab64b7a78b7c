import { createHash } from 'node:crypto';
import type { SumCipher } from '../../row-mac.ts';

/** Number of sums, each over the row MACs that fall to it: a wrong one says where to search. */
export const SHARDS = 64;
/** Bytes of an element and of a sum; as many of a row MAC are enough to distinguish it from all others. */
const SUM_BYTES = 16;
const MAC_BYTES = 32;
const LANES = SUM_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/**
 * Sums over a set of row MACs, in any order. For each shard four lanes modulo 2^32: two sets whose elements are unknown
 * and cannot be chosen have the same sum with probability 2^-128.
 */
export type Sums = Uint32Array;

/** A row MAC that was added (1) or removed (-1). */
export interface MacChange {
  readonly rowMac: Uint8Array;
  readonly sign: 1 | -1;
}

/** Creates sums over no rows. */
export function createSums(): Sums {
  return new Uint32Array(SHARDS * LANES);
}

/** Brings sums up to date. */
export function addToSums(
  cipher: Pick<SumCipher, 'elements'>,
  sums: Sums,
  changes: readonly MacChange[],
): void {
  const bytes = changes.length * SUM_BYTES;
  const macs = Buffer.allocUnsafe(bytes + MAC_BYTES - SUM_BYTES);
  changes.forEach(({ rowMac }, row) => {
    // Only a changed one has another length.
    const mac = rowMac.length === MAC_BYTES ? rowMac : createHash('sha256').update(rowMac).digest();
    // The next one takes the place of its second half, which costs less than leaving that out.
    macs.set(mac, row * SUM_BYTES);
  });
  // Lanes have the machine's byte order, which is little-endian wherever this program runs.
  const elements = new Uint32Array(changes.length * LANES);
  Buffer.from(elements.buffer).set(cipher.elements(macs.subarray(0, bytes)));
  changes.forEach(({ sign }, row) => {
    const shard = (macs[row * SUM_BYTES] ?? 0) % SHARDS;
    for (let lane = 0; lane < LANES; lane += 1) {
      const at = shard * LANES + lane;
      // Only the last 32 bits are stored.
      sums[at] = (sums[at] ?? 0) + sign * (elements[row * LANES + lane] ?? 0);
    }
  });
}

/** The shards, counted from 1, in which the two differ. */
export function differingShards(one: Sums, other: Sums): number[] {
  const shards = new Set<number>();
  for (const [at, lane] of one.entries()) if (lane !== other[at]) shards.add(Math.floor(at / LANES) + 1);
  return [...shards];
}
