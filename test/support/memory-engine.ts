import type { Grant } from '../../src/core/identity/grants.ts';
import { aliasSpellings } from '../../src/core/kms/aliases.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import type { Task } from '../../src/core/rotation/tasks.ts';
import type { SealedValue, SecretAggregate } from '../../src/core/secrets/secrets.ts';
import type { Table } from '../../src/storage/columns/fields.ts';
import { SECRET, VERSION } from '../../src/storage/columns/secrets.ts';
import { CHECKER, EVENT, NOTIFICATION, REVOCATION, TASK } from '../../src/storage/columns/small.ts';
import type { Engine, Loaded } from '../../src/storage/engine.ts';

/** Everything that is stored in memory. Paths are `<project id>/<name or id>`, or the id where there is no project. */
export interface Memory {
  readonly secrets: Map<string, SecretAggregate>;
  /** By `<secret id>/<version number>`. */
  readonly values: Map<string, SealedValue>;
  readonly keys: Map<string, Key>;
  /** By the secret's id. */
  readonly grants: Map<string, readonly Grant[]>;
  /** Rows that are wholes by themselves, of one table. */
  rows<T>(table: Table<T>): Map<string, T>;
  /** A number that says which of all versions is newer. */
  rowOf(secretId: string, versionNumber: number): number;
}

export function emptyMemory(): Memory {
  const tables = new Map<string, Map<string, unknown>>();
  const rowNumbers = new Map<string, number>();
  return {
    secrets: new Map(),
    values: new Map(),
    keys: new Map(),
    grants: new Map(),
    rows<T>({ name }: Table<T>) {
      const rows = tables.get(name) ?? new Map<string, unknown>();
      tables.set(name, rows);
      return rows as Map<string, T>;
    },
    rowOf(secretId, versionNumber) {
      const path = `${secretId}/${versionNumber}`;
      const row = rowNumbers.get(path) ?? rowNumbers.size + 1;
      rowNumbers.set(path, row);
      return row;
    },
  };
}

/** Where something is in its map. */
export function pathOf({
  projectId,
  ...ref
}: { projectId: string } & ({ name: string } | { id: string })): string {
  return `${projectId}/${'name' in ref ? ref.name : ref.id}`;
}

/** Newer tasks come first. */
export function byAge(a: Pick<Task, 'id' | 'createTimeMs'>, b: Pick<Task, 'id' | 'createTimeMs'>): number {
  return b.createTimeMs - a.createTimeMs || (a.id > b.id ? -1 : 1);
}

/** An engine whose writes are seen once they are committed: a decision is all that a command reads for. */
export interface MemoryEngine extends Engine<Loaded> {
  commit(): void;
  forget(): void;
}

