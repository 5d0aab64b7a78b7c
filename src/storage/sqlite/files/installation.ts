import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../../app/start-error.ts';
import { SecretError } from '../../../core/errors.ts';
import type { Migration } from '../../migrate.ts';
import type { RowMac } from '../../row-mac.ts';
import { connect } from '../engine/connection.ts';
import { isDiskFull } from '../engine/group-commit.ts';
import { APPLICATION_ID, type Connection, isLocked, openReader, openWriter } from '../engine/open.ts';
import { findSumDifference, haveRowSums, makeRowSums } from '../rows/row-sums.ts';
import { createTruncation } from './checkpoints.ts';
import {
  type ClaimedDirectory,
  claimDirectory,
  createPrivate,
  lockDirectory,
  requireOwn,
  runQuickCheck,
} from './data-directory.ts';
import { makeRoomToOpen, measureDisk } from './disk.ts';
import {
  type Installation,
  readInstallation,
  requireIntactInstallation,
  signFirstInstallation,
  writeInstallation,
} from './installation-record.ts';
import { migrate, requirePresent } from './schema.ts';
import { convertOnce } from './vacuum.ts';

/** A data directory that this process owns, with its database migrated. */
export interface OpenDirectory {
  readonly directory: string;
  readonly databaseFile: string;
  /** Absent on the first start, in a new, empty database. Not authenticated yet. */
  readonly installation: Installation | undefined;
  /** Writes the one row that a new database lacks. */
  initialise(installation: Installation, mac: RowMac): void;
  /** Applies the migrations that need the key, and checks that row. Throws StartError (damaged). */
  requireIntact(mac: RowMac): void;
  /** Applies them, and signs a row that is older than signed rows; `canary` says that it is signed. */
  signFirst(mac: RowMac, canary: Uint8Array): void;
  /**
   * Checks the sums over all rows, once the record of the installation is known to be intact, and creates them for a
   * database that is older than sums. Returns the shards, counted from 1, in which a row is not the one that was written
   * last.
   * Throws StartError (damaged) when the sums themselves are gone or changed.
   */
  findStaleShards(mac: RowMac): readonly number[];
  release(): void;
}

/** The file that holds everything. */
export const DATABASE_NAME = 'csms.db';

/**
 * Claims the data directory, unless the caller has done so, opens the database, checks it and applies missing migrations,
 * as far as they need no key. Throws StartError: taken; configuration (another program's database, or a newer one);
 * damaged.
 */
export function openDirectory(
  given: string | ClaimedDirectory,
  migrations: readonly Migration[],
): OpenDirectory {
  const claimed = typeof given === 'string' ? claimDirectory(given) : given;
  const directory = claimed.path;
  try {
    makeRoomToOpen(directory);
    const databaseFile = createPrivate(join(directory, DATABASE_NAME));
    const write = <T>(work: (db: Connection) => T) => withWriter(databaseFile, work);
    const read = <T>(work: (db: Connection) => T) =>
      withDatabase(() => openReader(databaseFile), databaseFile, work);
    const { installation, isComplete } = bringUp({ directory, databaseFile }, migrations);
    const complete = (mac: RowMac) => isComplete || write((db) => migrate(db, migrations, mac));
    return {
      directory,
      databaseFile,
      installation,
      initialise: (installation, mac) =>
        write((db) =>
          db
            .transaction(() => {
              writeInstallation(db, mac, installation);
              makeRowSums(db, mac);
            })
            .immediate(),
        ),
      requireIntact(mac) {
        complete(mac);
        read((db) => requireIntactRecord(db, mac));
      },
      signFirst(mac, canary) {
        complete(mac);
        write((db) => signFirstInstallation(db, mac, canary));
      },
      findStaleShards(mac) {
        const stale = read((db) => (haveRowSums(db, mac) ? checkRowSums(db, mac) : undefined));
        if (stale === undefined) write((db) => db.transaction(() => makeRowSums(db, mac)).immediate());
        return stale ?? [];
      },
      release: () => claimed.release(),
    };
  } catch (error) {
    claimed.release();
    throw error;
  }
}

/** A data directory that this process holds, with its database as it is, opened read-only. */
export interface InspectedDirectory {
  readonly db: Connection;
  /** Not authenticated yet. */
  readonly installation: Installation;
  /** Recomputes the sums over all rows from the rows as they are. Nothing can be read afterwards. Throws StartError. */
  acceptRows(mac: RowMac): void;
  release(): void;
}

