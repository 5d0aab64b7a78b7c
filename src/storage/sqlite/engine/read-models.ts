import type { RandomSource, SecretQuery, Store } from '../../../app/ports/deps.ts';
import type { Key } from '../../../core/kms/keys.ts';
import type { CheckerConfig } from '../../../core/secrets/checker.ts';
import type { Secret, SecretRef } from '../../../core/secrets/secrets.ts';
import { CHECKER, CLOCK, EVENT, NOTIFICATION, SIGNING_KEY, TASK } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { OnDamage } from '../rows/damage.ts';
import { createDueTimeRead } from '../rows/due-times.ts';
import { createProjectCountRead, createSampleRead } from '../rows/samples.ts';
import { createWholeReads, type WholeReads } from '../rows/wholes.ts';
import { createCountRead } from '../tables/counts.ts';
import { createEventReads } from '../tables/events.ts';
import { createExpiredReads } from '../tables/expired-versions.ts';
import { createGrantReads } from '../tables/grants.ts';
import { createKeyReads, type KeyReads } from '../tables/keys.ts';
import { createNotificationReads } from '../tables/notifications.ts';
import { createRevocationReads } from '../tables/revocations.ts';
import { createSecretReads } from '../tables/secret-reads.ts';
import { createSecretSearch } from '../tables/secret-search.ts';
import { createTagReads } from '../tables/tags.ts';
import { createTaskReads } from '../tables/tasks.ts';
import { createReadContents, createReadValue } from '../tables/value-reads.ts';
import { type ChangeCounters, SHARED_SLOT } from './change-counters.ts';
import { type Connection, createSnapshot, readOrDamaged, type Snapshot } from './open.ts';
import { createSlotCache } from './slot-cache.ts';
import { inSteps } from './steps.ts';

const KNOWN_SECRETS_MAX = 4_000;
const KNOWN_KEYS_MAX = 1_000;
const KNOWN_PROJECTS_MAX = 1_000;

/** Everything that is read from a store without changing it. */
export type ReadModels = Omit<Store, 'change' | 'storageStatus' | 'onNews' | 'close'>;

/** What a group of read models reads from. */
interface Source {
  readonly db: Connection;
  readonly mac: RowMac;
  readonly changes: ChangeCounters;
  readonly snapshot: Snapshot;
  readonly wholes: WholeReads;
  readonly onDamage: OnDamage;
  /** Chooses samples. */
  readonly random: RandomSource;
}

/**
 * Prepares the read models on a connection that cannot write; each result is of one moment. Lists leave out rows that
 * fail their check, for which `onDamage` is called each time.
 */
export function createReadModels(
  db: Connection,
  given: Omit<Source, 'db' | 'snapshot' | 'wholes'>,
): ReadModels {
  const { changes, mac } = given;
  const wholes = createWholeReads(db, mac);
  const source = { ...given, db, wholes, snapshot: createSnapshot(db) };
  const keys = createKeyReads(db, mac);
  const countAll = createCountRead(db);
  const knownChoices = createSlotCache<{ readonly config: CheckerConfig | undefined }>(
    changes,
    KNOWN_PROJECTS_MAX,
  );
  const findNextDue = createDueTimeRead(source.db);
  // One row is a snapshot by itself.
  const readChoice = (projectId: string) => ({ config: readOrDamaged(() => wholes(CHECKER)(projectId)) });
  return {
    ...createSecretModels(source, keys),
    ...createKeyModels(source, keys),
    ...createNotificationModels(source),
    ...createTaskModels(source),
    ...createRevocationModels(source),
    // Read at every new value; most projects have never made a choice, which is worth caching too.
    findChecker: (projectId) => knownChoices.get(projectId, SHARED_SLOT, () => readChoice(projectId))?.config,
    findClock: () => readOrDamaged(wholes(CLOCK)),
    countAll: () => source.snapshot(countAll),
    findNextDue: (kind, afterMs) => source.snapshot(() => findNextDue(kind, afterMs)),
  };
}

