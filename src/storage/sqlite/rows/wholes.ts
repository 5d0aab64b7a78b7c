import { type Stored, type Table, wordOf } from '../../columns/fields.ts';
import type { Wholes } from '../../engine.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll } from '../files/installation-record.ts';
import { createRowReads, createRowWrites, keySql } from './rows.ts';

/** Prepares, when it is first asked for, the read of a table whose rows are wholes by themselves. */
export type WholeReads = <T>(table: Table<T>) => (...key: readonly Stored[]) => T | undefined;

/**
 * The reads on one connection. They throw damaged; where a table has one row only, also when that has been there and is gone.
 */
export function createWholeReads(db: Connection, mac: RowMac): WholeReads {
  const roll = createRoll(db, mac);
  return perTable(<T>(table: Table<T>) => {
    const { get } = createRowReads(db, mac, table).prepare(keySql(table));
    return isSingle(table) ? () => get() ?? roll.requireAbsent(rollName(table)) : get;
  }) as WholeReads;
}

/** Reads and writes on the connection that writes; `find`: the reads there. */
export function createWholes(
  db: Connection,
  mac: RowMac,
  find: WholeReads,
): <T>(table: Table<T>) => Wholes<T> {
  const roll = createRoll(db, mac);
  return perTable(<T>(table: Table<T>) => {
    const { put, remove, save } = createRowWrites(db, mac, table);
    const enrol = isSingle(table) ? () => roll.add(rollName(table)) : () => undefined;
    return {
      find: find(table),
      save(current: T | undefined, next: T | undefined) {
        if (next !== current && next !== undefined) enrol();
        save(current, next);
      },
      put(next: T) {
        enrol();
        put(next);
      },
      remove,
    };
  }) as <T>(table: Table<T>) => Wholes<T>;
}

function isSingle({ key }: Pick<Table<never>, 'key'>): boolean {
  return key.length === 0;
}

/** Under which name it is on the roll of the installation that there is such a row. */
function rollName({ kind }: Pick<Table<never>, 'kind'>): string {
  return wordOf(kind).replaceAll(' ', '-');
}

/** What is made for a table, once. */
function perTable<R>(make: (table: Table<never>) => R): (table: Table<never>) => R {
  const made = new Map<Table<never>, R>();
  return (table) => {
    const one = made.get(table) ?? make(table);
    made.set(table, one);
    return one;
  };
}
