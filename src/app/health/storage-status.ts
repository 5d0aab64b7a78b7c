/** Why changes are refused at present: a full disk, another program's lock, missing files, or a writer that has ended. */
export type WriteRefusal = 'no-room' | 'locked' | 'missing' | 'ended';

/** What a writer knows about its files; all figures in bytes. */
export interface RoomFigures {
  /** Free on the file system, beside what the database will grow by when the log is moved into it. */
  readonly freeBytes: number;
  /** Free inside the database: left by deletions and not yet returned to the file system. */
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
  /** How long another program's read has kept the log from being emptied; 0 when it does not. */
  readonly checkpointOwedMs: number;
}

/** What `/readyz` says. */
export interface Readiness {
  /** The name of what is not ready; absent while values can be read. */
  readonly reason: string | undefined;
  readonly writes: 'ok' | 'refused';
}

/** True while values can be read: a full disk or another program's lock does not prevent that. */
export function isReadable({ refusal }: Pick<StorageStatus, 'refusal'>): boolean {
  return refusal !== 'missing' && refusal !== 'ended';
}

/** True while the storage accepts what background jobs record about themselves, as with a full disk. */
export function takesJobs({ refusal }: Pick<StorageStatus, 'refusal'>): boolean {
  return refusal === undefined || refusal === 'no-room';
}