function createSecretModels({ db, mac, changes, random, snapshot, onDamage }: Source, keys: KeyReads) {
  const secrets = createSecretReads(db, mac);
  const tags = createTagReads(db, secrets, onDamage);
  const search = createSecretSearch(db, secrets, onDamage);
  const grants = createGrantReads(db, mac);
  const sample = createSampleRead(db, random);
  const projectCounts = createProjectCountRead(db);
  const known = createSlotCache<Secret>(changes, KNOWN_SECRETS_MAX);
  const findSecret = (ref: SecretRef) =>
    known.get(nameOf(ref), changes.slotOf(ref), () => snapshot(() => secrets.loadSecret(ref)));
  return {
    findSecret,
    findForSealing(ref, outdated) {
      const recalled = known.recall(nameOf(ref));
      return recalled?.state === 'ENABLED' && recalled !== outdated ? recalled : findSecret(ref);
    },
    findSecretById: (projectId, id) => snapshot(() => secrets.loadById(projectId, id)?.aggregate),
    findVersions: (ref) => snapshot(() => secrets.load(ref)?.aggregate),
    listSecrets: (query) =>
      snapshot(() =>
        secrets.list(toPageQuery(query), (name) => {
          onDamage(`secret ${query.projectId}/${name}`);
          query.onDamaged?.(name);
        }),
      ),
    listDueSecrets: (nowMs, limit) => snapshot(() => secrets.listDue(nowMs, limit)),
    findValue: createReadValue(db, { secrets, keys, snapshot, changes }),
    findContents: createReadContents({ secrets, keys, snapshot }),
    sampleVersions: (count) => snapshot(() => sample(count)),
    countByProject: () => snapshot(() => projectCounts.all()),
    listTags: (projectId) => inSteps(snapshot, tags.list(projectId)),
    searchSecrets: (query) => inSteps(snapshot, search(query)),
    listGrants: (ref) => snapshot(() => grants.listIntact(ref, ({ id }) => onDamage(`grant ${id}`))),
    listGrantsOf: (query) => snapshot(() => grants.listOfGrantee(query, ({ id }) => onDamage(`grant ${id}`))),
  } satisfies Partial<ReadModels>;
}

function createKeyModels({ changes, snapshot, onDamage }: Source, keys: KeyReads) {
  const known = createSlotCache<Key>(changes, KNOWN_KEYS_MAX);
  return {
    findKey: (ref) =>
      known.get(`${ref.projectId}/id/${ref.id}`, SHARED_SLOT, () => snapshot(() => keys.find(ref))),
    findKeyByAlias: (projectId, alias) =>
      known.get(`${projectId}/alias/${alias}`, SHARED_SLOT, () =>
        snapshot(() => keys.findByAlias(projectId, alias)),
      ),
    listKeys: (projectId) =>
      snapshot(() => keys.listInProject(projectId, ({ id }) => onDamage(`key ${projectId}/${id}`))),
    listDueKeys: (query) => snapshot(() => keys.listDue(query)),
  } satisfies Partial<ReadModels>;
}

function createNotificationModels({ db, mac, snapshot, wholes, onDamage }: Source) {
  const events = createEventReads(db, mac);
  const notifications = createNotificationReads(db, mac);
  const expired = createExpiredReads(db);
  return {
    findEvent: ({ projectId, name }) => snapshot(() => wholes(EVENT)(projectId, name)),
    listEvents: (query) =>
      snapshot(() => events.list(query, ({ projectId, name }) => onDamage(`event ${projectId}/${name}`))),
    listNotifications: (projectId) =>
      snapshot(() => notifications.list(projectId, (id) => onDamage(`notification ${id}`))),
    findNotification: (id) => snapshot(() => wholes(NOTIFICATION)(id)),
    listDueNotifications: (nowMs, page) => snapshot(() => notifications.listDue(nowMs, page)),
    listOldNotifications: (beforeMs, limit) => snapshot(() => notifications.listOld(beforeMs, limit)),
    listExpiringProjects: (after, limit) => snapshot(() => expired.listProjects(after, limit)),
    listExpiredVersions: (query) => snapshot(() => expired.list(query)),
    findSigningKey: () => snapshot(wholes(SIGNING_KEY)),
  } satisfies Partial<ReadModels>;
}

function createTaskModels({ db, mac, snapshot, wholes, onDamage }: Source) {
  const tasks = createTaskReads(db, mac);
  return {
    findTask: (id) => snapshot(() => wholes(TASK)(id)),
    listTasks: (query) => snapshot(() => tasks.list(query, (id) => onDamage(`task ${id}`))),
    countTasks: (query) => snapshot(() => tasks.count(query)),
    listDueTasks: (nowMs, page) => snapshot(() => tasks.listDue(nowMs, page)),
    listOldTasks: (beforeMs, limit) => snapshot(() => tasks.listOld(beforeMs, limit)),
    listDueRotations: (nowMs, limit) => snapshot(() => tasks.listDueSecrets(nowMs, limit)),
  } satisfies Partial<ReadModels>;
}

function createRevocationModels({ db, mac, snapshot, onDamage }: Source) {
  const revocations = createRevocationReads(db, mac);
  return {
    listRevocations: (afterId, limit) =>
      snapshot(() => revocations.list(afterId, limit, (id) => onDamage(`revoked token ${id}`))),
    listOldRevocations: (beforeMs, limit) => snapshot(() => revocations.listOld(beforeMs, limit)),
  } satisfies Partial<ReadModels>;
}

function toPageQuery(query: SecretQuery) {
  const { projectId, limit, afterName = '', eventName = null } = query;
  return { projectId, limit, afterName, eventName, rotatedOnly: query.rotatedOnly ? 1 : 0 };
}

function nameOf({ projectId, name }: SecretRef): string {
  return `${projectId}/${name}`;
}