/**
 * Claims the data directory and opens its database without changing it: nothing is created, migrated or recovered. Throws
 * StartError: taken; configuration (no database, another program's, or one that no server of this release has migrated);
 * damaged.
 */
export function inspectDirectory(directory: string, migrations: readonly Migration[]): InspectedDirectory {
  const databaseFile = join(directory, DATABASE_NAME);
  const bytes = statSync(databaseFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) throw new StartError('configuration', `there is no database in ${directory}`);
  requireOwn(directory);
  const lock = lockDirectory(directory);
  const withdraw = rememberSideFiles(databaseFile);
  let db: Connection | undefined;
  const acceptRows = (mac: RowMac) => {
    // The last connection that closes leaves no log behind.
    db?.close();
    withWriter(databaseFile, (writer) => writer.transaction(() => makeRowSums(writer, mac)).immediate());
  };
  const release = () => {
    db?.close();
    withdraw();
    lock.release();
  };
  try {
    return whileUsable(databaseFile, () => {
      db = openReader(databaseFile);
      requireOurs(db);
      requirePresent(db, migrations);
      const installation = readInstallation(db);
      if (installation !== undefined) return { db, installation, acceptRows, release };
      throw new StartError('configuration', `the database in ${directory} has never been used`);
    });
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * SQLite creates files beside a database that it only reads; returns how to remove new ones. A log that is not empty
 * belongs to another program that came meanwhile: removing it would lose what that has written.
 */
function rememberSideFiles(databaseFile: string): () => void {
  const log = `${databaseFile}-wal`;
  const made = [`${databaseFile}-shm`, log].filter((file) => !existsSync(file));
  return () => {
    const isAnothers = made.includes(log) && (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (isAnothers) return;
    for (const file of made) rmSync(file, { force: true });
  };
}

function bringUp(
  { directory, databaseFile }: Pick<OpenDirectory, 'directory' | 'databaseFile'>,
  migrations: readonly Migration[],
): { readonly installation: Installation | undefined; readonly isComplete: boolean } {
  // A clean stop leaves no log.
  const unclean = (statSync(`${databaseFile}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  withDatabase(() => connect(databaseFile, { readonly: true }), databaseFile, requireOurs);
  return withWriter(databaseFile, (db) => {
    if (unclean) runQuickCheck(db);
    const isComplete = migrate(db, migrations);
    convertOnce(db, measureDisk(directory).freeBytes);
    // If it is blocked, this does not wait: the writer keeps trying.
    createTruncation(db)();
    return { installation: readInstallation(db), isComplete };
  });
}

function withWriter<T>(databaseFile: string, work: (db: Connection) => T): T {
  return withDatabase(() => openWriter(databaseFile), databaseFile, work);
}

function withDatabase<T>(open: () => Connection, databaseFile: string, work: (db: Connection) => T): T {
  let db: Connection | undefined;
  try {
    return whileUsable(databaseFile, () => {
      db = open();
      return work(db);
    });
  } finally {
    db?.close();
  }
}

/** Runs work on the database; SQLite's errors become StartErrors. */
function whileUsable<T>(databaseFile: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    if (isLocked(cause)) {
      throw new StartError('taken', `the database ${databaseFile} is locked by another program`, { cause });
    }
    if (isDiskFull(cause)) {
      throw new StartError('taken', `no space is left for the database ${databaseFile}`, { cause });
    }
    const message = cause instanceof Error ? cause.message : 'it cannot be opened';
    throw new StartError('damaged', `the database ${databaseFile} cannot be used: ${message}`, { cause });
  }
}

/** Checks before anything is set: another program's database stays as it was. */
function requireOurs(db: Connection): void {
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
  if (tables > 0 && db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new StartError('configuration', 'the database was not made by csms-server');
  }
}

function checkRowSums(db: Connection, mac: RowMac): readonly number[] {
  try {
    return db.transaction(() => findSumDifference(db, mac).shards)();
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause;
    throw new StartError('damaged', 'the database’s sums over its rows have been changed or removed', {
      cause,
    });
  }
}

function requireIntactRecord(db: Connection, mac: RowMac): void {
  try {
    requireIntactInstallation(db, mac);
  } catch (cause) {
    throw new StartError('damaged', 'the database’s record of its installation has been changed', { cause });
  }
}
