import { StartError } from '../../../app/start-error.ts';
import { SecretError } from '../../../core/errors.ts';
import { defineTable, optional, plain, type Row } from '../../columns/fields.ts';
import { changedRow, type RowMac, requireIntact, rowText } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { prepareInsert, prepareRows, selectSql } from '../rows/rows.ts';

/** Which installation a database belongs to, and what proves that a root key fits. */
export interface Installation {
  readonly id: string;
  readonly createTimeMs: number;
  readonly rootKeyId: string;
  readonly rootKeyFingerprint: string;
  /** How a passphrase becomes the root key; absent when it does not come from one. */
  readonly rootKeyStretching?: string | undefined;
  readonly canary: Uint8Array;
}

/** The one row that says which installation it is. */
export const INSTALLATION = defineTable<Installation>({
  name: 'installation',
  kind: 'installation/2',
  label: 'the installation',
  fields: {
    id: plain(),
    createTimeMs: plain(),
    rootKeyId: plain(),
    rootKeyFingerprint: plain(),
    rootKeyStretching: optional(),
    canary: plain(),
  },
  // A JSON array of names, sorted.
  more: ['roll'],
});

/**
 * The rows of the installation itself that have been made and must be there ever since: `signing-key`, `clock`,
 * `row-sums`.
 */
export interface Roll {
  has(name: string): boolean;
  /** Throws damaged when a row that is not there must be there. */
  requireAbsent(name: string): undefined;
  /** Notes that the row is there from now on. Runs inside the write transaction. Throws damaged. */
  add(name: string): void;
}

/**
 * Reads the record, not yet authenticated, and of any schema: its own columns are those of the first one. Undefined in a
 * new database. Throws StartError (damaged) if it was lost.
 */
export function readInstallation(db: Connection): Installation | undefined {
  const row = prepareRows(db, selectSql(INSTALLATION)).get();
  // A new root key for a database that is not empty would make everything in it unreadable.
  if (row === undefined && !isEmpty(db))
    throw new StartError('damaged', 'the database has lost the record of its root key');
  return row && INSTALLATION.decode(row);
}

/** Writes the record of a new database, signed. */
export function writeInstallation(db: Connection, mac: RowMac, installation: Installation): void {
  db.transaction(() => {
    prepareInsert(db, INSTALLATION, ['only_row'])(INSTALLATION.encode(installation), 1);
    createSigner(db, mac)([]);
  }).immediate();
}

/**
 * Signs the record of a database from before records were signed, with the rows that are there now, and puts the canary
 * in that says so from now on. To be called only when the old canary has been opened and is of the first form.
 */
export function signFirstInstallation(db: Connection, mac: RowMac, canary: Uint8Array): void {
  db.transaction(() => {
    db.prepare('UPDATE installation SET canary = ?').run(canary);
    const singles = db
      .prepare<[], string>(
        `SELECT 'signing-key' FROM signing_key UNION ALL SELECT 'clock' FROM clock
         UNION ALL SELECT 'row-sums' FROM row_sums`,
      )
      .pluck()
      .all();
    createSigner(db, mac)(singles);
  }).immediate();
}

/** Checks the record. Throws SecretError (damaged), also when it is not signed at all. */
export function requireIntactInstallation(db: Connection, mac: RowMac): void {
  createCheck(db, mac)();
}

/** Prepares the roll on one connection. */
export function createRoll(db: Connection, mac: RowMac): Roll {
  const read = db.prepare<[], string>('SELECT roll FROM installation').pluck();
  const names = () => readNames(read.get() ?? '');
  const requireSigned = createCheck(db, mac);
  const sign = createSigner(db, mac);
  return {
    has: (name) => names().includes(name),
    requireAbsent(name) {
      if (!names().includes(name)) return;
      throw new SecretError('damaged', 'A stored row is missing.');
    },
    add(name) {
      const present = names();
      if (present.includes(name)) return;
      // What somebody has changed must not be signed.
      requireSigned();
      sign([...present, name]);
    },
  };
}

/** Prepares the reading of the record as it is authenticated, the roll included. It throws damaged when there is none. */
function prepareSigned(db: Connection): () => Row {
  const record = prepareRows(db, selectSql(INSTALLATION, ['roll', 'row_mac']));
  return () => {
    const row = record.get();
    if (row === undefined) throw new SecretError('damaged', 'A stored record is missing.');
    return row;
  };
}

function createCheck(db: Connection, mac: RowMac): () => void {
  const read = prepareSigned(db);
  return () => {
    const row = read();
    const rowMac = row.at(-1);
    if (!(rowMac instanceof Uint8Array)) throw changedRow(INSTALLATION.kind);
    requireIntact(mac, INSTALLATION.kind, { text: rowText(INSTALLATION, row), rowMac });
  };
}

function createSigner(db: Connection, mac: RowMac): (roll: readonly string[]) => void {
  const read = prepareSigned(db);
  const setRoll = db.prepare('UPDATE installation SET roll = ?');
  const setMac = db.prepare('UPDATE installation SET row_mac = ?');
  return (roll) => {
    setRoll.run(JSON.stringify([...roll].sort()));
    setMac.run(mac.sign(rowText(INSTALLATION, read())));
  };
}

/** Nothing of a roll that is no list of names: its row's MAC finds that. */
function readNames(roll: string): string[] {
  try {
    const names: unknown = JSON.parse(roll);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** Every table of the schema counts, so that a new one cannot be forgotten. */
function isEmpty(db: Connection): boolean {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'installation'")
    .pluck()
    .all();
  return tables.every(
    (table) => db.prepare<[], number>(`SELECT EXISTS (SELECT 1 FROM "${table}")`).pluck().get() === 0,
  );
}
