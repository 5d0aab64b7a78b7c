import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../../app/start-error.ts';
import { SecretError } from '../../../core/errors.ts';
import type { Migration } from '../../migrate.ts';
import type { RowMac } from '../../row-mac.ts';
import { connect } from '../engine/connection.ts';
import { isDiskFull } from '../engine/group-commit.ts';
import { APPLICATION_ID, type Connection, isLocked, openReader, openWriter } from '../engine/open.ts';
import { haveRowSums, makeRowSums, staleShards } from '../rows/row-sums.ts';
import { createTruncation } from './checkpoints.ts';
import {
  type ClaimedDirectory,
  claimDirectory,
  createPrivate,
  lockDirectory,
  requireOwn,
  requireSound,
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

/** A data directory that this process owns, with its database brought up to date. */
export interface OpenDirectory {
  readonly directory: string;
  readonly databaseFile: string;
  /** Absent on the first start: a new database, in which nothing is stored yet. Not authenticated yet. */
  readonly installation: Installation | undefined;
  /** Writes the one row that a new database lacks. */
  initialise(installation: Installation, mac: RowMac): void;
  /** Applies the migrations that need the key, and checks that row. Throws StartError (damaged). */
  requireIntact(mac: RowMac): void;
  /** Applies them, and signs a row from before rows were signed; `canary` says that it is. */
  signFirst(mac: RowMac, canary: Uint8Array): void;
  /**
   * Checks the sums over all rows, once the record of the installation is known to be intact, and makes them for a database
   * from before there were any. Answers the shards, counted from 1, in which some row is not the one that was written last.
   * Throws StartError (damaged) when the sums themselves are gone or changed.
   */
  findStaleShards(mac: RowMac): number[];
  release(): void;
}

/** The file that holds everything. */
export const DATABASE_NAME = 'csms.db';

/**
 * Takes the data directory, unless the caller has done so already, opens the database, checks it and applies the
 * migrations that it lacks, as far as they need no key. Throws StartError: taken; configuration (another program's database, or a newer one); damaged.
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

/** A data directory that this process holds, with its database as it is, open for reading alone. */
export interface InspectedDirectory {
  readonly db: Connection;
  /** Not authenticated yet. */
  readonly installation: Installation;
  release(): void;
}

/**
 * Takes the data directory and opens its database without changing it: nothing is made, migrated or recovered. Throws
 * StartError: taken; configuration (no database, another program's, or one that a server of this release has not brought
 * up yet); damaged.
 */
export function inspectDirectory(directory: string, migrations: readonly Migration[]): InspectedDirectory {
  const databaseFile = join(directory, DATABASE_NAME);
  const bytes = statSync(databaseFile, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) throw new StartError('configuration', `there is no database in ${directory}`);
  requireOwn(directory);
  const lock = lockDirectory(directory);
  const withdraw = rememberSideFiles(databaseFile);
  let db: Connection | undefined;
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
      if (installation !== undefined) return { db, installation, release };
      throw new StartError('configuration', `the database in ${directory} has never been used`);
    });
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * SQLite makes files beside a database that it only reads; answers how to remove those that were not there before. A log
 * with something in it is another program's, which came meanwhile: without it, what that has written would be lost.
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
  // A clean stop leaves no log behind.
  const unclean = (statSync(`${databaseFile}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  withDatabase(() => connect(databaseFile, { readonly: true }), databaseFile, requireOurs);
  return withWriter(databaseFile, (db) => {
    if (unclean) requireSound(db);
    const isComplete = migrate(db, migrations);
    convertOnce(db, measureDisk(directory).freeBytes);
    // What is in the way of it is not waited for: the writer keeps trying.
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

/** Runs work on the database; what SQLite throws becomes a StartError. */
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

/** Looks before anything is set: another program's database stays as it was. */
function requireOurs(db: Connection): void {
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
  if (tables > 0 && db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new StartError('configuration', 'the database was not made by csms-server');
  }
}

function checkRowSums(db: Connection, mac: RowMac): number[] {
  try {
    return db.transaction(() => staleShards(db, mac))();
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
