import Database from 'better-sqlite3';
import { SecretError, unavailable } from '../../../core/errors.ts';
import { connect } from './connection.ts';

/** A connection to the embedded database. */
export type Connection = Database.Database;

/** "CSMS" in ASCII: distinguishes our files from other SQLite databases. */
export const APPLICATION_ID = 0x43534d53;
/** The first SQLite without the WAL-reset bug (two connections writing and checkpointing at once). */
const SQLITE_MIN = [3, 51, 3] as const;
const WAL_LIMIT_BYTES = 67_108_864;
/** From so many pages on, each commit moves the log into the database. */
export const LOG_PAGES_MAX = 1_000;
/** How long a change waits for another program's write lock. */
const LOCK_WAIT_MS = 5_000;

/** Every setting that durability or secrecy depends on, with the value that it must read back as. */
const WRITER_SETTINGS: readonly (readonly [name: string, value: string | number])[] = [
  ['journal_mode', 'wal'],
  // better-sqlite3 compiles in NORMAL as the default for WAL: confirmed writes could be lost in a power failure.
  ['synchronous', 2],
  ['fullfsync', 1],
  ['checkpoint_fullfsync', 1],
  // FAST leaves overflow pages behind.
  ['secure_delete', 1],
  ['foreign_keys', 1],
  // Without it no trigger fires for a row that REPLACE removes.
  ['recursive_triggers', 1],
  ['trusted_schema', 0],
  ['cell_size_check', 1],
  ['temp_store', 2],
  ['mmap_size', 0],
  ['wal_autocheckpoint', LOG_PAGES_MAX],
  ['journal_size_limit', WAL_LIMIT_BYTES],
  ['busy_timeout', LOCK_WAIT_MS],
];

/** Of those, the ones that concern a database in memory too. */
const IMAGE_SETTINGS = WRITER_SETTINGS.filter(([name]) =>
  [
    'secure_delete',
    'foreign_keys',
    'recursive_triggers',
    'trusted_schema',
    'cell_size_check',
    'temp_store',
  ].includes(name),
);
/** Of the cache of a database in memory, which has its pages there already. */
const IMAGE_CACHE_KIB = 64;
/** @see SQLite, database file format: where the header has the size of a page */
const PAGE_SIZE_AT = 16;
/** The largest database that has room in memory: one that is larger is full. */
export const IMAGE_BYTES_MAX = 268_435_456;
/** @see SQLite, database file format, write and read version: where they are in the header */
const FORMAT_VERSIONS = [18, 20] as const;

const READER_SETTINGS: readonly (readonly [name: string, value: string | number])[] = [
  ['query_only', 1],
  ['trusted_schema', 0],
  ['cell_size_check', 1],
  ['temp_store', 2],
  ['mmap_size', 0],
  ['busy_timeout', 1_000],
];

/** Opens the one connection that writes. Throws when a setting does not hold, or SQLite is too old. */
export function openWriter(file: string): Connection {
  return configure(connect(file), WRITER_SETTINGS);
}

/**
 * Opens a copy of a database in memory, which may grow to IMAGE_BYTES_MAX. There may be hundreds: what it takes is kept
 * small. Throws when a setting does not hold.
 */
export function openImage(image: Buffer, { readonly = false } = {}): Connection {
  const db = connect(image, { readonly, preparesLate: true });
  const pagesMax = Math.floor(IMAGE_BYTES_MAX / image.readUInt16BE(PAGE_SIZE_AT));
  const set = [...IMAGE_SETTINGS, ['cache_size', -IMAGE_CACHE_KIB], ['max_page_count', pagesMax]] as const;
  try {
    db.exec(set.map(([name, value]) => `PRAGMA ${name} = ${value}`).join(';'));
    const reads = set.map(([name]) => `(SELECT * FROM pragma_${name})`);
    const actual = db
      .prepare(`SELECT ${reads.join(', ')}`)
      .raw()
      .get() as unknown[];
    const failed = set.find(([, value], index) => actual[index] !== value);
    if (failed !== undefined) throw new Error(`SQLite setting ${failed[0]} does not hold`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The whole database at one moment, as `openImage` takes it. */
export function imageOf(db: Connection): Buffer {
  return readOrDamaged(() => {
    db.exec('BEGIN');
    try {
      // A database in memory has no write-ahead log, and an image whose header names one cannot be opened.
      return db.serialize().fill(1, ...FORMAT_VERSIONS);
    } finally {
      db.exec('COMMIT');
    }
  });
}

/** Opens a connection that cannot write. The file must exist. */
export function openReader(file: string): Connection {
  return configure(connect(file, { readonly: true, fileMustExist: true }), READER_SETTINGS);
}

/** Runs work on the writing connection that fails at once where it would wait for another program. */
export function withoutWaiting<T>(db: Connection, work: () => T): T {
  db.exec('PRAGMA busy_timeout = 0');
  try {
    return work();
  } finally {
    db.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
  }
}

/**
 * Runs several reads on one snapshot: without it, a commit of the writer between two of them would look like damage.
 * The work must not be asynchronous.
 */
export type Snapshot = <T>(read: () => T) => T;

/** Prepares snapshots on a reading connection. */
export function createSnapshot(db: Connection): Snapshot {
  const begin = db.prepare('BEGIN');
  const end = db.prepare('COMMIT');
  return (read) => {
    return readOrDamaged(() => {
      begin.run();
      try {
        return read();
      } finally {
        end.run();
      }
    });
  };
}

/**
 * Runs a read; what SQLite itself cannot read is as damaged as what fails our checks. Throws damaged; unavailable when
 * another program keeps the database locked, or it has been closed.
 */
export function readOrDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isClosed(cause)) throw unavailable(ENDED, cause);
    if (!(cause instanceof Database.SqliteError)) throw cause;
    if (isLocked(cause)) throw unavailable(LOCKED, cause);
    throw new SecretError('damaged', 'The database cannot be read.', { cause });
  }
}

/** The log's words for a database that another program has locked. */
export const LOCKED = 'another program has locked the database';

/** The log's words for a database that was closed while still in use. */
export const ENDED = 'the database has been closed';

function isClosed(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'The database connection is not open';
}

/** True for SQLite's error when another program holds the lock that a statement needs. */
export function isLocked(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_BUSY/.test(error.code);
}

function configure(
  db: Connection,
  settings: readonly (readonly [name: string, value: string | number])[],
): Connection {
  try {
    requireSqliteVersion(db);
    // A new file should be able to return pages; later this could be changed only by rewriting all of it.
    if (db.pragma('page_count', { simple: true }) === 0) db.pragma('auto_vacuum = INCREMENTAL');
    for (const [name, value] of settings) db.pragma(`${name} = ${value}`);
    // WAL takes over the compiled default of `synchronous` at the first statement, so the check comes after one.
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    for (const [name, value] of settings) {
      const actual = db.pragma(name, { simple: true });
      if (actual !== value) throw new Error(`SQLite setting ${name} is ${String(actual)} and not ${value}`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function requireSqliteVersion(db: Connection): void {
  const text = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '0';
  const parts = text.split('.').map(Number);
  const difference =
    SQLITE_MIN.map((wanted, index) => (parts[index] ?? 0) - wanted).find((part) => part !== 0) ?? 0;
  if (difference < 0) throw new Error(`SQLite ${text} is older than ${SQLITE_MIN.join('.')}`);
}
