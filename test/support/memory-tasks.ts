import type { Store } from '../../src/app/ports.ts';
import type { TaskQuery, TaskStore } from '../../src/app/task-store.ts';
import type { SecretAggregate } from '../../src/core/secret.ts';
import type { SecretDecision } from '../../src/core/secret-decision.ts';
import type { Task, TaskCommand, TaskResult } from '../../src/core/task.ts';
import { decideTask } from '../../src/core/task-rules.ts';

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

/** The part of the store in memory that holds rotations, over the secrets of the same store. */
export interface MemoryTasks {
  readonly tasks: Map<string, Task>;
  change(command: TaskCommand): Promise<TaskResult>;
  readonly reads: TaskStore;
}

export function memoryTasks(
  secrets: ReadonlyMap<string, SecretAggregate>,
  parts: {
    readonly findEvent: Store['findEvent'];
    /** Writes a decision about the secret at that path. */
    readonly save: (path: string, decision: SecretDecision) => void;
  },
): MemoryTasks {
  const tasks = new Map<string, Task>();
  const newestFirst = () => [...tasks.values()].sort((a, b) => (isNewer(a, b) ? -1 : 1));
  const matching = ({ projectId, secretName, status }: Omit<TaskQuery, 'limit' | 'after'>) =>
    newestFirst().filter(
      (task) =>
        task.projectId === projectId &&
        (secretName === undefined || task.secretName === secretName) &&
        (status === undefined || task.status === status),
    );
  const placeOf = ({ id, projectId, secretName }: Task) => ({ id, ref: { projectId, name: secretName } });

  return {
    tasks,
    async change(command) {
      const { id, ref } = command;
      const path = `${ref.projectId}/${ref.name}`;
      const secret = secrets.get(path);
      const latest = newestFirst().find(({ secretId }) => secretId === secret?.secret.id);
      const named = (secret?.secret.eventSubscriptions ?? []).map((name) =>
        parts.findEvent({ projectId: ref.projectId, name }),
      );
      const events = (await Promise.all(named)).filter((event) => event !== undefined);
      const decision = decideTask({ current: tasks.get(id), latest, secret, events }, command);
      if (decision.secret !== undefined) parts.save(path, decision.secret);
      if (decision.next === undefined) tasks.delete(id);
      else tasks.set(decision.next.id, decision.next);
      return decision.result;
    },
    reads: {
      findTask: (id) => tasks.get(id),
      listTasks: ({ limit, after, ...query }) =>
        matching(query)
          .filter((task) => after === undefined || isNewer(after, task))
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
    },
  };
}

function isNewer(a: Pick<Task, 'id' | 'createTimeMs'>, b: Pick<Task, 'id' | 'createTimeMs'>): boolean {
  return a.createTimeMs > b.createTimeMs || (a.createTimeMs === b.createTimeMs && a.id > b.id);
}
