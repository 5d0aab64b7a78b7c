import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StartError } from '../../app/start-error.ts';
import { type Migration, pendingMigrations } from '../migrate.ts';
import { truncateLog } from './checkpoints.ts';
import { createPrivate, lockDirectory, prepareDirectory, requireSound } from './data-directory.ts';
import { prepareBallast } from './disk.ts';
import { APPLICATION_ID, type Connection, isLocked, openWriter } from './open.ts';

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

/** A data directory that this process owns, with its database brought up to date. */
export interface OpenDirectory {
  readonly directory: string;
  readonly databaseFile: string;
  /** Absent on the first start: a new database, in which nothing is stored yet. */
  readonly installation: Installation | undefined;
  /** Writes the one row that a new database lacks. */
  initialise(installation: Installation): void;
  release(): void;
}

/** The file that holds everything. */
export const DATABASE_NAME = 'csms.db';

/**
 * Takes the data directory, opens the database, checks it and applies the migrations that it lacks.
 * Throws StartError: taken; configuration (another program's database, or a newer one); damaged.
 */
export function openDirectory(directory: string, migrations: readonly Migration[]): OpenDirectory {
  prepareDirectory(directory);
  const lock = lockDirectory(directory);
  try {
    prepareBallast(directory);
    const databaseFile = createPrivate(join(directory, DATABASE_NAME));
    return {
      directory,
      databaseFile,
      installation: bringUp(databaseFile, migrations),
      initialise: (installation) => withWriter(databaseFile, (db) => writeInstallation(db, installation)),
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function bringUp(databaseFile: string, migrations: readonly Migration[]): Installation | undefined {
  // A clean stop leaves no log behind.
  const unclean = (statSync(`${databaseFile}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  withDatabase(() => new Database(databaseFile, { readonly: true }), databaseFile, requireOurs);
  return withWriter(databaseFile, (db) => {
    if (unclean) requireSound(db);
    migrate(db, migrations);
    // What is in the way of it is not waited for: the writer goes on trying.
    truncateLog(db);
    return readInstallation(db);
  });
}

function withWriter<T>(databaseFile: string, work: (db: Connection) => T): T {
  return withDatabase(() => openWriter(databaseFile), databaseFile, work);
}

function withDatabase<T>(open: () => Connection, databaseFile: string, work: (db: Connection) => T): T {
  let db: Connection | undefined;
  try {
    db = open();
    return work(db);
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    if (isLocked(cause)) {
      throw new StartError('taken', `the database ${databaseFile} is locked by another program`, { cause });
    }
    const message = cause instanceof Error ? cause.message : 'it cannot be opened';
    throw new StartError('damaged', `the database ${databaseFile} cannot be used: ${message}`, { cause });
  } finally {
    db?.close();
  }
}

/** Looks before anything is set: another program's database stays as it was. */
function requireOurs(db: Connection): void {
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
  if (tables > 0 && db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new StartError('configuration', 'the database was not made by csms-server');
  }
}

function migrate(db: Connection, migrations: readonly Migration[]): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  let pending: Migration[];
  try {
    pending = pendingMigrations(migrations, version);
  } catch (cause) {
    throw new StartError('configuration', cause instanceof Error ? cause.message : 'unknown schema', {
      cause,
    });
  }
  for (const migration of pending) {
    db.transaction(() => {
      db.exec(migration.sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${migration.number}`);
    }).immediate();
  }
}

/** Tables whose rows are sealed or authenticated under the root key. */
const KEYED_TABLES = ['secret', 'kms_key', 'event', 'notification', 'job', 'signing_key', 'clock'] as const;

interface InstallationRow {
  readonly id: string;
  readonly create_time_ms: number;
  readonly root_key_id: string;
  readonly root_key_fingerprint: string;
  readonly root_key_stretching: string | null;
  readonly canary: Buffer;
}

function readInstallation(db: Connection): Installation | undefined {
  const row = db.prepare<[], InstallationRow>('SELECT * FROM installation').get();
  if (row === undefined) {
    const isEmpty = KEYED_TABLES.every(
      (table) => db.prepare<[], number>(`SELECT EXISTS (SELECT 1 FROM ${table})`).pluck().get() === 0,
    );
    // A new root key for a database that is not empty would make everything in it unreadable.
    if (!isEmpty) throw new StartError('damaged', 'the database has lost the record of its root key');
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

function writeInstallation(db: Connection, installation: Installation): void {
  const { id, createTimeMs, rootKeyId, rootKeyFingerprint, rootKeyStretching = null, canary } = installation;
  db.prepare(
    `INSERT INTO installation
       (only_row, id, create_time_ms, root_key_id, root_key_fingerprint, root_key_stretching, canary)
     VALUES (1, ?, ?, ?, ?, ?, ?)`,
  ).run(id, createTimeMs, rootKeyId, rootKeyFingerprint, rootKeyStretching, canary);
}
