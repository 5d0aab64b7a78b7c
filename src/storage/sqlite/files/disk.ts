import { closeSync, fsyncSync, lstatSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** By default, changes are refused below this much room, or below a share of a small volume. */
const FREE_BYTES_MIN = 64 * 1_048_576;
const FREE_SHARE = 1 / 8;
const RESERVE_BYTES_MAX = 16 * 1_048_576;
const RESERVE_SHARE = 1 / 16;
const BLOCK_BYTES = 65_536;
/** What opening the database takes at most. */
const OPENING_BYTES = 4 * 1_048_576;

/** The file system of a data directory, in bytes. */
export interface Disk {
  readonly freeBytes: number;
  /** What is held in reserve at present. */
  readonly ballastBytes: number;
  /** What should be held in reserve. */
  readonly reserveBytes: number;
  /** Below this much room, beside the reserve, changes are refused. */
  readonly neededBytes: number;
}

/**
 * Measures the file system of the data directory. `freeBytesMin`: the operator's limit in bytes. Throws the system's
 * error when that fails.
 */
export function measureDisk(directory: string, freeBytesMin?: number): Disk {
  const { bavail, blocks, bsize } = statfsSync(directory);
  const totalBytes = blocks * bsize;
  const ballastBytes = lstatSync(join(directory, 'ballast'), { throwIfNoEntry: false })?.size ?? 0;
  // An unbounded file system reports no blocks.
  if (totalBytes === 0) {
    return { freeBytes: Number.MAX_SAFE_INTEGER, ballastBytes, reserveBytes: 0, neededBytes: 0 };
  }
  return {
    freeBytes: bavail * bsize,
    ballastBytes,
    reserveBytes: wholeBlocks(Math.min(RESERVE_BYTES_MAX, totalBytes * RESERVE_SHARE)),
    neededBytes: freeBytesMin ?? wholeBlocks(Math.min(FREE_BYTES_MIN, totalBytes * FREE_SHARE)),
  };
}

/** What the reserve lacks; half of it counts as whole, since volumes are enlarged. */
export function missingReserve({ ballastBytes, reserveBytes }: Disk): number {
  return ballastBytes >= reserveBytes / 2 ? 0 : reserveBytes - ballastBytes;
}

/** Releases the reserve if there is no room to open a database. */
export function makeRoomToOpen(directory: string): void {
  if (measureDisk(directory).freeBytes < OPENING_BYTES) releaseBallast(directory);
}

/** Releases the reserve to the file system; one that cannot be removed stays. */
export function releaseBallast(directory: string): void {
  try {
    rmSync(join(directory, 'ballast'), { force: true });
  } catch {
    // Errors of the files beside it say more.
  }
}

/**
 * Keeps real bytes in reserve: on a full disk even a deletion needs space, and SQLite cannot be opened at all. Leaves
 * nothing behind when there is no room for it after all, or the file cannot be created.
 */
export function writeBallast(directory: string, bytes: number): void {
  // Not zeros: a compressing file system would not reserve the space.
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let offset = 0; offset < BLOCK_BYTES; offset += 4)
    block.writeUInt32LE((offset * 2_654_435_761) % 2 ** 32, offset);
  // Not through a link that another user may have left there.
  releaseBallast(directory);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(join(directory, 'ballast'), 'wx', 0o600);
    for (let written = 0; written < bytes; written += BLOCK_BYTES) writeSync(descriptor, block);
    fsyncSync(descriptor);
  } catch {
    releaseBallast(directory);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function wholeBlocks(bytes: number): number {
  return Math.floor(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
