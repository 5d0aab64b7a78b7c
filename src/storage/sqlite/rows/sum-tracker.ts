import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createSumRecord, placeSql, summedTables } from './row-sums.ts';
import { createSums } from './sums.ts';

/**
 * Keeps the sums over all rows up to date while one connection writes. SQLite reports each row whose MAC is added,
 * changed or removed, also by a constraint or as a side effect, so that no table's code has to know of sums.
 */
export interface SumTracker {
  /** To be called when a transaction has begun. Throws damaged when the sums do not open. */
  begin(): void;
  /** How much has been reported so far: for `undo`. */
  mark(): number;
  /** To be called after a rollback to where `mark` was called: drops what came since. */
  undo(mark: number): void;
  /** Writes the sums at the end of a transaction that has changed any. */
  write(): void;
  /** To be called after COMMIT, and only then. */
  settle(): void;
}

/** Prepares tracking on a connection that writes. Without sums in the database it does nothing. */
export function createSumTracker(db: Connection, mac: RowMac): SumTracker {
  const record = createSumRecord(db, mac);
  const sums = createSums(mac.sums);
  /** Address, former MAC and present MAC of each reported row. */
  const told: (readonly [place: string, before: Uint8Array | null, after: Uint8Array | null])[] = [];
  let counter: number | undefined;
  /** As they were after the last COMMIT. */
  const settled = Buffer.alloc(sums.bytes().length);
  db.function('tell_row', { varargs: true }, (...row) => {
    told.push(row as unknown as (typeof told)[number]);
    return null;
  });
  for (const summed of summedTables()) db.exec(triggersSql(summed));

  return {
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
      sums.reset(settled);
      for (const [place, before, after] of told) {
        if (before !== null) sums.add(place, before, -1);
        if (after !== null) sums.add(place, after, 1);
      }
      record.update({ counter: counter + 1, sums: sums.bytes() });
    },
    settle() {
      if (counter === undefined || told.length === 0) return;
      counter += 1;
      settled.set(sums.bytes());
    },
  };
}

/** They belong to the connection alone and are not in the database. The columns of an address never change. */
function triggersSql(summed: Parameters<typeof placeSql>[0]): string {
  const { name: table } = summed;
  const make = (event: string, on: string, macs: string, row: string) =>
    `CREATE TEMP TRIGGER IF NOT EXISTS ${table}_${event} AFTER ${on} ON main.${table}
     BEGIN SELECT tell_row(${placeSql(summed, row)}, ${macs}); END;`;
  return [
    make('came', 'INSERT', 'NULL, NEW.row_mac', 'NEW'),
    make('went', 'DELETE', 'OLD.row_mac, NULL', 'OLD'),
    make('changed', 'UPDATE OF row_mac', 'OLD.row_mac, NEW.row_mac', 'NEW'),
  ].join('\n');
}
