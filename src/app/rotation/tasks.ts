import { invalidParameter } from '../../core/errors.ts';
import { TASK_KEPT_MS, type Task } from '../../core/rotation/tasks.ts';
import type { SecretRef } from '../../core/secrets/secrets.ts';
import { type ChangeDeps, change } from '../change.ts';
import type { Job } from '../jobs/job.ts';
import { createRetention } from '../jobs/retention.ts';
import { collectPage, type Page } from '../pages.ts';
import type { Deps } from '../ports/deps.ts';
import type { DueTask, TaskQuery } from '../ports/tasks.ts';
import { required } from '../required.ts';

/**
 * Starts a rotation, or brings forward the next attempt of the one under way; the work is done in the background.
 * Throws secret-not-found, invalid-parameter (COMMON), secret-pending-deletion, secret-not-enabled.
 * @see API page RotateSecret
 */
export async function rotateSecret(deps: Deps, ref: SecretRef): Promise<Task> {
  const [id, dueSecretId] = [deps.ids.uuid(), undefined];
  const command = { aggregate: 'task', kind: 'start-rotation', ref, id, dueSecretId } as const;
  return required((await change(deps, command)).task);
}

/** Which tasks of a project to read: one, or a page of those that pass the filters. */
export type TaskSearch =
  | { readonly projectId: string; readonly taskId: string }
  | (Omit<TaskQuery, 'after'> & {
      /** The last task of the page before. */
      readonly marker?: string;
    });

/**
 * A page of a project's tasks, newest first, and their total; empty when the project has no task of that id.
 * Throws invalid-parameter for a marker that names no task of the project. @see API page ListSecretTask
 */
export async function readTasks(
  { store }: Pick<Deps, 'store'>,
  search: TaskSearch,
): Promise<Page<Task> & { total: number }> {
  if ('taskId' in search) {
    const task = await store.findTask(search.taskId);
    const entries = task?.projectId === search.projectId ? [task] : [];
    return { entries, hasMore: false, total: entries.length };
  }
  const { limit, marker, ...filter } = search;
  const after = marker === undefined ? undefined : await store.findTask(marker);
  if (marker !== undefined && after?.projectId !== filter.projectId) {
    throw invalidParameter('marker', 'must be the id of a task');
  }
  const page = await collectPage<Task>(
    (size, last = after) => store.listTasks({ ...filter, limit: size, ...(last && { after: last }) }),
    { limit },
  );
  return { ...page, total: await store.countTasks(filter) };
}

/** The job that removes tasks after three months. */
export function createTaskRetention(deps: ChangeDeps & Pick<Deps, 'log'>): Job {
  return createRetention<DueTask>(deps, {
    job: 'task-retention',
    item: 'an old task',
    kind: 'task-record',
    keptMs: TASK_KEPT_MS,
    listOld: deps.store.listOldTasks,
    remove: ({ id, ref }, nowMs) => change(deps, { aggregate: 'task', kind: 'remove-task', ref, id, nowMs }),
  });
}
