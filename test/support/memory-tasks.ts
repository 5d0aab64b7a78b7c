import type { TaskQuery, TaskStore } from '../../src/app/task-store.ts';
import type { Task } from '../../src/core/task.ts';
import { byAge, type Memory } from './memory-engine.ts';

export const TASK_ID = '44444444-4444-4444-8444-444444444444';

/** A rotation by hand that is about to ask for its new value. */
export function aTask(changes: Partial<Task> = {}): Task {
  return {
    id: TASK_ID,
    projectId: 'a'.repeat(32),
    secretName: 'db-password',
    secretId: '11111111-1111-4111-8111-111111111111',
    subType: 'SingleUser',
    isAutomatic: false,
    functionUrn: `urn:fss:local-1:${'a'.repeat(32)}:function:default:rotate`,
    status: 'RUNNING',
    step: 'create',
    versionNumber: undefined,
    createTimeMs: 1_700_000_000_000,
    attempts: 1,
    nextAttemptMs: 1_700_000_000_000,
    error: undefined,
    failuresBefore: 0,
    ...changes,
  };
}

/** What is asked of rotations in memory. */
export function readTasks({ secrets, tasks }: Memory): TaskStore {
  const newestFirst = () => [...tasks.values()].sort(byAge);
  const matching = ({ projectId, secretName, status }: Omit<TaskQuery, 'limit' | 'after'>) =>
    newestFirst().filter(
      (task) =>
        task.projectId === projectId &&
        (secretName === undefined || task.secretName === secretName) &&
        (status === undefined || task.status === status),
    );
  const placeOf = ({ id, projectId, secretName }: Task) => ({ id, ref: { projectId, name: secretName } });

  return {
    findTask: (id) => tasks.get(id),
    listTasks: ({ limit, after, ...query }) =>
      matching(query)
        .filter((task) => after === undefined || byAge(after, task) < 0)
        .slice(0, limit),
    countTasks: (query) => matching(query).length,
    listDueTasks: (nowMs, { limit, waitMsMax }) =>
      [...tasks.values()]
        .filter(({ nextAttemptMs: at }) => at !== undefined && (at <= nowMs || at > nowMs + waitMsMax))
        .slice(0, limit)
        .map(placeOf),
    listOldTasks: (beforeMs, limit) =>
      [...tasks.values()]
        .filter(({ status, createTimeMs }) => status !== 'RUNNING' && createTimeMs < beforeMs)
        .slice(0, limit)
        .map(placeOf),
    listDueRotations: (nowMs, limit) =>
      [...secrets.values()]
        .filter(
          ({ secret }) => secret.state === 'ENABLED' && (secret.nextRotationTimeMs ?? nowMs + 1) <= nowMs,
        )
        .slice(0, limit)
        .map(({ secret }) => ({ id: secret.id, ref: { projectId: secret.projectId, name: secret.name } })),
  };
}
