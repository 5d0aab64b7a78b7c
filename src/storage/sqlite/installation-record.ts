import { StartError } from '../../app/start-error.ts';
import { SecretError } from '../../core/errors.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import type { Connection } from './open.ts';

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

interface InstallationRow {
  readonly id: string;
  readonly create_time_ms: number;
  readonly root_key_id: string;
  readonly root_key_fingerprint: string;
  readonly root_key_stretching: string | null;
  readonly canary: Buffer;
  /** A JSON array of names, sorted. */
  readonly roll: string;
  readonly row_mac: Buffer | null;
}

/**
 * The rows of the installation itself that have been made and must be there ever since: `signing-key`, `clock`.
 */
export interface Roll {
  /** Throws damaged when a row that is not there must be there. */
  requireAbsent(name: string): void;
  /** Notes that the row is there from now on. Runs inside the write transaction. Throws damaged. */
  add(name: string): void;
}

/** Reads the record, not yet authenticated; undefined in a new database. Throws StartError (damaged) if it was lost. */
export function readInstallation(db: Connection): Installation | undefined {
  const row = prepareRow(db).get();
  if (row === undefined) {
    // A new root key for a database that is not empty would make everything in it unreadable.
    if (!isEmpty(db)) throw new StartError('damaged', 'the database has lost the record of its root key');
    return undefined;
  }
  return {
    id: row.id,
    createTimeMs: row.create_time_ms,
    rootKeyId: row.root_key_id,
    rootKeyFingerprint: row.root_key_fingerprint,
    rootKeyStretching: row.root_key_stretching ?? undefined,
    canary: row.canary,
  };
}

/** Writes the record of a new database, signed. */
export function writeInstallation(db: Connection, mac: RowMac, installation: Installation): void {
  const { id, createTimeMs, rootKeyId, rootKeyFingerprint, rootKeyStretching = null, canary } = installation;
  db.transaction(() => {
    db.prepare(
      `INSERT INTO installation
         (only_row, id, create_time_ms, root_key_id, root_key_fingerprint, root_key_stretching, canary)
       VALUES (1, ?, ?, ?, ?, ?, ?)`,
    ).run(id, createTimeMs, rootKeyId, rootKeyFingerprint, rootKeyStretching, canary);
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
      .prepare<[], string>("SELECT 'signing-key' FROM signing_key UNION ALL SELECT 'clock' FROM clock")
      .pluck()
      .all();
    createSigner(db, mac)(singles);
  }).immediate();
}

/** Checks the record. Throws SecretError (damaged), also when it is not signed at all. */
export function requireIntactInstallation(db: Connection, mac: RowMac): void {
  requireIntact(prepareRow(db).get(), mac);
}

function requireIntact(row: InstallationRow | undefined, mac: RowMac): void {
  const rowMac = row?.row_mac ?? undefined;
  if (row === undefined || rowMac === undefined)
    throw new SecretError('damaged', 'A stored record is missing.');
  requireIntactRow(mac, canonicalInstallation(row), { rowMac, what: 'installation' });
}

/** Prepares the roll on one connection. */
export function createRoll(db: Connection, mac: RowMac): Roll {
  const record = prepareRow(db);
  const sign = createSigner(db, mac);
  function names(): string[] {
    const row = record.get();
    return row === undefined ? [] : readNames(row.roll);
  }
  return {
    requireAbsent(name) {
      if (!names().includes(name)) return;
      throw new SecretError('damaged', 'A stored row is missing.');
    },
    add(name) {
      const present = names();
      if (present.includes(name)) return;
      // What somebody has changed must not be signed.
      requireIntact(record.get(), mac);
      sign([...present, name]);
    },
  };
}

function prepareRow(db: Connection) {
  return db.prepare<[], InstallationRow>('SELECT * FROM installation');
}

function createSigner(db: Connection, mac: RowMac): (roll: readonly string[]) => void {
  const record = prepareRow(db);
  const setRoll = db.prepare('UPDATE installation SET roll = ?');
  const setMac = db.prepare('UPDATE installation SET row_mac = ?');
  return (roll) => {
    setRoll.run(JSON.stringify([...roll].sort()));
    const row = record.get();
    if (row === undefined) throw new SecretError('damaged', 'A stored record is missing.');
    setMac.run(mac.sign(canonicalInstallation(row)));
  };
}

function canonicalInstallation(row: InstallationRow): string {
  return JSON.stringify([
    'installation/1',
    row.id,
    row.create_time_ms,
    row.root_key_id,
    row.root_key_fingerprint,
    row.root_key_stretching,
    row.canary.toString('base64'),
    row.roll,
  ]);
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
