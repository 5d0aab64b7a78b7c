import type { DueKind, ExpiredVersion } from '../../src/app/ports/deps.ts';
import type { Notification } from '../../src/core/events/notifications.ts';
import type { Task } from '../../src/core/rotation/tasks.ts';
import { NOTIFICATION, REVOCATION, TASK } from '../../src/storage/columns/small.ts';
import type { ReadModels } from '../../src/storage/sqlite/engine/read-models.ts';
import type { Memory } from './memory-engine.ts';

/** What is due at a time; `name`: of the secret that it is, or is of. */
interface Due {
  readonly projectId: string;
  readonly id: string;
  readonly name: string;
  readonly timeMs: number;
}

/** Lists by project, in the order of their ids. */
export function byProject<T extends { readonly projectId: string }>(all: Iterable<T>): Map<string, T[]> {
  const lists = new Map<string, T[]>();
  for (const one of [...all].sort((a, b) => (a.projectId < b.projectId ? -1 : 1)))
    lists.set(one.projectId, [...(lists.get(one.projectId) ?? []), one]);
  return lists;
}

/** What background work looks for, from what is in memory. */
export function memoryDues(memory: Memory) {
  const looks = new Map<DueKind, number>();
  /** The longest overdue of each project first, with the projects taking turns, at each look beginning with another one. */
  function list(kind: DueKind, limit: number, nowMs: number, beyondMs = Number.POSITIVE_INFINITY): Due[] {
    const due = timesOf[kind](memory).filter(({ timeMs }) => timeMs <= nowMs || timeMs > beyondMs);
    const lists = [...byProject(due.sort((a, b) => a.timeMs - b.timeMs)).values()];
    const look = looks.get(kind) ?? 0;
    looks.set(kind, look + 1);
    const turned = lists.map((_, at) => lists[(at + look) % lists.length]!);
    return due.flatMap((_, turn) => turned.flatMap((one) => one.slice(turn, turn + 1))).slice(0, limit);
  }
  const named = ({ id, name, projectId }: Due) => ({ id, ref: { projectId, name } });
  return {
    findNextDue(kind, afterMs) {
      const later = timesOf[kind](memory).filter(({ timeMs }) => timeMs > afterMs);
      return later.length === 0 ? undefined : Math.min(...later.map(({ timeMs }) => timeMs));
    },
    listDueSecrets: (nowMs, limit) => list('secret-deletion', limit, nowMs).map(named),
    listDueRotations: (nowMs, limit) => list('secret-rotation', limit, nowMs).map(named),
    listDueKeys: ({ due, nowMs, limit }) =>
      list(`key-${due}`, limit, nowMs).map(({ projectId, id }) => ({ projectId, id })),
    listDueTasks: (nowMs, { limit, waitMsMax }) => list('task', limit, nowMs, nowMs + waitMsMax).map(named),
    listOldTasks: (beforeMs, limit) => list('task-record', limit, beforeMs - 1).map(named),
    listDueNotifications: (nowMs, { limit, waitMsMax }) =>
      list('notification', limit, nowMs, nowMs + waitMsMax).map(({ id, projectId }) => ({ id, projectId })),
    listOldNotifications: (beforeMs, limit) =>
      list('notification-record', limit, beforeMs - 1).map(({ id }) => id),
    listOldRevocations: (beforeMs, limit) =>
      list('revocation-record', limit, beforeMs - 1).map(({ id }) => id),
    listExpiringProjects: (afterProjectId, limit) =>
      [...byProject(expiring(memory)).keys()].filter((id) => id > afterProjectId).slice(0, limit),
    listExpiredVersions: ({ projectId, nowMs, after, limit }) =>
      expiring(memory)
        .filter((one) => one.projectId === projectId && one.timeMs <= nowMs)
        .filter(({ cursor }) => compareCursors(cursor, after) > 0)
        .sort((a, b) => compareCursors(a.cursor, b.cursor))
        .slice(0, limit)
        .map(({ projectId: _, timeMs, name, ...version }): ExpiredVersion => version),
  } satisfies Partial<ReadModels>;
}

function compareCursors(one: ExpiredVersion['cursor'], other: ExpiredVersion['cursor']): number {
  return one.expireTimeMs - other.expireTimeMs || one.row - other.row;
}

/** Versions that expire and were not notified. */
function expiring({ rowOf, secrets }: Memory): (Due & ExpiredVersion)[] {
  return [...secrets.values()].flatMap(({ secret, versions }) =>
    versions.flatMap(({ expireTimeMs, expiryNotified, number }) => {
      if (expireTimeMs === undefined || expiryNotified) return [];
      const { eventSubscriptions: eventNames, id, name, projectId } = secret;
      const cursor = { expireTimeMs, row: rowOf(secret.id, number) };
      const version = { ref: { projectId, name }, id, versionNumber: number, eventNames, cursor };
      return [{ ...version, projectId, name, timeMs: expireTimeMs }];
    }),
  );
}

interface Dated {
  readonly projectId: string;
  readonly id: string;
  readonly name?: string;
  readonly secretName?: string;
}

/** Those that have a time. */
function timed<T extends Dated>(all: Iterable<T>, timeOf: (one: T) => number | undefined): Due[] {
  return [...all].flatMap((one) => {
    const { id, projectId, secretName = '', name = secretName } = one;
    const timeMs = timeOf(one);
    return timeMs === undefined ? [] : [{ projectId, id, name, timeMs }];
  });
}

const secretsOf = ({ secrets }: Memory) => [...secrets.values()].map(({ secret }) => secret);
const attemptOf = ({ nextAttemptMs }: Notification | Task) => nextAttemptMs;
const recordOf = ({ createTimeMs, nextAttemptMs }: Notification | Task) =>
  nextAttemptMs === undefined ? createTimeMs : undefined;
const ifEnabled = (state: string, timeMs: number | undefined) => (state === 'ENABLED' ? timeMs : undefined);

const timesOf: Readonly<Record<DueKind, (memory: Memory) => Due[]>> = {
  'secret-deletion': (memory) =>
    timed(secretsOf(memory), ({ scheduledDeleteTimeMs }) => scheduledDeleteTimeMs),
  'secret-rotation': (memory) =>
    timed(secretsOf(memory), ({ nextRotationTimeMs, state }) => ifEnabled(state, nextRotationTimeMs)),
  'key-deletion': ({ keys }) => timed(keys.values(), ({ scheduledDeleteTimeMs }) => scheduledDeleteTimeMs),
  'key-rotation': ({ keys }) =>
    timed(keys.values(), ({ rotation, state }) => ifEnabled(state, rotation?.nextTimeMs)),
  expiry: expiring,
  notification: ({ rows }) => timed(rows(NOTIFICATION).values(), attemptOf),
  task: ({ rows }) => timed(rows(TASK).values(), attemptOf),
  'notification-record': ({ rows }) => timed(rows(NOTIFICATION).values(), recordOf),
  'task-record': ({ rows }) => timed(rows(TASK).values(), recordOf),
  'revocation-record': ({ rows }) =>
    [...rows(REVOCATION).values()].map(({ id, expireTimeMs }) => ({
      projectId: '',
      id,
      name: '',
      timeMs: expireTimeMs,
    })),
};
