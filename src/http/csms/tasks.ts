import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/rotation/tasks.ts';
import { invalidParameter } from '../../core/errors.ts';
import { PAGE } from '../../core/limits.ts';
import { requireSecretName } from '../../core/names.ts';
import { TASK_STATUSES, type Task } from '../../core/rotation/tasks.ts';
import type { App } from '../app.ts';
import { nestedRoute, operation, route } from '../wire/operation.ts';
import { ListQuery, Nullable, OneOf, TimeMs, Titled } from '../wire/schemas.ts';
import { toRef } from '../wire/secrets.ts';

const TASK_ID_PATTERN = '^[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}$';
const TASK_ID = new RegExp(TASK_ID_PATTERN);

const TaskSchema = Titled('SecretTask', {
  task_id: Type.String({ pattern: TASK_ID_PATTERN }),
  secret_name: Type.String(),
  operate_type: Nullable(
    OneOf(['SINGLE_USER', 'MULTI_USER'], 'Null when the rotation_config of the secret cannot be read'),
  ),
  task_status: OneOf(TASK_STATUSES),
  task_time: TimeMs,
  attempt_nums: Type.Integer({ description: 'The attempt under way, or the last one' }),
  rotation_func_urn: Nullable(Type.String()),
  task_error_code: Nullable(Type.String({ description: 'Of the latest attempt that failed' })),
  task_error_msg: Nullable(Type.String()),
});
const TasksResponse = Titled('ListSecretTaskResponse', {
  tasks: Type.Array(TaskSchema),
  total: Type.Integer({ description: 'Tasks over all pages' }),
  next_marker: Nullable(Type.String({ description: 'Marker of the next page; null at the end' })),
});
const RotateResponse = Titled('RotateSecretResponse', {
  rotation_task_id: Type.String({ pattern: TASK_ID_PATTERN }),
});
const TasksQuery = Type.Object({
  ...ListQuery,
  secret_name: Type.Optional(Type.String({ description: 'Only tasks of this secret' })),
  status: Type.Optional(OneOf(['SUCCESS', 'FAILED'])),
  task_id: Type.Optional(Type.String({ description: 'One task; not together with other parameters' })),
  marker: Type.Optional(Type.String({ description: 'Id of the last task of the page before' })),
});

/** RotateSecret, ListSecretTask. */
export function registerTasks(api: App): void {
  api.route({
    ...nestedRoute('POST', '/v1/:project_id/secrets/:secret_name/rotate', {
      ...operation('RotateSecret', 'Starts the rotation of a secret'),
      response: { 200: RotateResponse },
    }),
    handler: async ({ deps, params }) => {
      const task = await app.rotateSecret(deps, toRef(params));
      return { rotation_task_id: task.id };
    },
  });
  api.route({
    ...route('GET', '/v1/:project_id/csms/tasks', {
      ...operation('ListSecretTask', 'Lists rotations, newest first'),
      querystring: TasksQuery,
      response: { 200: TasksResponse },
    }),
    handler: async ({ deps, params, query }) => {
      const { entries, hasMore, total } = await app.readTasks(deps, toQuery(params.project_id, query));
      const tasks = entries.map(toWireTask);
      return { tasks, total, next_marker: hasMore ? (tasks.at(-1)?.task_id ?? null) : null };
    },
  });
}

function toQuery(projectId: string, query: Static<typeof TasksQuery>): app.TaskSearch {
  const { limit = PAGE.default, marker, secret_name: secretName, status, task_id: taskId } = query;
  if (taskId !== undefined) {
    if (Object.keys(query).length > 1) throw invalidParameter('task_id', 'goes with no other parameter');
    return { projectId, taskId: requireTaskId(taskId, 'task_id') };
  }
  return {
    projectId,
    limit,
    ...(secretName !== undefined && { secretName: requireSecretName(secretName) }),
    ...(status !== undefined && { status }),
    // Empty means the first page, as the vendor says.
    ...(marker && { marker: requireTaskId(marker, 'marker') }),
  };
}

function requireTaskId(text: string, parameter: string): string {
  if (TASK_ID.test(text)) return text;
  throw invalidParameter(parameter, 'must be the id of a task');
}

function toWireTask(task: Task): Static<typeof TaskSchema> {
  const { error, subType } = task;
  return {
    task_id: task.id,
    secret_name: task.secretName,
    operate_type: subType === undefined ? null : subType === 'SingleUser' ? 'SINGLE_USER' : 'MULTI_USER',
    task_status: task.status,
    task_time: task.createTimeMs,
    attempt_nums: task.attempts,
    rotation_func_urn: task.functionUrn ?? null,
    task_error_code: error?.code ?? null,
    task_error_msg: error?.message ?? null,
  };
}
