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

/** The one row that identifies the installation. */
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
 * Reads the record, not yet authenticated, of any schema: its columns are those of the first one. Undefined in a new
 * database. Throws StartError (damaged) if it was lost.
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
 * Signs the record of a database that is older than signed records, with the rows that exist now, and stores the canary
 * that says so. To be called only when the old canary has been opened and is of the first form.
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

/**
 * Prepares the roll on one connection: the installation's single rows that have been created and must exist from then on,
 * `signing-key`, `clock` and `row-sums`.
 */
export function createRoll(db: Connection, mac: RowMac) {
  const read = db.prepare<[], string>('SELECT roll FROM installation').pluck();
  const names = () => readNames(read.get() ?? '');
  const requireSigned = createCheck(db, mac);
  const sign = createSigner(db, mac);
  return {
    has: (name: string) => names().includes(name),
    /** Throws damaged when the missing row must exist. */
    requireAbsent(name: string): undefined {
      if (!names().includes(name)) return;
      throw new SecretError('damaged', 'A stored row is missing.');
    },
    /** Records that the row exists from now on. Runs inside the write transaction. Throws damaged. */
    add(name: string): void {
      const present = names();
      if (present.includes(name)) return;
      // A changed record must not be signed.
      requireSigned();
      sign([...present, name]);
    },
  };
}

/** Prepares reading the record as authenticated, the roll included. The read throws damaged when there is none. */
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

/** Empty for a roll that is not a list of names: its row's MAC shows that. */
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
