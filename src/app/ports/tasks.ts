import type { Task } from '../../core/rotation/tasks.ts';
import type { SecretRef } from '../../core/secrets/secrets.ts';

/** A value, or the promise of one: an embedded engine has it at once, a remote one does not. */
export type Awaitable<T> = T | Promise<T>;

/**
 * What becomes due by itself, each kind with a list of what is due; records are due by when they were created,
 * revocations by when their tokens expire.
 */
export type DueKind =
  | 'secret-deletion'
  | 'secret-rotation'
  | 'key-deletion'
  | 'key-rotation'
  | 'expiry'
  | 'notification'
  | 'task'
  | 'notification-record'
  | 'task-record'
  | 'revocation-record';

/** A secret whose deletion or rotation is due. */
export interface DueSecret {
  readonly ref: SecretRef;
  readonly id: string;
}

/** A page of tasks, newest first. */
export interface TaskQuery {
  readonly projectId: string;
  readonly secretName?: string;
  readonly status?: Task['status'];
  readonly limit: number;
  /** The last task of the page before. */
  readonly after?: Pick<Task, 'id' | 'createTimeMs'>;
}

/** A task that background work has found; `ref` names its secret. */
export interface DueTask {
  readonly ref: SecretRef;
  readonly id: string;
}

/** The read models of rotations. */
export interface TaskStore {
  findTask(id: string): Awaitable<Task | undefined>;
  listTasks(query: TaskQuery): Awaitable<Task[]>;
  /** Tasks over all pages. */
  countTasks(query: Omit<TaskQuery, 'limit' | 'after'>): Awaitable<number>;
  /** Tasks whose next attempt is due, or more than `waitMsMax` away (the clock was set back); projects take turns. */
  listDueTasks(
    nowMs: number,
    page: { readonly limit: number; readonly waitMsMax: number },
  ): Awaitable<DueTask[]>;
  /** Final tasks that were started before then. */
  listOldTasks(beforeMs: number, limit: number): Awaitable<DueTask[]>;
  /** Secrets whose automatic rotation is due at `nowMs`, at most `limit`; the projects take turns. */
  listDueRotations(nowMs: number, limit: number): Awaitable<DueSecret[]>;
}
