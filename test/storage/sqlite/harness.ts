import { deepEqual } from 'node:assert/strict';
import { createSecretKey, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { createRowMac } from '../../../src/crypto/row-mac.ts';
import { readMigrations } from '../../../src/storage/migrate.ts';
import {
  type ChangeCounters,
  createChangeCounters,
} from '../../../src/storage/sqlite/engine/change-counters.ts';
import { connect } from '../../../src/storage/sqlite/engine/connection.ts';
import { createInlineStore } from '../../../src/storage/sqlite/engine/inline-store.ts';
import { openReader, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { createSqliteStore, startWriter } from '../../../src/storage/sqlite/engine/store.ts';
import type { SqliteStore } from '../../../src/storage/sqlite/engine/store-options.ts';
import {
  DATABASE_NAME,
  type OpenDirectory,
  openDirectory,
} from '../../../src/storage/sqlite/files/installation.ts';
import { byTest, type TestStore } from '../../support/acting.ts';
import type { StoreEngine, StoreHarness } from '../../support/stores.ts';

export const ROW_MAC_KEY = createSecretKey(Buffer.alloc(32, 7));
export const ROW_MAC = createRowMac(ROW_MAC_KEY);
export const MIGRATIONS = readMigrations(new URL('../../../migrations/sqlite/', import.meta.url));
export const WRITER_ENTRY = new URL('../../../src/compose/writer.ts', import.meta.url);
export const RANDOM = { below: (bound: number) => randomInt(bound) };
export const INSTALLATION = Object.freeze({
  id: 'installation-1',
  createTimeMs: 1,
  rootKeyId: 'root-1',
  rootKeyFingerprint: 'fingerprint',
  rootKeyStretching: undefined,
  canary: Buffer.from('canary'),
});

/** A store on SQLite. */
export interface OpenStore {
  readonly store: TestStore & Pick<SqliteStore, 'forkPoint'>;
  readonly changes: ChangeCounters;
  /** What `onDamage` was called with. */
  readonly damage: readonly string[];
}

/** A store on SQLite together with the thread that writes. */
export interface OpenSqlite extends OpenStore {
  readonly worker: Worker;
  readonly fatal: readonly string[];
}

/** A new directory of this test; the caller removes it. */
export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'csms-storage-'));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

export function databaseFile(directory: string): string {
  return join(directory, DATABASE_NAME);
}

function openInitialised(directory: string): OpenDirectory {
  const open = openDirectory(directory, MIGRATIONS);
  if (open.installation === undefined) open.initialise(INSTALLATION, ROW_MAC);
  else open.requireIntact(ROW_MAC);
  return open;
}

/** Opens the store as `compose.ts` does, with a fixed MAC key. */
export async function openSqlite(directory: string): Promise<OpenSqlite> {
  const open = openInitialised(directory);
  const settings = { directory, databaseFile: open.databaseFile };
  const writer = startWriter(WRITER_ENTRY, settings, { rowMac: ROW_MAC_KEY });
  const fatal: string[] = [];
  const damage: string[] = [];
  const store = await createSqliteStore(open, {
    mac: ROW_MAC,
    writer,
    onFatal: (reason) => fatal.push(reason),
    onDamage: (place) => damage.push(place),
    random: RANDOM,
  });
  return { store: byTest(store), ...writer, fatal, damage };
}

/**
 * Opens the same store with its writer on this thread and without a sync of the disk: for what neither has a part in, as the
 * thread takes longer to start than most tests.
 */
export function openDirect(directory: string): OpenStore {
  const open = openInitialised(directory);
  const writer = openWriter(open.databaseFile);
  writer.pragma('synchronous = OFF');
  const changes = createChangeCounters();
  const damage: string[] = [];
  const reader = openReader(open.databaseFile);
  const close = () => {
    reader.close();
    writer.close();
    open.release();
  };
  const onDamage = (place: string) => void damage.push(place);
  const store = createInlineStore({
    db: writer,
    reader,
    changes,
    mac: ROW_MAC,
    onDamage,
    random: RANDOM,
    close,
  });
  return { store: byTest(store), changes, damage };
}

/** The shards of a closed store's sums that are not those of its rows. */
export function staleShards(directory: string): readonly number[] {
  const open = openDirectory(directory, MIGRATIONS);
  try {
    return open.findStaleShards(ROW_MAC);
  } finally {
    open.release();
  }
}

/** Ends the writer thread wherever it is, as a crash would. */
export async function killSqlite({ store, worker }: OpenSqlite): Promise<void> {
  await worker.terminate();
  await store.close();
}

/** A connection with no setting of ours and no constraint in the way: the hand of an attacker or of a bad disk. */
export function openRaw(file: string): Database.Database {
  const db = connect(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  return db;
}

/** Runs statements by hand on a database that is closed, and leaves no log behind. */
export function tamper<T>(directory: string, work: (db: Database.Database) => T): T {
  const db = openRaw(databaseFile(directory));
  try {
    const result = work(db);
    db.pragma('wal_checkpoint(TRUNCATE)');
    return result;
  } finally {
    db.close();
  }
}

const TABLES = {
  secret: 'secret',
  version: 'version',
  stage: 'stage',
  tag: 'secret_tag',
  grant: 'secret_grant',
  wrappedKey: 'version_key',
  body: 'version_body',
  key: 'kms_key',
  event: 'event',
  notification: 'notification',
  keyMaterial: 'kms_key_version',
  keyAlias: 'kms_key_alias',
  keyTag: 'kms_key_tag',
  task: 'task',
} as const;

/** A store that is open, and what became of it. */
type Opened = Pick<OpenSqlite, 'fatal'> & { readonly store: TestStore };

/** An engine over a directory, for the contract. */
export function engineOver<T extends Opened>(
  name: string,
  open: (directory: string) => Promise<T>,
  kill: (opened: T) => Promise<void>,
  check?: (directory: string) => void,
): StoreEngine {
  return {
    name,
    async open(): Promise<StoreHarness> {
      const directory = makeDirectory();
      let current = await open(directory);
      return {
        get store() {
          return current.store;
        },
        get fatal() {
          return current.fatal;
        },
        async reopen() {
          await current.store.close();
          current = await open(directory);
        },
        async kill() {
          await kill(current);
          current = await open(directory);
        },
        countRows() {
          const db = connect(databaseFile(directory), { readonly: true });
          const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
          const counts = Object.entries(TABLES).map(([what, table]) => [what, count(table)] as const);
          db.close();
          return Object.fromEntries(counts) as Record<keyof typeof TABLES, number>;
        },
        async destroy() {
          await current.store.close();
          check?.(directory);
          removeDirectory(directory);
        },
      };
    },
  };
}

/** The embedded engine. */
export const sqliteEngine = engineOver('sqlite', openSqlite, killSqlite, (directory) => {
  // Nothing that is written later takes a difference away: no change of any kind was forgotten.
  deepEqual(staleShards(directory), []);
});
