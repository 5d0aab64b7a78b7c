import { statSync } from 'node:fs';
import type { RoomFigures } from '../../../app/health/storage-status.ts';
import { isAdmittedAlways } from '../../kinds.ts';
import { type CommitBatch, DiskFullError } from '../engine/group-commit.ts';
import type { Connection } from '../engine/open.ts';
import type { Outcome, Request, WriterSettings } from '../engine/protocol.ts';
import { type Disk, measureDisk, missingReserve, releaseBallast, writeBallast } from './disk.ts';

/** How old the known figures may be when a batch comes. */
const LOOK_MS = 1_000;
/** How long a disk that was full while reporting room is not trusted. */
const BALLAST_PAUSE_MS = 60_000;
/**
 * Room inside the file counts only while this share of the limit is free outside: a change goes through the log first.
 */
const OUTSIDE_SHARE = 1 / 8;

/** Before the first check. */
const UNKNOWN: RoomFigures = Object.freeze({
  freeBytes: 0,
  reusableBytes: 0,
  neededBytes: 0,
  databaseBytes: 0,
  logBytes: 0,
});

/** Guards the commit while the disk is nearly full. */
export interface SpaceGuard {
  /** False while changes that need more space are refused. */
  writable(): boolean;
  /** Checks the disk; restores the reserve when there is room for it. */
  look(): void;
  /** As of the last check. */
  figures(): RoomFigures;
  /** Commits what there is room for; the outcome of the rest is storage-full. */
  admit(batch: readonly Request[], commit: CommitBatch): Outcome[];
}

/**
 * Refuses what needs more space while the disk is nearly full; deletions still get through. On a full disk the reserve is
 * released so that they can. A missing reserve counts as used, so that releasing it admits no change, and restoring it
 * refuses none.
 */
export function createSpaceGuard(
  db: Connection,
  { directory, databaseFile, freeBytesMin }: Omit<WriterSettings, 'changes'>,
): SpaceGuard {
  const pages = db.prepare<[], number>('SELECT freelist_count FROM pragma_freelist_count').pluck();
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const inode = inodeOf(databaseFile);
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let ballastFromMs = Number.NEGATIVE_INFINITY;
  let writable = true;
  let figures = UNKNOWN;

  function look(): void {
    lookedAtMs = performance.now();
    let disk: Disk;
    let reusableBytes: number;
    try {
      disk = measureDisk(directory, freeBytesMin);
      reusableBytes = (pages.get() ?? 0) * pageBytes;
    } catch {
      // What cannot be checked may still work for those who have it open; the next change shows.
      return;
    }
    const { neededBytes } = disk;
    const outsideBytes = disk.freeBytes - missingReserve(disk);
    writable = outsideBytes + reusableBytes >= neededBytes && outsideBytes >= neededBytes * OUTSIDE_SHARE;
    const [databaseBytes, logBytes] = [sizeOf(databaseFile), sizeOf(`${databaseFile}-wal`)];
    figures = { freeBytes: disk.freeBytes, reusableBytes, neededBytes, databaseBytes, logBytes };
    const canRestore = outsideBytes >= neededBytes && lookedAtMs >= ballastFromMs;
    // Nothing is written beside files that have replaced ours.
    if (missingReserve(disk) > 0 && canRestore && inodeOf(databaseFile) === inode)
      writeBallast(directory, disk.reserveBytes);
  }

  return {
    writable: () => writable,
    look,
    figures: () => figures,
    admit(batch: readonly Request[], commit: CommitBatch): Outcome[] {
      if (performance.now() - lookedAtMs >= LOOK_MS) look();
      const isAdmitted = ({ command }: Request) => writable || isAdmittedAlways(command);
      const refuse = (request: Request) => storageFull(request, figures);
      const first = commitPart(batch, { isAdmitted, refuse, commit });
      if (first !== undefined) return first;
      releaseBallast(directory);
      ballastFromMs = performance.now() + BALLAST_PAUSE_MS;
      look();
      writable = false;
      // The reserve also serves the batch that found the disk full.
      return commitPart(batch, { isAdmitted, refuse, commit }) ?? batch.map(refuse);
    },
  };
}

/** Commits what is admitted and refuses the rest; undefined: the disk is full, and nothing was done. */
function commitPart(
  batch: readonly Request[],
  {
    isAdmitted,
    refuse,
    commit,
  }: { isAdmitted(request: Request): boolean; refuse(request: Request): Outcome; commit: CommitBatch },
): Outcome[] | undefined {
  const admitted = batch.filter(isAdmitted);
  const refused = batch.filter((request) => !isAdmitted(request)).map(refuse);
  try {
    return [...(admitted.length > 0 ? commit(admitted) : []), ...refused];
  } catch (error) {
    if (error instanceof DiskFullError) return undefined;
    throw error;
  }
}

function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function storageFull({ id }: Request, { freeBytes, reusableBytes, neededBytes }: RoomFigures): Outcome {
  const logReason = `${freeBytes + reusableBytes} bytes are free, ${neededBytes} are needed`;
  return { id, error: { code: 'storage-full', message: '', logReason } };
}
