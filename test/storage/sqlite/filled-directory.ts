import { cpSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TestStore } from '../../support/acting.ts';
import { makeDirectory, type OpenStore, openDirect, removeDirectory, tamper } from './harness.ts';

/** A data directory of one test, with what was filled into it. */
export interface FilledDirectory {
  readonly path: string;
  /** Open from when it is asked for until someone tampers with its database, or the test ends. */
  readonly store: TestStore;
  /** What is logged since the store was opened. */
  readonly told: readonly string[];
  /** Changes the database by hand while the store is closed. */
  tamper<T>(by: (db: Database.Database) => T): T;
  tamper(by: string): void;
}

/** Fills a directory once for the tests of a `describe`; each of them gets a copy of its own. */
export function filledDirectory(fill: (store: TestStore) => Promise<unknown>): FilledDirectory {
  let filled: string;
  let path: string;
  let open: OpenStore | undefined;
  const opened = () => (open ??= openDirect(path));
  const close = () => {
    // Nothing of it has to be waited for.
    void open?.store.close();
    open = undefined;
  };
  beforeAll(async () => {
    filled = makeDirectory();
    const { store } = openDirect(filled);
    await fill(store);
    await store.close();
  });
  afterAll(() => removeDirectory(filled));
  beforeEach(() => {
    path = makeDirectory();
    cpSync(filled, path, { recursive: true });
  });
  afterEach(() => {
    close();
    removeDirectory(path);
  });
  return {
    get path() {
      return path;
    },
    get store() {
      return opened().store;
    },
    get told() {
      return opened().damage;
    },
    tamper(by: string | ((db: Database.Database) => unknown)) {
      close();
      return tamper(path, typeof by === 'string' ? (db) => db.exec(by) : by);
    },
  };
}
