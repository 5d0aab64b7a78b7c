import type { DueKind } from '../../../app/ports/deps.ts';
import type { Connection } from '../engine/open.ts';
import { LOOK_PROJECTS_MAX } from './due-list.ts';

/** Where the times of a kind are, by the index of its due list. All texts are the program's own SQL. */
interface TimeTable {
  readonly table: string;
  readonly time: string;
  /** The index begins with it; absent: the index is on the time alone. */
  readonly project?: string;
  /** The index's condition. */
  readonly where: string;
}

const OWNED = { project: 'project_id' };
const DELETION = {
  ...OWNED,
  time: 'scheduled_delete_time_ms',
  where: 'scheduled_delete_time_ms IS NOT NULL',
};
const ROTATION = {
  ...OWNED,
  time: 'next_rotation_time_ms',
  where: "next_rotation_time_ms IS NOT NULL AND state = 'ENABLED'",
};
const ATTEMPT = { ...OWNED, time: 'next_attempt_ms', where: 'next_attempt_ms IS NOT NULL' };
const RECORD = { time: 'create_time_ms', where: 'next_attempt_ms IS NULL' };
const EXPIRY = {
  project: 'expiry_project_id',
  time: 'expire_time_ms',
  where: 'expiry_project_id IS NOT NULL',
};

const TABLES: Readonly<Record<DueKind, TimeTable>> = {
  'secret-deletion': { table: 'secret', ...DELETION },
  'secret-rotation': { table: 'secret', ...ROTATION },
  'key-deletion': { table: 'kms_key', ...DELETION },
  'key-rotation': { table: 'kms_key', ...ROTATION },
  expiry: { table: 'version', ...EXPIRY },
  notification: { table: 'notification', ...ATTEMPT },
  task: { table: 'task', ...ATTEMPT },
  'notification-record': { table: 'notification', ...RECORD },
  'revocation-record': {
    table: 'revoked_token',
    time: 'expire_time_ms',
    where: 'expire_time_ms IS NOT NULL',
  },
  'task-record': { table: 'task', ...RECORD },
};

/** Prepares reading the next due moment of a kind on one connection; see the port. */
export function createDueTimeRead(db: Connection) {
  const reads = new Map(Object.entries(TABLES).map(([kind, table]) => [kind, prepareRead(db, table)]));
  return (kind: DueKind, afterMs: number) => reads.get(kind)?.(afterMs);
}

/**
 * The first moment in the index; where that begins with the project, the first of each project's part. 0 when there are
 * more projects than one look-up of a due list reads: the lists continue from one to the next.
 */
function prepareRead(db: Connection, { table, time, where, project }: TimeTable) {
  const rows = `FROM ${table} WHERE ${where}`;
  if (project === undefined) {
    const first = db.prepare<[number], number | null>(`SELECT min(${time}) ${rows} AND ${time} > ?`).pluck();
    return (afterMs: number) => first.get(afterMs) ?? undefined;
  }
  const nearest = db.prepare<[object], { readonly projects: number; readonly nearestMs: number | null }>(
    `WITH RECURSIVE projects (id) AS (
       SELECT min(${project}) ${rows}
       UNION ALL
       SELECT (SELECT min(${project}) ${rows} AND ${project} > projects.id) FROM projects WHERE id IS NOT NULL
       LIMIT @projectsMax + 1)
     SELECT count(id) AS projects,
            min((SELECT min(${time}) ${rows} AND ${project} = projects.id AND ${time} > @afterMs)) AS nearestMs
       FROM projects`,
  );
  return (afterMs: number) => {
    const found = nearest.get({ afterMs, projectsMax: LOOK_PROJECTS_MAX });
    if (found !== undefined && found.projects > LOOK_PROJECTS_MAX) return 0;
    return found?.nearestMs ?? undefined;
  };
}
