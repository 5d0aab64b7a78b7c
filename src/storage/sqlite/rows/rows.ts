import type Database from 'better-sqlite3';
import { type Row, requireFewColumns, type Stored, type Table } from '../../columns/fields.ts';
import { type RowMac, requireIntact, rowText } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';

type Columns = Pick<Table<never>, 'name' | 'own'>;

/** The condition that finds a row by its key; empty where there is only one row. */
export function keySql({ key }: Pick<Table<never>, 'key'>): string {
  return key.length === 0 ? '' : `WHERE ${key.map((column) => `${column} = ?`).join(' AND ')}`;
}

/** Reads the columns of a table's fields, and `more` after them; the caller continues with `WHERE`. */
export function selectSql({ name, own }: Columns, more: readonly string[] = []): string {
  return `SELECT ${[...own, ...more].join(', ')} FROM ${name}`;
}

/** Prepares inserting a row: takes the row, then the values of `more`. Returns its row number. */
export function prepareInsert(
  db: Connection,
  { name, own }: Columns,
  more: readonly string[],
  verb = 'INSERT',
): (row: Row, ...rest: readonly Stored[]) => number {
  const columns = [...own, ...more];
  const insert = db.prepare(
    `${verb} INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  return (row, ...rest) => Number(insert.run([...row, ...rest]).lastInsertRowid);
}

/**
 * Prepares updating the columns that differ between two rows, and `more`: an unwritten column leaves its indexes alone.
 * Without either it writes nothing. Takes both rows, then the values of `more`, then those of `where`. There are as many
 * statements as sets of columns that change together, which are few; a set is 32 bits. Throws RangeError for a table with
 * more columns.
 */
export function prepareUpdate(
  db: Connection,
  { name, own }: Columns,
  { more, where }: { readonly more: readonly string[]; readonly where: string },
): (before: Row, after: Row, ...rest: readonly Stored[]) => void {
  requireFewColumns({ columns: own, name });
  const statements = new Map<number, Database.Statement>();
  function prepare(indexes: readonly number[]): Database.Statement {
    const columns = [...indexes.map((index) => own[index]), ...more];
    return db.prepare(`UPDATE ${name} SET ${columns.map((column) => `${column} = ?`).join(', ')} ${where}`);
  }
  return (before, after, ...rest) => {
    const indexes: number[] = [];
    const values: Stored[] = [];
    let key = 0;
    for (let index = 0; index < own.length; index += 1) {
      const value = after[index] as Stored;
      if (value === before[index]) continue;
      key |= 1 << index;
      indexes.push(index);
      values.push(value);
    }
    if (key === 0 && more.length === 0) return;
    const statement = statements.get(key) ?? prepare(indexes);
    statements.set(key, statement);
    values.push(...rest);
    statement.run(values);
  };
}

/** Prepares a read of rows as stored. */
export function prepareRows(db: Connection, sql: string) {
  return db.prepare<unknown[], Stored[]>(sql).raw();
}

/** Reads rows that are authenticated alone, each before it is returned. */
export interface RowReads<T> {
  /** Prepares a read by the SQL after `FROM`. */
  prepare(tail?: string): RowRead<T>;
  /** What a row holds. Throws damaged. */
  authentic(row: Row): T;
  /** A row's value of one of its columns, authenticated or not. */
  valueOf(row: Row, column: string): Stored;
}

/** One prepared read. */
export interface RowRead<T> {
  /** Throws damaged. */
  get(...parameters: readonly unknown[]): T | undefined;
  /** Rows as stored, for `authentic`. */
  rows(...parameters: readonly unknown[]): Row[];
}

/** Prepares reads from one table. */
export function createRowReads<T>(db: Connection, mac: RowMac, table: Table<T>): RowReads<T> {
  const sql = selectSql(table, ['row_mac']);
  const index = table.own.length;

  function authentic(row: Row): T {
    requireIntact(mac, table.kind, { text: rowText(table, row), rowMac: row[index] as Buffer });
    return table.decode(row);
  }

  return {
    authentic,
    valueOf: (row, column) => row[table.own.indexOf(column)] ?? null,
    prepare(tail = '') {
      const statement = prepareRows(db, `${sql} ${tail}`);
      return {
        get(...parameters) {
          const row = statement.get(...parameters);
          return row && authentic(row);
        },
        rows: (...parameters) => statement.all(...parameters),
      };
    },
  };
}

/** Prepares the writes to a table whose rows are authenticated alone, with their MACs. */
export function createRowWrites<T>(db: Connection, mac: RowMac, table: Table<T>) {
  const { key, name, own } = table;
  const isSingle = key.length === 0;
  const more = isSingle ? ['row_mac', 'only_row'] : ['row_mac'];
  const where = keySql(table);
  const insert = prepareInsert(db, table, more);
  const replace = prepareInsert(db, table, more, 'INSERT OR REPLACE');
  const update = prepareUpdate(db, table, { more: ['row_mac'], where });
  const remove = db.prepare(`DELETE FROM ${name} ${where}`);
  const keyIndexes = key.map((column) => own.indexOf(column));
  const keyOf = (row: Row) => keyIndexes.map((index) => row[index] as Stored);
  const sign = (row: Row) => mac.sign(rowText(table, row));
  const beside = (row: Row) => (isSingle ? [sign(row), 1] : [sign(row)]);

  return {
    /** Replaces an existing row. */
    put(thing: T): void {
      const row = table.encode(thing);
      replace(row, ...beside(row));
    },
    /** Writes the difference between what was loaded and what is to be stored. */
    save(current: T | undefined, next: T | undefined): void {
      if (next === current) return;
      const row = table.encode((next ?? current) as T);
      if (next === undefined) remove.run(...keyOf(row));
      else if (current === undefined) insert(row, ...beside(row));
      else update(table.encode(current), row, sign(row), ...keyOf(row));
    },
    /** Removes the row with this key, unread. */
    remove: (...values: readonly Stored[]) => void remove.run(...values),
  };
}
