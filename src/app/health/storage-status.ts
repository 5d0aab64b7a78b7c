/**
 * Why changes are refused at present: want of room, another program's lock, files that are no longer where they were,
 * or a writer that has ended.
 */
export type WriteRefusal = 'no-room' | 'locked' | 'missing' | 'ended';

/** What a writer knows about its files; all figures in bytes. */
export interface RoomFigures {
  /** Free on the file system. */
  readonly freeBytes: number;
  /** Free inside the database: what deletions left and has not been given back yet. */
  readonly reusableBytes: number;
  /** Changes are refused while less than this is free, inside and outside together. */
  readonly neededBytes: number;
  readonly databaseBytes: number;
  readonly logBytes: number;
}

/** What the store knows about itself; at most a few seconds old. */
export interface StorageStatus extends RoomFigures {
  /** Absent while changes are accepted. */
  readonly refusal: WriteRefusal | undefined;
  /** For how long another program's read has kept the log from being emptied; 0 while it does not. */
  readonly checkpointOwedMs: number;
}

/** What `/readyz` says. */
export interface Readiness {
  /** The name of what is not ready; absent while values can be read. */
  readonly reason: string | undefined;
  readonly writes: 'ok' | 'refused';
}

/** True while values can be read: neither want of room nor another program's lock keeps anybody from that. Pure. */
export function isReadable({ refusal }: Pick<StorageStatus, 'refusal'>): boolean {
  return refusal !== 'missing' && refusal !== 'ended';
}

/** True while the storage takes what background jobs note about themselves; a disk without room does. Pure. */
export function takesJobs({ refusal }: Pick<StorageStatus, 'refusal'>): boolean {
  return refusal === undefined || refusal === 'no-room';
}
