import { createHash } from 'node:crypto';
import type { SumCipher } from '../../row-mac.ts';

/** Number of sums, each over the rows whose addresses fall to it: a wrong one says where to search. */
export const SHARDS = 64;
/** Bytes of a row MAC, of its element, and of a sum. */
const SUM_BYTES = 32;
const LANES = SUM_BYTES / Uint32Array.BYTES_PER_ELEMENT;
/** Rows whose elements are computed at a time. */
const BLOCK_ROWS = 256;

/**
 * Sums over a set of row MACs, in any order. For each shard eight lanes modulo 2^32: two sets whose elements are unknown
 * and cannot be chosen have the same sum with probability 2^-256.
 */
export interface Sums {
  /** Adds (1) or removes (-1) a row's MAC. `place` is the row's address, the same each time. */
  add(place: string, rowMac: Uint8Array, sign: 1 | -1): void;
  /** All sums, one after the other: to be copied before they are stored. */
  bytes(): Buffer;
  /** Drops what was added since, and continues from what `bytes` returned. */
  reset(from: Uint8Array): void;
}

/** Creates sums over no rows. */
export function createSums(cipher: Pick<SumCipher, 'elements'>): Sums {
  // Lanes have the machine's byte order, which is little-endian wherever this program runs.
  const lanes = new Uint32Array(SHARDS * LANES);
  const view = Buffer.from(lanes.buffer);
  const block = Buffer.alloc(BLOCK_ROWS * SUM_BYTES);
  const shards: number[] = [];
  const signs: number[] = [];

  function flush(): void {
    const elements = cipher.elements(block.subarray(0, shards.length * SUM_BYTES));
    for (let row = 0; row < shards.length; row += 1) {
      const [shard = 0, sign = 0] = [shards[row], signs[row]];
      for (let lane = 0; lane < LANES; lane += 1) {
        const at = shard * LANES + lane;
        const element = elements.readUInt32LE(row * SUM_BYTES + lane * Uint32Array.BYTES_PER_ELEMENT);
        // Only the last 32 bits are stored.
        lanes[at] = (lanes[at] ?? 0) + sign * element;
      }
    }
    shards.length = 0;
    signs.length = 0;
  }

  return {
    add(place, rowMac, sign) {
      // Only a changed one has another length.
      const mac = rowMac.length === SUM_BYTES ? rowMac : createHash('sha256').update(rowMac).digest();
      block.set(mac, shards.length * SUM_BYTES);
      shards.push(shardOf(place));
      signs.push(sign);
      if (shards.length === BLOCK_ROWS) flush();
    },
    bytes() {
      flush();
      return view;
    },
    reset(from) {
      shards.length = 0;
      signs.length = 0;
      view.set(from);
    },
  };
}

/** The shards, counted from 0, in which one differs from the other. */
export function differingShards(one: Buffer, other: Buffer): number[] {
  const sumOf = (sums: Buffer, shard: number) => sums.subarray(shard * SUM_BYTES, (shard + 1) * SUM_BYTES);
  return Array.from({ length: SHARDS }, (_, shard) => shard).filter(
    (shard) => !sumOf(one, shard).equals(sumOf(other, shard)),
  );
}

/** The shard of an address, counted from 0. @see FNV-1a, 32 bits */
export function shardOf(place: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < place.length; index += 1) {
    hash = Math.imul(hash ^ place.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 16) % SHARDS;
}
