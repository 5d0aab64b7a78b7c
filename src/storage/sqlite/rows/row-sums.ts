import { SecretError } from '../../../core/errors.ts';
import type { Table } from '../../columns/fields.ts';
import { SECRET } from '../../columns/secrets.ts';
import { authenticatedTables } from '../../kinds.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll, INSTALLATION } from '../files/installation-record.ts';
import { createSums, differingShards } from './sums.ts';

/** The sums' name on the roll of the installation. */
const ROLL_NAME = 'row-sums';
/** Rows that are read at a time. */
const PAGE_ROWS = 1_000;
/** The column by which rows are read, where that is not their key. */
const ROW_NUMBERS = new Map([[SECRET.name, 'row']]);

/** A table whose rows have MACs and are identified by its key for life. */
type SummedTable = Pick<Table<object>, 'key' | 'label' | 'name'>;

/** Every table with a `row_mac`: a label and a key never change, or the sums would be those of other rows. */
export function summedTables(): SummedTable[] {
  const { composed, wholes } = authenticatedTables();
  return [INSTALLATION, ...composed, ...wholes];
}

/** The address of a row as SQL; `row`: its name in the statement. */
export function placeSql({ label, key }: SummedTable, row: string): string {
  const columns = key.map((column) => `${row}.${column}`).join(` || '/' || `);
  return columns === '' ? `'${label}'` : `'${label} ' || ${columns}`;
}

/** Sums as last written. */
export interface StoredSums {
  readonly counter: number;
  readonly sums: Buffer;
}

/** Reads and writes the row of the sums. */
export interface SumRecord {
  /** Undefined where there are none. Throws damaged when they do not open. */
  read(): StoredSums | undefined;
  /** Writes the first sums of a database. Runs inside the write transaction. */
  insert(stored: StoredSums): void;
  /** Replaces the sums. Runs inside the write transaction. */
  update(stored: StoredSums): void;
}

/** Prepares the row of the sums on one connection. */
export function createSumRecord(db: Connection, { sums: cipher }: RowMac): SumRecord {
  const select = db.prepare<[], { id: string; counter: number; sealed: Buffer }>(
    'SELECT id, counter, sealed FROM row_sums, installation',
  );
  const insert = db.prepare('INSERT INTO row_sums (only_row, counter, sealed) VALUES (1, ?, ?)');
  const update = db.prepare('UPDATE row_sums SET counter = ?, sealed = ?');
  const idOf = db.prepare<[], string>('SELECT id FROM installation').pluck();
  let installationId: string | undefined;
  function seal({ counter, sums }: StoredSums): [number, Buffer] {
    installationId ??= idOf.get() ?? '';
    return [counter, cipher.seal({ installationId, counter }, sums)];
  }
  return {
    read() {
      const row = select.get();
      if (row === undefined) return undefined;
      const { counter, id, sealed } = row;
      return { counter, sums: cipher.open({ installationId: id, counter }, sealed) };
    },
    insert: (stored) => void insert.run(...seal(stored)),
    update: (stored) => void update.run(...seal(stored)),
  };
}

/**
 * Adds up the existing rows, and puts the sums on the roll: from then on they must exist. A damaged row is found by its
 * own MAC, and is added up as it is. Runs inside the write transaction. Throws damaged when the record of the
 * installation has been changed.
 */
export function makeRowSums(db: Connection, mac: RowMac): void {
  createRoll(db, mac).add(ROLL_NAME);
  createSumRecord(db, mac).insert({ counter: 1, sums: addUp(db, mac) });
}

/** Whether there have ever been sums. The record of the installation must have been checked. */
export function haveRowSums(db: Connection, mac: RowMac): boolean {
  return createRoll(db, mac).has(ROLL_NAME);
}

/**
 * The shards, counted from 1, in which a row is not the one that was written last, is missing, or does not belong there.
 * Throws damaged when the sums are gone or do not open.
 */
export function staleShards(db: Connection, mac: RowMac): number[] {
  const stored = createSumRecord(db, mac).read();
  if (stored === undefined) throw new SecretError('damaged', 'A stored row is missing.');
  return differingShards(stored.sums, addUp(db, mac)).map((shard) => shard + 1);
}

/** A row with a MAC, as stored. */
export interface PlacedMac {
  readonly place: string;
  readonly rowMac: Uint8Array;
}

/** Every row with a MAC, a page of each table at a time; nothing is checked. */
export function* placedMacs(db: Connection): Iterable<PlacedMac> {
  for (const summed of summedTables()) {
    const { key, name: table } = summed;
    // By bytes: text that is not UTF-8 reads as other text, and continuing after that might never end.
    const row = key.length === 0 ? 'only_row' : ROW_NUMBERS.get(table);
    const columns = row === undefined ? key : [row];
    const [read, given] =
      row === undefined ? [asBytes, 'CAST(? AS TEXT)'] : [(column: string) => column, '?'];
    const select = (where: string) =>
      db
        .prepare<unknown[], [string, Uint8Array | null, ...unknown[]]>(
          `SELECT ${placeSql(summed, table)}, row_mac, ${columns.map(read).join(', ')} FROM ${table} ${where}
            ORDER BY ${columns.join(', ')} LIMIT ${PAGE_ROWS}`,
        )
        .raw();
    const following = select(`WHERE (${columns.join(', ')}) > (${columns.map(() => given).join(', ')})`);
    let page = select('').all();
    while (page.length > 0) {
      // Only the record of an old installation may have none.
      for (const [name, rowMac] of page) if (rowMac !== null) yield { place: name, rowMac };
      const last = page.at(-1) ?? [];
      page = page.length < PAGE_ROWS ? [] : following.all(...last.slice(2));
    }
  }
}

function asBytes(column: string): string {
  return `CAST(${column} AS BLOB)`;
}

/** Sums over the existing rows. The caller provides a snapshot. */
function addUp(db: Connection, mac: RowMac): Buffer {
  const sums = createSums(mac.sums);
  for (const { place, rowMac } of placedMacs(db)) sums.add(place, rowMac, 1);
  return sums.bytes();
}
