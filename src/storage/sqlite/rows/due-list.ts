import type { Connection } from '../engine/open.ts';

/**
 * Where due things are, and what is read of them. All texts are the program's own SQL; the table has an index
 * (project_id, time).
 */
export interface DueTable {
  readonly table: string;
  /** The column with the time at which a thing is due; without one it is never due. */
  readonly time: string;
  /** The index's condition. */
  readonly where?: string;
  readonly columns: string;
  /** Distinguishes what is due at the same time. */
  readonly order: string;
}

/** Which times are due: up to `nowMs`, and after `beyondMs` (the clock was set back). */
export interface DueTimes {
  readonly nowMs: number;
  readonly beyondMs?: number;
}

/** Projects of one look-up; the next continues with those that follow. */
export const LOOK_PROJECTS_MAX = 256;
const NO_PROJECT: Buffer = Buffer.alloc(0);
/** Least rows of each project, however many projects have some. */
const SHARE_MIN = 16;

/**
 * Prepares the list of what is due, at most `limit`: of each project what has been due for longest; the projects take
 * turns. So a project's backlog keeps no other waiting and slows no look-up. The first project changes with each look-up:
 * there may be more than one can serve, or places for only a few.
 */
export function createDueList<T>(db: Connection, where: DueTable): (times: DueTimes, limit: number) => T[] {
  const { columns, order, table, time } = where;
  const indexed = `${time} IS NOT NULL${where.where === undefined ? '' : ` AND ${where.where}`}`;
  // By their bytes: an id that is no longer UTF-8 reads as another, which may sort before it.
  const nextProject = db
    .prepare<[Buffer], Buffer>(
      `SELECT CAST(project_id AS BLOB) FROM ${table}
        WHERE project_id > CAST(? AS TEXT) AND ${indexed} ORDER BY project_id LIMIT 1`,
    )
    .pluck();
  const part = (isDue: string) =>
    `SELECT * FROM (SELECT ${columns} FROM ${table} WHERE project_id = CAST(@projectId AS TEXT) AND ${indexed} AND ${time} ${isDue}
      ORDER BY ${time}, ${order} LIMIT @limit)`;
  const dueOf = db.prepare<[object], T>(`${part('<= @nowMs')} UNION ALL ${part('> @beyondMs')} LIMIT @limit`);
  let lastProject = NO_PROJECT;

  /** Projects with something due, as many as one look-up can serve. */
  function chooseProjects(times: DueTimes, limit: number): Buffer[] {
    const due: Buffer[] = [];
    let looked = 0;
    let behind = lastProject;
    for (const projectId of projectsBehind(lastProject, (projectId) => nextProject.get(projectId))) {
      if (due.length >= limit || looked >= LOOK_PROJECTS_MAX) {
        lastProject = behind;
        return due;
      }
      if (dueOf.get({ ...times, projectId, limit: 1 }) !== undefined) due.push(projectId);
      looked += 1;
      behind = projectId;
    }
    // All have been read: the first now comes last in the next look-up.
    lastProject = due[0] ?? lastProject;
    return due;
  }

  return ({ nowMs, beyondMs = Number.MAX_SAFE_INTEGER }, limit) => {
    const times = { nowMs, beyondMs };
    const due = chooseProjects(times, limit);
    const share = Math.min(limit, Math.max(SHARE_MIN, Math.ceil(limit / Math.max(due.length, 1))));
    let left = limit;
    const lists = due.map((projectId) => {
      const rows = dueOf.all({ ...times, projectId, limit: share });
      left -= rows.length;
      return rows;
    });
    // What some projects do not need is left to those that have more.
    for (const [index, rows] of lists.entries()) {
      if (left <= 0) break;
      if (rows.length < share) continue;
      const more = dueOf.all({ ...times, projectId: due[index], limit: share + left });
      left -= more.length - rows.length;
      lists[index] = more;
    }
    return inTurns(lists).slice(0, limit);
  };
}

/** From the project after `last` on, then from the first up to it. */
function* projectsBehind(
  last: Buffer,
  next: (projectId: Buffer) => Buffer | undefined,
): Generator<Buffer, void> {
  for (let projectId = next(last); projectId !== undefined; projectId = next(projectId)) yield projectId;
  for (let projectId = next(NO_PROJECT); projectId !== undefined; projectId = next(projectId)) {
    if (projectId.compare(last) > 0) return;
    yield projectId;
  }
}

/** The first of each list, then the second of each, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}
