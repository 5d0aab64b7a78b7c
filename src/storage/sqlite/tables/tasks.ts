import type { DueSecret } from '../../../app/ports/deps.ts';
import type { DueTask, TaskQuery } from '../../../app/ports/tasks.ts';
import { TASKS_MAX, type Task, type TaskDecision } from '../../../core/rotation/tasks.ts';
import type { Row } from '../../columns/fields.ts';
import { TASK } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import { createOccasion } from '../engine/occasions.ts';
import type { Connection } from '../engine/open.ts';
import { intactPage, type Stretch } from '../rows/damage.ts';
import { createDueList } from '../rows/due-list.ts';
import { createRowReads, createRowWrites, type RowReads } from '../rows/rows.ts';

/** Reads of tasks on one connection. Rows that are returned whole are authenticated; throws damaged. */
export interface TaskReads {
  /** The newest task of a secret, by the secret's id. */
  findLatest(secretId: string): Task | undefined;
  /** Newest first; those that fail their check are left out and passed to `tell`. */
  list(query: TaskQuery, tell: (id: string) => void): Task[];
  count(query: Omit<TaskQuery, 'limit' | 'after'>): number;
  /** Tasks whose next attempt is due, or further away than possible; the projects take turns. */
  listDue(nowMs: number, page: { readonly limit: number; readonly waitMsMax: number }): DueTask[];
  /** Final tasks that were started before then. */
  listOld(beforeMs: number, limit: number): DueTask[];
  /** Secrets whose automatic rotation is due; the projects take turns. */
  listDueSecrets(nowMs: number, limit: number): DueSecret[];
}

/** Writes what the rules decided about a task. Runs inside the write transaction. */
export type SaveTask = (current: Task | undefined, decision: TaskDecision) => void;

/** Prepares the reads of tasks on one connection. */
export function createTaskReads(db: Connection, mac: RowMac): TaskReads {
  const read = createRowReads(db, mac, TASK);
  const latest = read.prepare('WHERE secret_id = ? ORDER BY create_time_ms DESC LIMIT 1');
  return {
    findLatest: (secretId) => latest.get(secretId),
    ...createTaskList(db, read),
    ...createDueLists(db),
  };
}

/** One statement for each set of filters, so that each has its index. */
function createTaskList(db: Connection, read: RowReads<Task>): Pick<TaskReads, 'list' | 'count'> {
  const filters = ['', ' AND status = @status', ' AND secret_name = @secretName'];
  const conditions = [...filters, `${filters[1]}${filters[2]}`];
  const statements = conditions.map((condition) => ({
    page: read.prepare(
      `WHERE project_id = @projectId${condition} AND (create_time_ms, id) < (@createTimeMs, @id)
       ORDER BY create_time_ms DESC, id DESC LIMIT @limit OFFSET @offset`,
    ),
    count: db
      .prepare<[object], number>(`SELECT count(*) FROM task WHERE project_id = @projectId${condition}`)
      .pluck(),
  }));
  const statementFor = ({ secretName, status }: Omit<TaskQuery, 'limit' | 'after'>) => {
    const index = (status === undefined ? 0 : 1) + (secretName === undefined ? 0 : 2);
    return statements[index] as (typeof statements)[0];
  };
  return {
    list(query, tell) {
      const { after, ...filter } = query;
      const start = after ?? { createTimeMs: Number.MAX_SAFE_INTEGER, id: '' };
      const statement = statementFor(query).page;
      const cursorOf = (row: Row) => ({
        id: read.valueOf(row, 'id'),
        createTimeMs: read.valueOf(row, 'create_time_ms'),
      });
      const stretch = ({ last, offset, limit }: Stretch<Row>) =>
        statement.rows({ ...filter, ...(last === undefined ? start : cursorOf(last)), offset, limit });
      return intactPage(query.limit, stretch, {
        authentic: read.authentic,
        tell: (row) => tell(String(read.valueOf(row, 'id'))),
      });
    },
    count: (query) => statementFor(query).count.get(query) ?? 0,
  };
}

interface FoundRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
}

/** The rules check again what is found here, in the transaction and on authenticated rows. */
function createDueLists(db: Connection): Pick<TaskReads, 'listDue' | 'listOld' | 'listDueSecrets'> {
  const due = createDueList<FoundRow>(db, {
    table: 'task',
    time: 'next_attempt_ms',
    columns: 'id, project_id, secret_name AS name',
    order: 'id',
  });
  const old = db.prepare<[number, number], FoundRow>(
    `SELECT id, project_id, secret_name AS name FROM task
      WHERE next_attempt_ms IS NULL AND create_time_ms < ? LIMIT ?`,
  );
  const dueSecrets = createDueList<FoundRow>(db, {
    table: 'secret',
    time: 'next_rotation_time_ms',
    where: "state = 'ENABLED'",
    columns: 'id, project_id, name',
    order: 'row',
  });
  const refOf = (row: FoundRow) => ({
    id: row.id,
    ref: { projectId: row.project_id, name: row.name },
  });
  return {
    listDue: (nowMs, { limit, waitMsMax }) => due({ nowMs, beyondMs: nowMs + waitMsMax }, limit).map(refOf),
    listOld: (beforeMs, limit) => old.all(beforeMs, limit).map(refOf),
    listDueSecrets: (nowMs, limit) => dueSecrets({ nowMs }, limit).map(refOf),
  };
}

/** How many tasks of a project are kept, checked after every so many. */
const KEPT = Object.freeze({ tasks: TASKS_MAX, every: 64 });

/** Prepares the writes of tasks on one connection. */
export function createTaskWrites(
  db: Connection,
  mac: RowMac,
  kept: { readonly tasks: number; readonly every: number } = KEPT,
): SaveTask {
  const { save } = createRowWrites(db, mac, TASK);
  // One that is under way is kept: each secret has one at most.
  const removeOver = db.prepare<[string, number]>(
    `DELETE FROM task WHERE next_attempt_ms IS NULL AND id IN (
       SELECT id FROM task WHERE project_id = ? ORDER BY create_time_ms DESC, id DESC LIMIT -1 OFFSET ?)`,
  );
  const isTime = createOccasion(kept.every);
  return (current, { next }) => {
    save(current, next);
    if (current !== undefined || next === undefined) return;
    if (isTime(next.projectId)) removeOver.run(next.projectId, kept.tasks);
  };
}
