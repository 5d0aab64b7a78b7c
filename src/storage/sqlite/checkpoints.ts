import { isDiskFull } from './group-commit.ts';
import type { Connection } from './open.ts';
import type { Outcome, Request } from './protocol.ts';
import { isRemoval } from './removals.ts';

const IDLE_CHECKPOINT_MS = 30_000;
const WAL_PAGES_MAX = 4_096;
/** How long the bytes of a version that made room for a new one may stay in the log: not every new version pays for it. */
const REMOVED_MS_MAX = 1_000;

/** Moves what the log holds into the database. */
export interface Checkpoints {
  /** To be called after each committed batch, with what became of it. */
  after(batch: readonly Request[], outcomes: readonly Outcome[]): void;
  /** The last one, before the connection is closed. */
  stop(): void;
}

/**
 * TRUNCATE checkpoints: after deletions, so that no deleted byte stays in the log; soon after whatever else took sealed
 * values or keys away; when the log has grown; and when nobody has written for a while.
 */
export function createCheckpoints(db: Connection): Checkpoints {
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const passive = db.prepare<[], { log: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  let batches = 0;
  let owedSinceMs: number | undefined;
  let soon: NodeJS.Timeout | undefined;
  /** A log that does not fit into the database for want of space stays a log; nothing is lost. */
  function shorten(): void {
    clearTimeout(soon);
    owedSinceMs = undefined;
    try {
      truncate.get();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }
  const idle = setTimeout(shorten, IDLE_CHECKPOINT_MS);
  return {
    after(batch, outcomes): void {
      idle.refresh();
      batches += 1;
      if (outcomes.some((outcome) => 'result' in outcome && outcome.removed) && owedSinceMs === undefined) {
        owedSinceMs = performance.now();
        soon = setTimeout(shorten, REMOVED_MS_MAX);
      }
      // Timers do not come while one batch follows the other.
      const isOwed = owedSinceMs !== undefined && performance.now() - owedSinceMs >= REMOVED_MS_MAX;
      if (isOwed || batch.some(({ command }) => isRemoval(command))) shorten();
      else if (batches % 1_024 === 0 && (passive.get()?.log ?? 0) > WAL_PAGES_MAX) shorten();
    },
    stop(): void {
      clearTimeout(idle);
      shorten();
    },
  };
}
