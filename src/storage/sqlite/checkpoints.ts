import { isDiskFull } from './group-commit.ts';
import type { Connection } from './open.ts';
import type { Request } from './protocol.ts';
import { isRemoval } from './removals.ts';

const IDLE_CHECKPOINT_MS = 30_000;
const WAL_PAGES_MAX = 4_096;

/** Moves what the log holds into the database. */
export interface Checkpoints {
  /** To be called after each committed batch. */
  after(batch: readonly Request[]): void;
  /** The last one, before the connection is closed. */
  stop(): void;
}

/**
 * TRUNCATE checkpoints: after deletions, so that no deleted byte stays in the log; when the log has grown; and when
 * nobody has written for a while.
 */
export function createCheckpoints(db: Connection): Checkpoints {
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const passive = db.prepare<[], { log: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  let batches = 0;
  /** A log that does not fit into the database for want of space stays a log; nothing is lost. */
  function shorten(): void {
    try {
      truncate.get();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }
  const idle = setTimeout(shorten, IDLE_CHECKPOINT_MS);
  return {
    after(batch: readonly Request[]): void {
      idle.refresh();
      batches += 1;
      if (batch.some(({ command }) => isRemoval(command))) shorten();
      else if (batches % 1_024 === 0 && (passive.get()?.log ?? 0) > WAL_PAGES_MAX) shorten();
    },
    stop(): void {
      clearTimeout(idle);
      shorten();
    },
  };
}
