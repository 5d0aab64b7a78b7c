import { isRemoval } from '../../kinds.ts';
import { isDiskFull } from '../engine/group-commit.ts';
import { type Connection, withoutWaiting } from '../engine/open.ts';
import type { Outcome, Request } from '../engine/protocol.ts';

const IDLE_CHECKPOINT_MS = 30_000;
const WAL_PAGES_MAX = 4_096;
/** How long the bytes of a pruned version may stay in the log: not every new version pays for a checkpoint. */
const REMOVED_MS_MAX = 1_000;
/** Between two attempts at a checkpoint that another reader blocks. */
const RETRY_MS = Object.freeze({ min: 50, max: 1_000 });

/** Moves what the log holds into the database. */
export interface Checkpoints {
  /** To be called after each committed batch, with its outcomes. */
  after(batch: readonly Request[], outcomes: readonly Outcome[]): void;
  /** Empties the log within a second. */
  soon(): void;
  /** How long a checkpoint has been waiting for another program's read; 0: none is waiting. */
  owedMs(): number;
  /** The last one, before the connection is closed. */
  stop(): void;
  /** No further one: the file can no longer be trusted. */
  abandon(): void;
}

/**
 * TRUNCATE checkpoints: after deletions, so that no deleted byte stays in the log; soon after other removals of sealed
 * values or keys; when the log has grown; and after a while without writes. None of them waits: one that another
 * program's read blocks moves what it can and is tried again until it is done. `guarded` runs each that a timer starts.
 */
export function createCheckpoints(db: Connection, guarded: (work: () => void) => void): Checkpoints {
  const truncateLog = createTruncation(db);
  const passive = db.prepare<[], { log: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  let batches = 0;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let owedSinceMs: number | undefined;
  let retryMs: number = RETRY_MS.min;

  function plan(waitMs: number): void {
    const atMs = performance.now() + waitMs;
    if (atMs >= dueAtMs) return;
    dueAtMs = atMs;
    clearTimeout(timer);
    timer = setTimeout(() => guarded(shorten), waitMs);
  }

  function shorten(): void {
    clearTimeout(timer);
    dueAtMs = Number.POSITIVE_INFINITY;
    if (truncateLog()) {
      owedSinceMs = undefined;
      retryMs = RETRY_MS.min;
      return;
    }
    owedSinceMs ??= performance.now();
    plan(retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MS.max);
  }

  function abandon(): void {
    clearTimeout(idle);
    clearTimeout(timer);
  }

  // What an earlier run of the server could not finish.
  shorten();
  const idle = setTimeout(() => guarded(shorten), IDLE_CHECKPOINT_MS);
  return {
    after(batch, outcomes): void {
      idle.refresh();
      batches += 1;
      if (outcomes.some((outcome) => 'result' in outcome && outcome.removed)) plan(REMOVED_MS_MAX);
      // Timers do not fire while batches follow each other.
      if (performance.now() >= dueAtMs) shorten();
      else if (owedSinceMs !== undefined) return;
      else if (batch.some(({ command }) => isRemoval(command))) shorten();
      else if (batches % 1_024 === 0 && (passive.get()?.log ?? 0) > WAL_PAGES_MAX) shorten();
    },
    soon: () => plan(REMOVED_MS_MAX),
    owedMs: () => (owedSinceMs === undefined ? 0 : performance.now() - owedSinceMs),
    stop(): void {
      shorten();
      abandon();
    },
    abandon,
  };
}

/**
 * Prepares moving the log into the database and emptying it, without waiting. False: another program's read or write
 * blocks it, or there is no room; nothing is lost, and the log stays.
 */
export function createTruncation(db: Connection): () => boolean {
  const truncate = db.prepare<[], { busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  return () => {
    try {
      return withoutWaiting(db, () => truncate.get())?.busy === 0;
    } catch (error) {
      if (isDiskFull(error)) return false;
      throw error;
    }
  };
}
