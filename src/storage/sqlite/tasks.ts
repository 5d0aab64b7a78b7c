import type { DueSecret } from '../../app/ports.ts';
import type { DueTask, TaskQuery } from '../../app/task-store.ts';
import { canonicalTask } from '../../core/canonical.ts';
import type { RotationSubType } from '../../core/rotation.ts';
import {
  TASKS_MAX,
  type Task,
  type TaskDecision,
  type TaskErrorCode,
  type TaskStatus,
  type TaskStep,
} from '../../core/task.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { soundPage } from './damage.ts';
import { createDueList } from './due-list.ts';
import { createOccasion } from './occasions.ts';
import type { Connection } from './open.ts';

interface TaskRow {
  readonly id: string;
  readonly project_id: string;
  readonly secret_name: string;
  readonly secret_id: string;
  readonly sub_type: string | null;
  readonly is_automatic: number;
  readonly function_urn: string | null;
  readonly status: string;
  readonly step: string;
  readonly version_number: number | null;
  readonly create_time_ms: number;
  readonly attempts: number;
  readonly next_attempt_ms: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly failures_before: number;
  readonly row_mac: Buffer;
}

/** Reads of tasks on one connection. Rows that are given out whole are authenticated; throws damaged. */
export interface TaskReads {
  find(id: string): Task | undefined;
  /** The newest task of a secret, by the secret's id. */
  findLatest(secretId: string): Task | undefined;
  /** Newest first; those that do not pass their check are left out, and told of. */
  list(query: TaskQuery, tell: (id: string) => void): Task[];
  count(query: Omit<TaskQuery, 'limit' | 'after'>): number;
  /** Tasks whose next attempt is due, or lies further away than any can; the projects take turns. */
  listDue(nowMs: number, page: { readonly limit: number; readonly waitMsMax: number }): DueTask[];
  /** Final tasks that were started before then. */
  listOld(beforeMs: number, limit: number): DueTask[];
  /** Secrets whose automatic rotation is due; the projects take turns. */
  listDueSecrets(nowMs: number, limit: number): DueSecret[];
  /** Unauthenticated; for the full check. */
  ids(): string[];
}

/** Writes what the rules decided about a task. Runs inside the write transaction. */
export type SaveTask = (current: Task | undefined, decision: TaskDecision) => void;

/** Prepares the reads of tasks on one connection. */
export function createTaskReads(db: Connection, mac: RowMac): TaskReads {
  const byId = db.prepare<[string], TaskRow>('SELECT * FROM task WHERE id = ?');
  const latest = db.prepare<[string], TaskRow>(
    'SELECT * FROM task WHERE secret_id = ? ORDER BY create_time_ms DESC LIMIT 1',
  );
  const ids = db.prepare<[], string>('SELECT id FROM task ORDER BY id').pluck();

  function authentic(row: TaskRow): Task {
    const task = fromTaskRow(row);
    requireIntactRow(mac, canonicalTask(task), { rowMac: row.row_mac, what: 'task' });
    return task;
  }

  return {
    find(id) {
      const row = byId.get(id);
      return row && authentic(row);
    },
    findLatest(secretId) {
      const row = latest.get(secretId);
      return row && authentic(row);
    },
    ...createTaskList(db, authentic),
    ...createDueLists(db),
    ids: () => ids.all(),
  };
}

/** One statement for each set of filters, so that each has its index. */
function createTaskList(
  db: Connection,
  authentic: (row: TaskRow) => Task,
): Pick<TaskReads, 'list' | 'count'> {
  const filters = ['', ' AND status = @status', ' AND secret_name = @secretName'];
  const conditions = [...filters, `${filters[1]}${filters[2]}`];
  const statements = conditions.map((condition) => ({
    page: db.prepare<[object], TaskRow>(
      `SELECT * FROM task WHERE project_id = @projectId${condition}
          AND (create_time_ms, id) < (@createTimeMs, @id)
        ORDER BY create_time_ms DESC, id DESC LIMIT @limit`,
    ),
    count: db
      .prepare<[object], number>(`SELECT count(*) FROM task WHERE project_id = @projectId${condition}`)
      .pluck(),
  }));
  const statementFor = ({ secretName, status }: Omit<TaskQuery, 'limit' | 'after'>) => {
    const place = (status === undefined ? 0 : 1) + (secretName === undefined ? 0 : 2);
    return statements[place] as (typeof statements)[0];
  };
  return {
    list(query, tell) {
      const { after, ...filter } = query;
      const start = after ?? { createTimeMs: Number.MAX_SAFE_INTEGER, id: '' };
      const statement = statementFor(query).page;
      const behind = (last: TaskRow | undefined, limit: number) =>
        statement.all({
          ...filter,
          ...(last ? { id: last.id, createTimeMs: last.create_time_ms } : start),
          limit,
        });
      return soundPage(query.limit, behind, { read: authentic, tell: ({ id }) => tell(id) });
    },
    count: (query) => statementFor(query).count.get(query) ?? 0,
  };
}

