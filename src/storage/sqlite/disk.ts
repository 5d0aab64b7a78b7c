import { closeSync, fsyncSync, lstatSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Below this much free space, changes that need more of it are refused. */
export const FREE_BYTES_MIN = 64 * 1_048_576;
const BALLAST_BYTES = 16 * 1_048_576;
const BLOCK_BYTES = 1_048_576;

/** Free bytes on the file system of the data directory. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/**
 * Keeps 16 MiB of real bytes in reserve: on a full disk even a deletion needs space, and SQLite cannot be opened at all.
 * Gives the reserve back instead when the disk is nearly full, so it has to run before the database is opened.
 */
export function prepareBallast(directory: string): void {
  const file = join(directory, 'ballast');
  const present = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (freeBytes(directory) < FREE_BYTES_MIN) {
    releaseBallast(directory);
  } else if (present !== BALLAST_BYTES) {
    writeBallast(file);
  }
}

/** Gives the reserve back to the file system. */
export function releaseBallast(directory: string): void {
  rmSync(join(directory, 'ballast'), { force: true });
}

function writeBallast(file: string): void {
  // Not zeros: a file system that compresses would not keep the space.
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let offset = 0; offset < BLOCK_BYTES; offset += 4)
    block.writeUInt32LE((offset * 2_654_435_761) % 2 ** 32, offset);
  // Not through a link that somebody else may have left there.
  rmSync(file, { force: true });
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    for (let written = 0; written < BALLAST_BYTES; written += BLOCK_BYTES) writeSync(descriptor, block);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
