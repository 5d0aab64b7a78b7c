import { type Stored, type Table, wordOf } from '../../columns/fields.ts';
import type { Wholes } from '../../engine.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll } from '../files/installation-record.ts';
import { createRowReads, createRowWrites, keySql } from './rows.ts';

/** Prepares, at the first use, the read of a table whose rows are authenticated alone. */
export type WholeReads = <T>(table: Table<T>) => (...key: readonly Stored[]) => T | undefined;

/** The reads on one connection. They throw damaged, also when a table's single row has existed and is gone. */
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

/** The name of such a row on the roll of the installation. */
function rollName({ kind }: Pick<Table<never>, 'kind'>): string {
  return wordOf(kind).replaceAll(' ', '-');
}

/** Makes something for a table, once. */
function perTable<R>(make: (table: Table<never>) => R): (table: Table<never>) => R {
  const made = new Map<Table<never>, R>();
  return (table) => {
    const one = made.get(table) ?? make(table);
    made.set(table, one);
    return one;
  };
}