/** The carriers' second engine: loads and saves in maps, and knows no rule. */
export function memoryEngine(memory: Memory): MemoryEngine {
  const { grants, keys, secrets, values } = memory;
  let writes: (() => void)[] = [];
  /** Ids of secrets that are removed when the writes are carried out. */
  const leaving = new Set<string>();
  const write = <T>(map: Map<string, T>, path: string, next: T | undefined) =>
    void writes.push(() => (next === undefined ? map.delete(path) : map.set(path, next)));
  const loaded = (aggregate: SecretAggregate | undefined) => aggregate && { aggregate };
  const inProject = (projectId: string) =>
    [...secrets.values()].filter(({ secret }) => secret.projectId === projectId);
  const keysIn = (projectId: string) => [...keys.values()].filter((key) => key.projectId === projectId);
  const rows: Engine<Loaded>['rows'] = (table) => {
    const map = memory.rows(table);
    const put = (next: Parameters<typeof table.encode>[0]) => write(map, keyOf(table, next), next);
    return {
      find: (...key) => map.get(key.join('/')),
      save(current, next) {
        if (next !== undefined) put(next);
        else if (current !== undefined) write(map, keyOf(table, current), undefined);
      },
      put,
      remove: (...key) => write(map, key.join('/'), undefined),
    };
  };
  return {
    secrets: {
      load: (ref) => loaded(secrets.get(pathOf(ref))),
      loadById: (projectId, id) => loaded(inProject(projectId).find(({ secret }) => secret.id === id)),
      loadSecret: (ref) => secrets.get(pathOf(ref))?.secret,
      countInProject: (projectId) => inProject(projectId).length,
      save(before, { next, added = [], notifications = [] }) {
        for (const notification of notifications) rows(NOTIFICATION).put(notification);
        const others = [...secrets.values()].filter((other) => !leaving.has(other.secret.id));
        if (next !== undefined) requireStorable(next, before === undefined ? others : []);
        else if (before !== undefined) leaving.add(before.aggregate.secret.id);
        const { secret } = (next ?? before?.aggregate)!;
        const left = new Set(next?.versions.map(({ number }) => number));
        for (const { number } of before?.aggregate.versions ?? [])
          if (!left.has(number)) write(values, `${secret.id}/${number}`, undefined);
        for (const { sealed, versionNumber } of added) {
          memory.rowOf(secret.id, versionNumber);
          write(values, `${secret.id}/${versionNumber}`, sealed);
        }
        write(secrets, pathOf(secret), next);
        if (next === undefined) write(grants, secret.id, undefined);
      },
      removeDamaged: (ref) => write(secrets, pathOf(ref), undefined),
    },
    events: {
      countInProject: (projectId) =>
        [...memory.rows(EVENT).values()].filter((event) => event.projectId === projectId).length,
      countSubscribers: ({ projectId, name }) =>
        inProject(projectId).filter(({ secret }) => secret.eventSubscriptions.includes(name)).length,
    },
    tasks: {
      findLatest: (id) =>
        [...memory.rows(TASK).values()].filter(({ secretId }) => secretId === id).sort(byAge)[0],
      save: (current, { next }) => rows(TASK).save(current, next),
      clearDamaged: () => {},
    },
    grants: {
      listIntact: ({ secretId }) => grants.get(secretId) ?? [],
      save: ({ aggregate }, _, after) => write(grants, aggregate.secret.id, after),
      remove: () => {},
    },
    keys: {
      find: (ref) => keys.get(pathOf(ref)),
      findByAlias(projectId, alias) {
        const spellings = aliasSpellings(alias);
        return keysIn(projectId).find((key) => key.aliases.some((known) => spellings.includes(known.alias)));
      },
      countInProject: (projectId) => keysIn(projectId).filter((key) => !key.isDefault).length,
      save: (current, { next }) => write(keys, pathOf((next ?? current)!), next),
    },
    notifications: { save: (current, { next }) => rows(NOTIFICATION).save(current, next) },
    revocations: {
      countOfUser: (user) =>
        [...memory.rows(REVOCATION).values()].filter(({ userId }) => userId === user).length,
    },
    clear() {
      for (const id of [...secrets.values()].map(({ secret }) => secret.id)) leaving.add(id);
      writes.push(() => {
        for (const map of [secrets, values, keys, grants]) map.clear();
        for (const table of [EVENT, TASK, NOTIFICATION, CHECKER])
          memory.rows<never>(table as Table<never>).clear();
      });
    },
    rows,
    onDamage: () => {},
    commit() {
      for (const carryOut of writes.splice(0)) carryOut();
      leaving.clear();
    },
    forget() {
      writes = [];
      leaving.clear();
    },
  };
}

function keyOf<T>(table: Table<T>, thing: T): string {
  const row = table.encode(thing);
  return table.key.map((column) => row[table.own.indexOf(column)]).join('/');
}

/** What tables refuse by themselves: an id twice among `others`, and numbers that are no whole ones. */
function requireStorable({ secret, versions }: SecretAggregate, others: Iterable<SecretAggregate>): void {
  for (const other of others) if (other.secret.id === secret.id) throw new Error('two secrets have one id');
  for (const stored of [SECRET.encode(secret), ...versions.map(VERSION.encode)].flat())
    if (typeof stored === 'number' && !Number.isInteger(stored)) throw new Error('a number is no whole one');
}
