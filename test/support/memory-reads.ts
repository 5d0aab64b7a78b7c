import type { RandomSource, StoredValue } from '../../src/app/ports/deps.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Notification } from '../../src/core/events/notifications.ts';
import { RECORDS_MAX } from '../../src/core/events/notifications.ts';
import { PENDING_COUNT_MAX } from '../../src/core/limits.ts';
import type { Task } from '../../src/core/rotation/tasks.ts';
import type { SecretAggregate, SecretRef, Tag } from '../../src/core/secrets/secrets.ts';
import { fitsTags } from '../../src/core/secrets/tags.ts';
import { findVersion, latestVersionNumber } from '../../src/core/secrets/versions.ts';
import {
  CHECKER,
  CLOCK,
  EVENT,
  NOTIFICATION,
  REVOCATION,
  SIGNING_KEY,
  TASK,
} from '../../src/storage/columns/small.ts';
import type { ReadModels } from '../../src/storage/sqlite/engine/read-models.ts';
import { byProject, memoryDues } from './memory-dues.ts';
import { byAge, type Memory, memoryEngine, pathOf } from './memory-engine.ts';
import { walkOf } from './walks.ts';

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));
const byName = <T extends { readonly name: string }>(one: T, other: T) => byBytes(one.name, other.name);
const inProject = <T extends { readonly projectId: string }>(all: Iterable<T>, projectId: string) =>
  [...all].filter((one) => one.projectId === projectId);

