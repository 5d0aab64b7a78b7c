import { statSync } from 'node:fs';
import type { RoomFigures } from '../../../app/health/storage-status.ts';
import { isAdmittedAlways, writtenBytes } from '../../kinds.ts';
import { type CommitBatch, DiskFullError } from '../engine/group-commit.ts';
import { type Connection, LOG_PAGES_MAX } from '../engine/open.ts';
import type { Outcome, Request, WriterSettings } from '../engine/protocol.ts';
import { createTruncation } from './checkpoints.ts';
import { type Disk, missingReserve, releaseBallast, writeBallast } from './disk.ts';
import { createRoomMeter, type DiskRoom } from './disk-room.ts';

/** How old the known figures may be when a batch comes. */
const LOOK_MS = 1_000;
/** How long a disk that was full while reporting room is not trusted. */
const BALLAST_PAUSE_MS = 60_000;
/** The share of the reserve that the log may hold before it is moved into the database, which takes as much again. */
const LOG_SHARE = 1 / 4;
const LOG_PAGES_MIN = 16;

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
 * refuses none. What is in the log counts twice, as long as the database has to grow to take it in: a log that does not
 * fit into the database is never emptied, and every deletion makes it longer.
 */
export function createSpaceGuard(db: Connection, settings: Omit<WriterSettings, 'changes'>): SpaceGuard {
  const truncateLog = createTruncation(db);
  const outlook = createOutlook(db, settings, truncateLog);
  const isAdmitted = ({ command }: Request) =>
    isAdmittedAlways(command) || outlook.fits(writtenBytes(command));
  const refuse = ({ id }: Request) => storageFull(id, outlook.figures());

  return {
    ...outlook,
    admit(batch: readonly Request[], commit: CommitBatch): Outcome[] {
      outlook.expect(batch.reduce((sum, { command }) => sum + writtenBytes(command), 0));
      const admitted = batch.filter(isAdmitted);
      const refused = batch.filter((request) => !isAdmitted(request)).map(refuse);
      const committed = attempt(admitted, commit);
      if (committed !== undefined) return [...committed, ...refused];
      outlook.giveReserveUp();
      const alone = (request: Request) => {
        const own = isAdmitted(request) ? attempt([request], commit) : undefined;
        // Each may need all the room that is left, and gives it back.
        if (own !== undefined) truncateLog();
        return own ?? [refuse(request)];
      };
      return [...admitted.flatMap(alone), ...refused];
    },
  };
}

/** Prepares what is known of the disk, as of the last check. */
function createOutlook(
  db: Connection,
  settings: Omit<WriterSettings, 'changes'>,
  truncateLog: () => boolean,
) {
  const { directory, databaseFile } = settings;
  const measure = createRoomMeter(db, settings);
  const boundLog = createLogBound(db);
  const inode = inodeOf(databaseFile);
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let ballastFromMs = Number.NEGATIVE_INFINITY;
  let writable = true;
  let room: DiskRoom | undefined;
  /** Written since the last check. */
  let writtenBytesSince = 0;

  function look(): void {
    lookedAtMs = performance.now();
    writtenBytesSince = 0;
    let seen = measure();
    // An empty log shows what room there is.
    if (seen !== undefined && seen.spareBytes < 0 && writable && truncateLog()) seen = measure();
    // What cannot be checked may still work for those who have it open; the next change shows.
    if (seen === undefined) return;
    room = seen;
    const { disk, outsideBytes, spareBytes } = room;
    writable = spareBytes >= 0;
    boundLog(disk);
    const canRestore = outsideBytes >= disk.neededBytes && lookedAtMs >= ballastFromMs;
    // Nothing is written beside files that have replaced ours.
    if (missingReserve(disk) > 0 && canRestore && inodeOf(databaseFile) === inode)
      writeBallast(directory, disk.reserveBytes);
  }

  return {
    writable: () => writable,
    look,
    figures: () => room?.figures ?? UNKNOWN,
    fits: (bytes: number) => writable && (room === undefined || bytes <= room.outsideBytes),
    /** Looks unless what is known still holds when so many bytes more are written. */
    expect(bytes: number): void {
      const isNear = writable && room !== undefined && writtenBytesSince + bytes > room.spareBytes;
      if (isNear || performance.now() - lookedAtMs >= LOOK_MS) look();
      writtenBytesSince += bytes;
    },
    /** For a disk that is full. The log goes into the database first: what it leaves is room as well. */
    giveReserveUp(): void {
      releaseBallast(directory);
      ballastFromMs = performance.now() + BALLAST_PAUSE_MS;
      truncateLog();
      look();
      writable = false;
    },
  };
}

/** Commits; undefined: the disk is full, and nothing was done. */
function attempt(batch: readonly Request[], commit: CommitBatch): Outcome[] | undefined {
  try {
    return batch.length > 0 ? commit(batch) : [];
  } catch (error) {
    if (error instanceof DiskFullError) return undefined;
    throw error;
  }
}

/** Keeps the log so short that the reserve has room for all of it when others have taken the rest of the disk. */
function createLogBound(db: Connection): (disk: Disk) => void {
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  let known: number | undefined;
  return ({ reserveBytes }) => {
    if (reserveBytes === known) return;
    known = reserveBytes;
    const pages = Math.max(LOG_PAGES_MIN, Math.floor((reserveBytes * LOG_SHARE) / pageBytes));
    db.pragma(`wal_autocheckpoint = ${reserveBytes === 0 ? LOG_PAGES_MAX : Math.min(pages, LOG_PAGES_MAX)}`);
  };
}

function inodeOf(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
}

function storageFull(id: number, { freeBytes, reusableBytes, neededBytes }: RoomFigures): Outcome {
  const logReason = `${freeBytes + reusableBytes} bytes are free, ${neededBytes} are needed`;
  return { id, error: { code: 'storage-full', message: '', logReason } };
}
