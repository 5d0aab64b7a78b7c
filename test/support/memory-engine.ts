import type { ClockRecord } from '../../src/core/clock.ts';
import type { SecretEvent } from '../../src/core/events/events.ts';
import type { Notification } from '../../src/core/events/notifications.ts';
import type { SigningKey } from '../../src/core/events/signing-key.ts';
import type { Grant } from '../../src/core/identity/grants.ts';
import { aliasSpellings } from '../../src/core/kms/aliases.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import type { Task } from '../../src/core/rotation/tasks.ts';
import type { CheckerConfig } from '../../src/core/secrets/checker.ts';
import type { SealedValue, SecretAggregate } from '../../src/core/secrets/secrets.ts';
import type { Engine, Loaded } from '../../src/storage/engine.ts';

/** Everything that is stored in memory. Maps are by `<project id>/<name or id>`, or by the id where there is no project. */
export interface Memory {
  readonly secrets: Map<string, SecretAggregate>;
  /** By `<secret id>/<version number>`. */
  readonly values: Map<string, SealedValue>;
  readonly keys: Map<string, Key>;
  readonly checkers: Map<string, CheckerConfig>;
  readonly events: Map<string, SecretEvent>;
  readonly notifications: Map<string, Notification>;
  readonly tasks: Map<string, Task>;
  /** By the secret's id. */
  readonly grants: Map<string, readonly Grant[]>;
  signingKey: SigningKey | undefined;
  clock: ClockRecord | undefined;
}

export function emptyMemory(): Memory {
  return {
    secrets: new Map(),
    values: new Map(),
    keys: new Map(),
    checkers: new Map(),
    events: new Map(),
    notifications: new Map(),
    tasks: new Map(),
    grants: new Map(),
    signingKey: undefined,
    clock: undefined,
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

/** The carriers' second engine, which carriers.test.ts holds against the tables: loads and saves in maps, and knows no rule. */
export function memoryEngine(memory: Memory): Engine<Loaded> {
  const { checkers, events, grants, keys, notifications, secrets, tasks, values } = memory;
  const loaded = (aggregate: SecretAggregate | undefined) => aggregate && { aggregate };
  const inProject = (projectId: string) =>
    [...secrets.values()].filter(({ secret }) => secret.projectId === projectId);
  const keysIn = (projectId: string) => [...keys.values()].filter((key) => key.projectId === projectId);
  const put = <T>(map: Map<string, T>, path: string, next: T | undefined) => {
    if (next === undefined) map.delete(path);
    else map.set(path, next);
  };
  return {
    secrets: {
      load: (ref) => loaded(secrets.get(pathOf(ref))),
      loadById: (projectId, id) => loaded(inProject(projectId).find(({ secret }) => secret.id === id)),
      loadSecret: (ref) => secrets.get(pathOf(ref))?.secret,
      countInProject: (projectId) => inProject(projectId).length,
      save(before, { next, added = [], notifications: made = [] }) {
        for (const one of made) notifications.set(one.id, one);
        const aggregate = next ?? before?.aggregate;
        if (aggregate === undefined) return;
        put(secrets, pathOf(aggregate.secret), next);
        for (const value of added) values.set(`${aggregate.secret.id}/${value.versionNumber}`, value.sealed);
      },
      removeDamaged: (ref) => void secrets.delete(pathOf(ref)),
    },
    events: {
      find: (ref) => events.get(pathOf(ref)),
      countInProject: (projectId) =>
        [...events.values()].filter((event) => event.projectId === projectId).length,
      countSubscribers: ({ projectId, name }) =>
        inProject(projectId).filter(({ secret }) => secret.eventSubscriptions.includes(name)).length,
      save: (current, { next }) => put(events, pathOf((next ?? current)!), next),
      remove: (ref) => void events.delete(pathOf(ref)),
    },
    tasks: {
      find: (id) => tasks.get(id),
      findLatest: (id) => [...tasks.values()].filter(({ secretId }) => secretId === id).sort(byAge)[0],
      save(current, { next }) {
        const task = next ?? current;
        if (task !== undefined) put(tasks, task.id, next);
      },
      clearDamaged: () => {},
    },
    grants: {
      listSound: ({ secretId }) => grants.get(secretId) ?? [],
      save: ({ aggregate }, _, after) => void grants.set(aggregate.secret.id, after),
      remove: () => {},
    },
    keys: {
      find: (ref) => keys.get(pathOf(ref)),
      findByAlias(projectId, alias) {
        const spellings = aliasSpellings(alias);
        return keysIn(projectId).find((key) => key.aliases.some((known) => spellings.includes(known.alias)));
      },
      countInProject: (projectId) => keysIn(projectId).filter((key) => !key.isDefault).length,
      save: (current, { next }) => put(keys, pathOf((next ?? current)!), next),
    },
    notifications: {
      find: (id) => notifications.get(id),
      save(current, { next }) {
        const id = (next ?? current)?.id;
        if (id !== undefined) put(notifications, id, next);
      },
    },
    checkers: {
      find: (projectId) => checkers.get(projectId),
      save: (_, { next }) => void checkers.set(next.projectId, next),
    },
    signingKey: {
      find: () => memory.signingKey,
      save(_, { next }) {
        memory.signingKey = next;
      },
    },
    clock: {
      save({ next }) {
        memory.clock = next;
      },
    },
    onDamage: () => {},
  };
}