interface PlaceRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
}

/** The rules look again at what is found here, in the transaction and on authenticated rows. */
function createDueLists(db: Connection): Pick<TaskReads, 'listDue' | 'listOld' | 'listDueSecrets'> {
  const due = createDueList<PlaceRow>(db, {
    table: 'task',
    time: 'next_attempt_ms',
    columns: 'id, project_id, secret_name AS name',
    order: 'id',
  });
  const old = db.prepare<[number, number], PlaceRow>(
    `SELECT id, project_id, secret_name AS name FROM task
      WHERE next_attempt_ms IS NULL AND create_time_ms < ? LIMIT ?`,
  );
  const dueSecrets = createDueList<PlaceRow>(db, {
    table: 'secret',
    time: 'next_rotation_time_ms',
    where: "state = 'ENABLED'",
    columns: 'id, project_id, name',
    order: 'row',
  });
  const placeOf = (row: PlaceRow) => ({
    id: row.id,
    ref: { projectId: row.project_id, name: row.name },
  });
  return {
    listDue: (nowMs, { limit, waitMsMax }) => due({ nowMs, beyondMs: nowMs + waitMsMax }, limit).map(placeOf),
    listOld: (beforeMs, limit) => old.all(beforeMs, limit).map(placeOf),
    listDueSecrets: (nowMs, limit) => dueSecrets({ nowMs }, limit).map(placeOf),
  };
}

/** How many tasks of a project stay, looked at with every so many. */
const KEPT = Object.freeze({ tasks: TASKS_MAX, every: 64 });

/** Prepares the writes of tasks on one connection. */
export function createTaskWrites(
  db: Connection,
  mac: RowMac,
  kept: { readonly tasks: number; readonly every: number } = KEPT,
): SaveTask {
  const put = db.prepare(
    `INSERT INTO task
       (id, project_id, secret_name, secret_id, sub_type, is_automatic, function_urn, status, step, version_number,
        create_time_ms, attempts, next_attempt_ms, error_code, error_message, failures_before, row_mac)
     VALUES (@id, @projectId, @secretName, @secretId, @subType, @isAutomatic, @functionUrn, @status, @step,
             @versionNumber, @createTimeMs, @attempts, @nextAttemptMs, @errorCode, @errorMessage, @failuresBefore,
             @rowMac)
     ON CONFLICT (id) DO UPDATE SET
       status = @status, step = @step, version_number = @versionNumber, attempts = @attempts,
       next_attempt_ms = @nextAttemptMs, error_code = @errorCode, error_message = @errorMessage, row_mac = @rowMac`,
  );
  const remove = db.prepare('DELETE FROM task WHERE id = ?');
  // One that is under way stays: each secret has one at most.
  const removeOver = db.prepare<[string, number]>(
    `DELETE FROM task WHERE next_attempt_ms IS NULL AND id IN (
       SELECT id FROM task WHERE project_id = ? ORDER BY create_time_ms DESC, id DESC LIMIT -1 OFFSET ?)`,
  );
  const isTime = createOccasion(kept.every);
  return (current, { next }) => {
    if (next === current) return;
    if (next === undefined) {
      if (current !== undefined) remove.run(current.id);
      return;
    }
    const { error, ...fields } = next;
    put.run({
      ...fields,
      subType: next.subType ?? null,
      isAutomatic: next.isAutomatic ? 1 : 0,
      functionUrn: next.functionUrn ?? null,
      versionNumber: next.versionNumber ?? null,
      nextAttemptMs: next.nextAttemptMs ?? null,
      errorCode: error?.code ?? null,
      errorMessage: error?.message ?? null,
      rowMac: mac.sign(canonicalTask(next)),
    });
    if (current === undefined && isTime(next.projectId)) removeOver.run(next.projectId, kept.tasks);
  };
}

/** See `fromSecretRow` for the casts. */
function fromTaskRow(row: TaskRow): Task {
  const { error_code: code, error_message: message } = row;
  return {
    id: row.id,
    projectId: row.project_id,
    secretName: row.secret_name,
    secretId: row.secret_id,
    subType: (row.sub_type ?? undefined) as RotationSubType | undefined,
    isAutomatic: row.is_automatic !== 0,
    functionUrn: row.function_urn ?? undefined,
    status: row.status as TaskStatus,
    step: row.step as TaskStep,
    versionNumber: row.version_number ?? undefined,
    createTimeMs: row.create_time_ms,
    attempts: row.attempts,
    nextAttemptMs: row.next_attempt_ms ?? undefined,
    error: code === null && message === null ? undefined : toError(code, message),
    failuresBefore: row.failures_before,
  };
}

/** Half an error is damage, which the row's MAC finds. */
function toError(code: string | null, message: string | null): Task['error'] {
  return { code: (code ?? '') as TaskErrorCode, message: message ?? '' };
}
