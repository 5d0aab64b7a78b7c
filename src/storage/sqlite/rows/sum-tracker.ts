import { SECRET } from '../../columns/secrets.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createSumRecord, summedTables } from './row-sums.ts';
import { addToSums, createSums, type MacChange } from './sums.ts';

/** Reports that a row was added, changed or removed: the MAC that it had, and the one that it has. */
export type TellRow = (before: Uint8Array | null, after: Uint8Array | null) => void;

/**
 * Keeps the sums over all rows up to date while one connection writes. SQLite reports each row whose MAC is added, changed
 * or removed, also by a constraint or as a side effect, so that no table's code has to know of sums. Only the rows of
 * secrets are reported by the code that adds and changes them, since triggers would cost a twentieth of each change.
 */
export interface SumTracker {
  readonly tell: TellRow;
  /** To be called when a transaction has begun. Throws damaged when rows have no sums. */
  begin(): void;
  /** How much has been reported so far: for `undo`. */
  mark(): number;
  /** To be called after a rollback to where `mark` was called: drops what came since. */
  undo(mark: number): void;
  /** Writes the sums as the last step of a transaction that has changed any. */
  write(): void;
  /** To be called after COMMIT, and only then. */
  settle(): void;
}

/** Prepares the tracking on a connection that writes. Without sums in the database it does nothing. */
export function createSumTracker(db: Connection, mac: RowMac): SumTracker {
  const record = createSumRecord(db, mac);
  const told: MacChange[] = [];
  let counter: number | undefined;
  /** As of the last COMMIT, and as they are about to be. */
  const [settled, next] = [createSums(), createSums()];
  function tell(before: Uint8Array | null, after: Uint8Array | null): void {
    if (before !== null) told.push({ rowMac: before, sign: -1 });
    if (after !== null) told.push({ rowMac: after, sign: 1 });
  }
  db.function('tell_row', (before, after) => {
    tell(before as Uint8Array | null, after as Uint8Array | null);
    return null;
  });
  for (const { name } of summedTables()) db.exec(triggersSql(name));

  return {
    tell,
    begin() {
      told.length = 0;
      if (counter !== undefined) return;
      const stored = record.read();
      if (stored === undefined) return;
      counter = stored.counter;
      settled.set(stored.sums);
    },
    mark: () => told.length,
    undo(mark) {
      told.length = mark;
    },
    write() {
      if (counter === undefined || told.length === 0) return;
      next.set(settled);
      addToSums(mac.sums, next, told);
      record.update({ counter: counter + 1, sums: next });
    },
    settle() {
      if (counter === undefined || told.length === 0) return;
      counter += 1;
      settled.set(next);
    },
  };
}

/** For data that end with the process: nobody will ever compare their sums. */
export const NO_SUMS: SumTracker = Object.freeze({
  tell: () => undefined,
  begin: () => undefined,
  mark: () => 0,
  undo: () => undefined,
  write: () => undefined,
  settle: () => undefined,
});

/** They belong to the connection alone and are not in the database. */
function triggersSql(table: string): string {
  const make = (event: string, on: string, macs: string) =>
    `CREATE TEMP TRIGGER IF NOT EXISTS ${table}_${event} AFTER ${on} ON main.${table} BEGIN SELECT tell_row(${macs}); END;`;
  const removed = make('removed', 'DELETE', 'OLD.row_mac, NULL');
  if (table === SECRET.name) return removed;
  const added = make('added', 'INSERT', 'NULL, NEW.row_mac');
  return `${removed} ${added} ${make('changed', 'UPDATE OF row_mac', 'OLD.row_mac, NEW.row_mac')}`;
}
