import { SecretError } from '../../../core/errors.ts';
import type { Table } from '../../columns/fields.ts';
import { authenticatedTables } from '../../kinds.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll, INSTALLATION } from '../files/installation-record.ts';
import { addToSums, createSums, differingShards, type Sums } from './sums.ts';

/** The sums' name on the roll of the installation. */
const ROLL_NAME = 'row-sums';
/** Row MACs that are read at a time: the memory of a start, against the rows that each page has to skip. */
const PAGE_ROWS = 4_096;

/** Every table with a `row_mac`. */
export function summedTables(): Pick<Table<object>, 'key' | 'label' | 'name'>[] {
  return [INSTALLATION, ...authenticatedTables('composed'), ...authenticatedTables('wholes')];
}

/** Sums as last written. */
export interface StoredSums {
  /** How often they have been written. */
  readonly counter: number;
  readonly sums: Sums;
}

/** Prepares the row of the sums on one connection. Its writes run inside the write transaction. */
export function createSumRecord(db: Connection, { sums: cipher }: RowMac) {
  const select = db.prepare<[], { counter: number; sealed: Buffer }>('SELECT counter, sealed FROM row_sums');
  const insert = db.prepare('REPLACE INTO row_sums (only_row, counter, sealed) VALUES (1, ?, ?)');
  const update = db.prepare('UPDATE row_sums SET counter = ?, sealed = ?');
  return {
    /** Undefined where there are none. Throws damaged when the row is not sums. */
    read(): StoredSums | undefined {
      const row = select.get();
      return row && { counter: row.counter, sums: cipher.open(row.counter, row.sealed) };
    },
    /** Writes sums that do not follow from former ones. */
    insert: ({ counter, sums }: StoredSums) => void insert.run(counter, cipher.seal(counter, sums)),
    update: ({ counter, sums }: StoredSums) => void update.run(counter, cipher.seal(counter, sums)),
  };
}

/**
 * Adds up the existing rows, replacing former sums, and puts the sums on the roll: from then on they must exist. A
 * damaged row is found by its own MAC, and is added up as it is. Runs inside the write transaction. Throws damaged when the
 * record of the installation has been changed.
 */
export function makeRowSums(db: Connection, mac: RowMac): void {
  createRoll(db, mac).add(ROLL_NAME);
  createSumRecord(db, mac).insert({ counter: 1, sums: addUp(db, mac) });
}

/** Whether there have ever been sums. The record of the installation must have been checked. */
export function haveRowSums(db: Connection, mac: RowMac): boolean {
  return createRoll(db, mac).has(ROLL_NAME);
}

/** A row that differs from an older copy of the database and may not be as it was last written. */
export interface SuspectRow {
  readonly address: string;
  /** Its shards would be right with the row of the copy. */
  readonly isCertain: boolean;
}

/** Where the sums and the existing rows differ. */
export interface SumDifference {
  /**
   * Counted from 1: the shards in which the MAC of a row is missing or does not belong there; for a row that was put back,
   * those of the MAC that it has and of the MAC that it should have.
   */
  readonly shards: readonly number[];
  /** Empty without an older copy; shards that certain rows explain name no others. */
  readonly suspects: readonly SuspectRow[];
}

/**
 * Compares the sums with the existing rows, and these with those of an older copy. Throws damaged when the sums are gone.
 */
export function findSumDifference(db: Connection, mac: RowMac, older?: Connection): SumDifference {
  const stored = createSumRecord(db, mac).read();
  if (stored === undefined) throw new SecretError('damaged', 'A stored row is missing.');
  const present = addUp(db, mac);
  const shards = differingShards(stored.sums, present);
  if (older === undefined || shards.length === 0) return { shards, suspects: [] };
  const [rows, olderRows] = [addressedMacs(db), addressedMacs(older)];
  const suspects = [...new Set([...rows.keys(), ...olderRows.keys()])].flatMap((address) => {
    const [rowMac, olderMac] = [rows.get(address), olderRows.get(address)];
    const isSame = rowMac !== undefined && olderMac !== undefined && Buffer.compare(rowMac, olderMac) === 0;
    if (isSame) return [];
    const mended = createSums();
    mended.set(present);
    if (rowMac !== undefined) addToSums(mac.sums, mended, [{ rowMac, sign: -1 }]);
    if (olderMac !== undefined) addToSums(mac.sums, mended, [{ rowMac: olderMac, sign: 1 }]);
    const touched = differingShards(present, mended);
    const wrong = differingShards(stored.sums, mended);
    const isCertain = touched.length > 0 && !touched.some((shard) => wrong.includes(shard));
    return [{ address, touched, isCertain }];
  });
  const explained = new Set(suspects.flatMap(({ isCertain, touched }) => (isCertain ? touched : [])));
  const unexplained = shards.filter((shard) => !explained.has(shard));
  return {
    shards,
    suspects: suspects.filter(
      ({ isCertain, touched }) => isCertain || touched.some((shard) => unexplained.includes(shard)),
    ),
  };
}

/** The MACs of all rows by kind and address. */
function addressedMacs(db: Connection): Map<string, Uint8Array> {
  const selects = summedTables().map(({ key, label, name }) => {
    const address = key.length === 0 ? '' : ` || ' ' || ${key.join(` || '/' || `)}`;
    return `SELECT '${label}'${address}, row_mac FROM ${name} WHERE row_mac IS NOT NULL`;
  });
  return new Map(db.prepare<[], [string, Uint8Array]>(selects.join(' UNION ALL ')).raw().all());
}

/** Sums over the existing rows. The caller ensures that they are all of one moment. */
function addUp(db: Connection, mac: RowMac): Sums {
  const sums = createSums();
  // Only the record of an old installation may have none.
  const macs = summedTables().map(({ name }) => `SELECT row_mac FROM ${name} WHERE row_mac IS NOT NULL`);
  const page = db
    .prepare<[number], Uint8Array>(`${macs.join(' UNION ALL ')} LIMIT ${PAGE_ROWS} OFFSET ?`)
    .pluck();
  for (let [offset, read] = [0, PAGE_ROWS]; read === PAGE_ROWS; offset += read) {
    const rows = page.all(offset);
    read = rows.length;
    addToSums(
      mac.sums,
      sums,
      rows.map((rowMac) => ({ rowMac, sign: 1 })),
    );
  }
  return sums;
}