/** Everything that is asked of a store, from what is in memory: all of it is loaded, filtered, sorted and cut. */
export function memoryReads(memory: Memory, random: RandomSource): ReadModels {
  const { secrets } = memory;
  const aggregates = (projectId: string) =>
    [...secrets.values()]
      .filter(({ secret }) => secret.projectId === projectId)
      .sort((one, other) => byName(one.secret, other.secret));
  const all = <T>(table: Parameters<typeof memory.rows<T>>[0]) => memory.rows(table).values();
  const { keys } = memoryEngine(memory);
  const findById = (projectId: string, id: string) =>
    aggregates(projectId).find(({ secret }) => secret.id === id);
  const findSecret = (ref: SecretRef) => secrets.get(pathOf(ref))?.secret;

  return {
    findSecret,
    findForSealing: findSecret,
    findVersions: (ref) => secrets.get(pathOf(ref)),
    findSecretById: findById,
    findValue(ref, wanted) {
      const aggregate = secrets.get(pathOf(ref));
      return aggregate && findOne(memory, aggregate, wanted);
    },
    findContents(ref) {
      const aggregate = secrets.get(pathOf(ref));
      const values = aggregate?.versions.map(({ number }) => findOne(memory, aggregate, number)!);
      return aggregate && values && { aggregate, values };
    },
    listSecrets: ({ projectId, limit, afterName = '', eventName, rotatedOnly }) =>
      aggregates(projectId)
        .map(({ secret }) => secret)
        .filter(({ name }) => byBytes(name, afterName) > 0)
        .filter(({ eventSubscriptions: names }) => eventName === undefined || names.includes(eventName))
        .filter(({ rotationConfig }) => !rotatedOnly || rotationConfig !== undefined)
        .slice(0, limit),
    listTags(projectId) {
      const pairs = new Map<string, Tag>();
      for (const { tags } of aggregates(projectId))
        for (const tag of tags) pairs.set(JSON.stringify([tag.key, tag.value]), tag);
      const order = (one: Tag, other: Tag) => byBytes(one.key, other.key) || byBytes(one.value, other.value);
      return walkOf([...pairs.values()].sort(order), undefined);
    },
    searchSecrets({ projectId, tags: conditions, nameParts, limit, offset }) {
      const found = aggregates(projectId)
        .filter(({ tags }) => fitsTags(tags, conditions))
        .filter(({ secret }) => nameParts.every((part) => secret.name.includes(part)));
      const page = found.slice(offset, offset + limit);
      return walkOf(
        page.map(({ secret, tags }) => ({ secret, tags })),
        found.length,
      );
    },
    listGrants: ({ projectId, secretId }) =>
      findById(projectId, secretId) === undefined
        ? []
        : (memory.grants.get(secretId) ?? []).toSorted((one, other) => one.createTimeMs - other.createTimeMs),
    listGrantsOf: ({ projectId, grantee, secret: wanted }) =>
      aggregates(projectId)
        .map(({ secret }) => secret)
        .filter(({ id, name }) => {
          if (wanted === undefined) return true;
          return 'name' in wanted ? wanted.name === name : wanted.id === id;
        })
        .flatMap(({ id }) => memory.grants.get(id) ?? [])
        .filter(({ grantee: { id, type } }) => id === grantee.id && type === grantee.type),
    findKey: (ref) => memory.keys.get(pathOf(ref)),
    findKeyByAlias: keys.findByAlias,
    listKeys: (projectId) =>
      inProject(memory.keys.values(), projectId).sort(
        (one, other) => one.createTimeMs - other.createTimeMs || byBytes(one.id, other.id),
      ),
    findChecker: (projectId) => memory.rows(CHECKER).get(projectId),
    findClock: () => memory.rows(CLOCK).get(''),
    findSigningKey: () => memory.rows(SIGNING_KEY).get(''),
    findEvent: (ref) => memory.rows(EVENT).get(pathOf(ref)),
    listEvents: ({ projectId, limit, afterName }) =>
      inProject(all(EVENT), projectId)
        .filter(({ name }) => byBytes(name, afterName) > 0)
        .sort(byName)
        .slice(0, limit),
    findNotification: (id) => memory.rows(NOTIFICATION).get(id),
    listNotifications: (projectId) =>
      inProject(all(NOTIFICATION), projectId).filter(isFinal).sort(byAge).slice(0, RECORDS_MAX),
    listRevocations: (afterId, limit) => ({
      revocations: [...all(REVOCATION)]
        .filter(({ id }) => byBytes(id, afterId) > 0)
        .sort((one, other) => byBytes(one.id, other.id))
        .slice(0, limit),
      damagedIds: [],
    }),
    findTask: (id) => memory.rows(TASK).get(id),
    listTasks: ({ limit, after, ...filter }) =>
      tasksIn(memory, filter)
        .filter((task) => after === undefined || byAge(after, task) < 0)
        .sort(byAge)
        .slice(0, limit),
    countTasks: (filter) => tasksIn(memory, filter).length,
    ...memoryDues(memory),
    sampleVersions(count) {
      const places = [...secrets.values()].flatMap(({ secret: { id, name, projectId }, versions }) =>
        versions.map(({ number }) => ({
          row: memory.rowOf(id, number),
          place: { ref: { projectId, name }, number },
        })),
      );
      const stored = places.sort((one, other) => one.row - other.row).map(({ place }) => place);
      const chosen =
        stored.length === 0 ? [] : Array.from({ length: count }, () => stored[random.below(stored.length)]!);
      return [...new Set([...stored.toReversed().slice(0, count), ...chosen])];
    },
    countAll: () => ({
      secrets: secrets.size,
      notificationsPending: Math.min(
        [...all(NOTIFICATION)].filter((one) => !isFinal(one)).length,
        PENDING_COUNT_MAX,
      ),
    }),
    countByProject: () =>
      [...byProject([...secrets.values()].map(({ secret }) => secret))].map(([projectId, { length }]) => ({
        projectId,
        secrets: length,
      })),
  };
}

function isFinal({ nextAttemptMs }: Notification | Task): boolean {
  return nextAttemptMs === undefined;
}

function tasksIn(
  memory: Memory,
  { projectId, secretName, status }: Parameters<ReadModels['countTasks']>[0],
): Task[] {
  return inProject(memory.rows(TASK).values(), projectId)
    .filter((task) => secretName === undefined || task.secretName === secretName)
    .filter((task) => status === undefined || task.status === status);
}

/** A value with everything that is needed to open it. Throws damaged when it is missing. */
function findOne(
  { keys, values }: Memory,
  aggregate: SecretAggregate,
  wanted: number | 'latest',
): StoredValue | undefined {
  const { secret, stages, tags } = aggregate;
  const number = wanted === 'latest' ? latestVersionNumber(stages) : wanted;
  const found = number === undefined ? undefined : findVersion(aggregate, number);
  if (found === undefined) return undefined;
  const sealed = values.get(`${secret.id}/${number}`);
  if (sealed === undefined) throw new SecretError('damaged');
  const key = keys.get(pathOf({ projectId: secret.projectId, id: found.version.kmsKeyId }));
  return { ...found, secret, tags, key, sealed };
}
