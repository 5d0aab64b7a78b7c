import { statSync } from 'node:fs';
import type { RoomFigures } from '../../../app/health/storage-status.ts';
import type { Connection } from '../engine/open.ts';
import type { WriterSettings } from '../engine/protocol.ts';
import { type Disk, measureDisk, missingReserve } from './disk.ts';

/** Room inside the file counts only while this share of the limit is free outside: a change goes through the log first. */
const OUTSIDE_SHARE = 1 / 8;

/** What a database has room for. */
export interface DiskRoom {
  readonly disk: Disk;
  readonly figures: RoomFigures;
  /** Free outside of the file, beside the reserve and what the file will grow by when the log is moved into it. */
  readonly outsideBytes: number;
  /** What can still be written before changes are refused; negative: they are. */
  readonly spareBytes: number;
}

/** Prepares measuring; undefined: the file system or the database cannot be asked. */
export function createRoomMeter(
  db: Connection,
  { directory, databaseFile, freeBytesMin }: Omit<WriterSettings, 'changes'>,
): () => DiskRoom | undefined {
  const count = db.prepare<[], { free: number; all: number }>(
    'SELECT freelist_count AS free, page_count AS "all" FROM pragma_freelist_count, pragma_page_count',
  );
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  function measure(): DiskRoom {
    const disk = measureDisk(directory, freeBytesMin);
    const { neededBytes } = disk;
    const { free, all } = count.get() ?? { free: 0, all: 0 };
    const [databaseBytes, logBytes] = [sizeOf(databaseFile), sizeOf(`${databaseFile}-wal`)];
    const owedBytes = Math.max(0, all * pageBytes - databaseBytes);
    const freeBytes = Math.max(0, disk.freeBytes - owedBytes);
    const reusableBytes = free * pageBytes;
    const outsideBytes = disk.freeBytes - owedBytes - missingReserve(disk);
    const spareBytes = Math.min(
      outsideBytes + reusableBytes - neededBytes,
      outsideBytes - neededBytes * OUTSIDE_SHARE,
    );
    const figures = { freeBytes, reusableBytes, neededBytes, databaseBytes, logBytes };
    return { disk, figures, outsideBytes, spareBytes };
  }

  return () => {
    try {
      return measure();
    } catch {
      return undefined;
    }
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
