import { SecretError } from '../../../core/errors.ts';
import { systemCode } from '../../../std/system-code.ts';
import type { Oversight } from '../../carry.ts';
import type { RowMac } from '../../row-mac.ts';
import { createSumTracker, type SumTracker } from '../rows/sum-tracker.ts';
import type { ChangeCounters } from './change-counters.ts';
import { type Carrier, createCarrier } from './engine.ts';
import { type Connection, isLocked } from './open.ts';
import { type Outcome, type Request, toSentError } from './protocol.ts';

/** Storage can no longer be trusted: the process has to end and recover at its next start. */
export class FatalStorageError extends Error {
  /** SQLite's code, such as SQLITE_IOERR_FSYNC. */
  readonly sqliteCode: string;

  constructor(sqliteCode: string, options: { cause: unknown }) {
    super(`the database failed with ${sqliteCode}`, options);
    this.name = 'FatalStorageError';
    this.sqliteCode = sqliteCode;
  }
}

/** The file system has no room left; the batch was rolled back and nothing of it is stored. */
export class DiskFullError extends Error {}

/** Another program held the write lock for too long; nothing of the batch was begun. */
export class DatabaseLockedError extends Error {}

const FULL = new Set(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE']);
/** Codes that one statement can fail with while the transaction and the file stay intact. */
const SURVIVABLE = /^SQLITE_(CONSTRAINT|BUSY|TOOBIG|MISMATCH|RANGE|ERROR)/;

/**
 * Carries out a batch in one durable transaction: one sync for all, and a command that is refused does not disturb its
 * neighbours. Returns after COMMIT. Throws DatabaseLockedError, DiskFullError, FatalStorageError.
 */
export type CommitBatch = (batch: readonly Request[]) => Outcome[];

/**
 * Prepares group commit on the writing connection; readers learn from `changes` what is under way. `sums`: those over its
 * rows, or none.
 */
export function createCommitBatch(
  db: Connection,
  mac: RowMac,
  changes: Pick<ChangeCounters, 'begin' | 'end'>,
  oversight: Oversight = {},
  sums: SumTracker = createSumTracker(db, mac),
): CommitBatch {
  const carrier = createCarrier(db, mac, sums.tell, oversight);
  const { abandon, begin, commit } = createTransaction(db, carrier, sums);
  const carryAll = createCarryAll(db, carrier);
  const carryEach = createCarryEach(db, carrier, sums);

  /** From the beginning, as if nothing of it had been tried. */
  function carryAgain(batch: readonly Request[]): Outcome[] {
    abandon();
    begin();
    return carryEach(batch);
  }

  return (batch) => {
    const commands = batch.map(({ command }) => command);
    let isCommitting = false;
    changes.begin(commands);
    try {
      begin();
      const outcomes = carryAll(batch) ?? carryAgain(batch);
      isCommitting = true;
      commit();
      changes.end(commands);
      return outcomes;
    } catch (error) {
      abandon();
      const failure = classify(error);
      const isUndone = !db.inTransaction && (!isCommitting || failure instanceof DiskFullError);
      if (isUndone) changes.end(commands);
      throw failure;
    }
  };
}

/**
 * Prepares the carrying out of a batch in which nothing fails. The rules refuse before anything is written: nothing
 * has to be undone for them, and savepoints would be paid for by every command. Undefined: a command failed when it had
 * written, or a statement has.
 */
function createCarryAll(
  db: Connection,
  carrier: Carrier,
): (batch: readonly Request[]) => Outcome[] | undefined {
  // Rises with every row that is written, whether that is undone later or not.
  const writtenRows = db.prepare<[], number>('SELECT total_changes()').pluck();
  return (batch) => {
    const outcomes: Outcome[] = [];
    for (const { actor, command, id } of batch) {
      const written = writtenRows.get();
      try {
        outcomes.push({ id, ...carrier.carry(command, actor) });
      } catch (error) {
        if (!isSurvivable(error)) throw error;
        if (!(error instanceof SecretError) || writtenRows.get() !== written) return undefined;
        outcomes.push({ id, error: toSentError(error) });
      }
    }
    return outcomes;
  };
}

/** Prepares the carrying out of a batch in which something fails: each command in a savepoint of its own. */
function createCarryEach(
  db: Connection,
  carrier: Carrier,
  sums: SumTracker,
): (batch: readonly Request[]) => Outcome[] {
  const savepoint = db.prepare('SAVEPOINT one');
  const release = db.prepare('RELEASE one');
  const undo = db.prepare('ROLLBACK TO one');
  return (batch) =>
    batch.map(({ actor, command, id }) => {
      savepoint.run();
      const mark = sums.mark();
      try {
        const carried = carrier.carry(command, actor);
        release.run();
        return { id, ...carried };
      } catch (error) {
        if (!isSurvivable(error)) throw error;
        undo.run();
        sums.undo(mark);
        release.run();
        carrier.forget();
        return { id, error: toSentError(error) };
      }
    });
}

/** Prepares the transaction of a batch. */
function createTransaction(db: Connection, carrier: Carrier, sums: SumTracker) {
  const statements = {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
  };
  return {
    begin(): void {
      try {
        statements.begin.run();
      } catch (cause) {
        throw isLocked(cause) ? new DatabaseLockedError('the database is locked', { cause }) : cause;
      }
      sums.begin();
    },
    commit(): void {
      sums.write();
      statements.commit.run();
      sums.settle();
    },
    /** Undoes what is left of it, and never throws. */
    abandon(): void {
      carrier.forget();
      // SQLite has usually rolled back by itself.
      if (!db.inTransaction) return;
      try {
        statements.rollback.run();
      } catch {
        // The first error says more, and the process ends on it.
      }
    },
  };
}

function isSurvivable(error: unknown): boolean {
  if (error instanceof SecretError) return true;
  const code = sqliteCode(error);
  return code === undefined || SURVIVABLE.test(code);
}

function classify(error: unknown): Error {
  if (error instanceof DatabaseLockedError) return error;
  const code = sqliteCode(error) ?? 'no SQLite code';
  if (FULL.has(code)) return new DiskFullError('the disk is full', { cause: error });
  return new FatalStorageError(code, { cause: error });
}

/** True for what SQLite says when the file system has no room left. */
export function isDiskFull(error: unknown): boolean {
  return FULL.has(sqliteCode(error) ?? '');
}

function sqliteCode(error: unknown): string | undefined {
  const code = systemCode(error);
  return code.startsWith('SQLITE') ? code : undefined;
}
