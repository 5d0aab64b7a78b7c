import { type CommitBatch, DatabaseLockedError } from '../engine/group-commit.ts';
import { type Connection, isLocked, LOCKED, withoutWaiting } from '../engine/open.ts';
import type { Outcome, Request } from '../engine/protocol.ts';

/** Guards the commit while another program holds the write lock of the database. */
export interface LockGuard {
  /**
   * Commits; the outcomes are unavailable when the lock could not be obtained in time. Throws DiskFullError,
   * FatalStorageError.
   */
  readonly commit: CommitBatch;
  /** True from a batch that waited in vain until the lock is free again. */
  isLocked(): boolean;
  /** Checks whether the lock is free by now, without waiting for it. */
  look(): void;
}

/** Creates a commit that survives another program's write lock: nothing was begun, so no outcome is unknown. */
export function createLockGuard(db: Connection, commit: CommitBatch): LockGuard {
  let locked = false;
  return {
    isLocked: () => locked,
    commit(batch) {
      try {
        const outcomes = commit(batch);
        locked = false;
        return outcomes;
      } catch (error) {
        if (!(error instanceof DatabaseLockedError)) throw error;
        locked = true;
        return batch.map(refuseLocked);
      }
    },
    look() {
      if (locked) locked = !withoutWaiting(db, () => canBegin(db));
    },
  };
}

/** The outcome of a command that waited for the lock in vain. */
export function refuseLocked({ id }: Request): Outcome {
  return { id, error: { code: 'unavailable', message: '', logReason: LOCKED } };
}

function canBegin(db: Connection): boolean {
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch (error) {
    if (isLocked(error)) return false;
    throw error;
  }
}
