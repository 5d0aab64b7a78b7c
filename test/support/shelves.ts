import type { SecretRef } from '../../src/core/secrets/secrets.ts';
import type { Table } from '../../src/storage/columns/fields.ts';
import { CHECKER, EVENT, NOTIFICATION, TASK } from '../../src/storage/columns/small.ts';
import type { Connection } from '../../src/storage/sqlite/engine/open.ts';
import { createRowReads, createRowWrites } from '../../src/storage/sqlite/rows/rows.ts';
import { createKeyWrites } from '../../src/storage/sqlite/tables/key-writes.ts';
import { createKeyReads } from '../../src/storage/sqlite/tables/keys.ts';
import { createSecretReads } from '../../src/storage/sqlite/tables/secret-reads.ts';
import { createSecretWrites } from '../../src/storage/sqlite/tables/secret-writes.ts';
import { ROW_MAC } from '../storage/sqlite/harness.ts';
import { aSealedValue, T0 } from './builders.ts';

/**
 * All of a kind that a store has, as a test arranges and looks at it: what is put here passes no rule and is signed as the
 * store signs it. A path is the project and what the kind is named by, or the id alone. A key that is put in place of another
 * needs another revision, by which readers know that it has changed.
 */
export interface Shelf<T> {
  readonly size: number;
  get(path: string): T | undefined;
  has(path: string): boolean;
  set(path: string, next: T): void;
  delete(path: string): void;
  clear(): void;
  keys(): string[];
  values(): T[];
  [Symbol.iterator](): Iterator<[string, T]>;
}

/** How a kind is found and written. */
interface Rows<T> {
  /** Every path, the oldest first where there is an age. */
  paths(): string[];
  find(path: string): T | undefined;
  write(path: string, next: T | undefined): void;
}

/** Shelves over the tables of a connection that writes; `aroundWrite` carries out each change that they make. */
export function createShelves(db: Connection, aroundWrite: (write: () => void) => void) {
  const shelf = <T>(rows: Rows<T>) => createShelf(rows, aroundWrite);
  const pathsBy = (table: string, path: string, order: string) => {
    const statement = db.prepare<[], string>(`SELECT ${path} FROM ${table} ORDER BY ${order}`).pluck();
    return () => statement.all();
  };
  const wholes = <T>(table: Table<T>, key: readonly string[], order = key.join()) => {
    const reads = createRowReads(db, ROW_MAC, table);
    const one = reads.prepare(`WHERE ${key.map((column) => `${column} = ?`).join(' AND ')}`);
    const find = (path: string) => one.get(...(key.length === 1 ? [path] : split(path)));
    const { save } = createRowWrites(db, ROW_MAC, table);
    return shelf<T>({
      paths: pathsBy(table.name, key.join(" || '/' || "), order),
      find,
      write: (path, next) => save(find(path), next),
    });
  };
  return {
    secrets: shelf(secretRows(db, pathsBy('secret', "project_id || '/' || name", 'row'))),
    keys: shelf(keyRows(db, pathsBy('kms_key', "project_id || '/' || id", 'create_time_ms, id'))),
    checkers: wholes(CHECKER, ['project_id']),
    events: wholes(EVENT, ['project_id', 'name']),
    notifications: wholes(NOTIFICATION, ['id'], 'create_time_ms, id'),
    tasks: wholes(TASK, ['id'], 'create_time_ms, id'),
  };
}

function createShelf<T>({ find, paths, write }: Rows<T>, aroundWrite: (write: () => void) => void): Shelf<T> {
  const put = (path: string, next: T | undefined) => aroundWrite(() => write(path, next));
  const entries = () => paths().map((path): [string, T] => [path, find(path) as T]);
  return {
    get size() {
      return paths().length;
    },
    get: find,
    has: (path) => find(path) !== undefined,
    set: put,
    delete: (path) => put(path, undefined),
    clear() {
      for (const path of paths()) put(path, undefined);
    },
    keys: paths,
    values: () => entries().map(([, entry]) => entry),
    [Symbol.iterator]: () => entries()[Symbol.iterator](),
  };
}

/** Versions that are new get a sealed value that nobody opens. */
function secretRows(db: Connection, paths: () => string[]) {
  const reads = createSecretReads(db, ROW_MAC);
  const save = createSecretWrites(db, ROW_MAC, () => undefined);
  const load = (path: string) => {
    const [projectId, name] = split(path);
    return reads.load({ projectId, name } satisfies SecretRef);
  };
  return {
    paths,
    find: (path: string) => load(path)?.aggregate,
    write(path: string, next: NonNullable<ReturnType<typeof load>>['aggregate'] | undefined) {
      const added = next?.versions.map(({ number }) => ({ versionNumber: number, sealed: aSealedValue() }));
      save(load(path), { next, added: added ?? [], facts: [], result: {} });
    },
  };
}

function keyRows(db: Connection, paths: () => string[]) {
  const reads = createKeyReads(db, ROW_MAC);
  const save = createKeyWrites(db, ROW_MAC, () => undefined);
  const find = (path: string) => {
    const [projectId, id] = split(path);
    return reads.find({ projectId, id });
  };
  return {
    paths,
    find,
    write(path: string, next: ReturnType<typeof find>) {
      const current = find(path);
      // Anew as a whole: the rules only ever add material.
      if (current !== undefined) {
        const { projectId, id } = current;
        const destroyed = { projectId, id, destroyTimeMs: T0 };
        const result = { key: current, changed: true };
        save(current, next ? { next: undefined, result } : { next: undefined, destroyed, result });
      }
      if (next !== undefined) save(undefined, { next, result: { key: next, changed: true } });
    },
  };
}

function split(path: string): [string, string] {
  const [projectId = '', name = ''] = path.split('/');
  return [projectId, name];
}
