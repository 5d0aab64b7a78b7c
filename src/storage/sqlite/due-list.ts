import type { Connection } from './open.ts';

/** Where due things are, and what is read of them. Texts of SQL, all our own; the table has an index (project_id, time). */
export interface DueTable {
  readonly table: string;
  /** The column with the time at which a thing is due; what has none is never due. */
  readonly time: string;
  /** What else makes a row part of that index. */
  readonly where?: string;
  readonly columns: string;
  /** Tells apart what is due at the same time. */
  readonly order: string;
}

/** Which times are due: up to `nowMs`, and behind `beyondMs` (the clock was set back). */
export interface DueTimes {
  readonly nowMs: number;
  readonly beyondMs?: number;
}

/** Projects that one look goes through; the next look goes on with those that follow. */
const LOOK_PROJECTS_MAX = 256;
/** Rows of each project at least, however many projects have some. */
const SHARE_MIN = 16;

/**
 * Prepares the list of what is due, at most `limit`: of each project what has been due for longest, with the projects taking
 * turns. What a project has waiting therefore keeps no other waiting, and a look takes no longer for it. Which project
 * comes first changes from look to look when there are more than one look can serve.
 */
export function createDueList<T>(db: Connection, where: DueTable): (times: DueTimes, limit: number) => T[] {
  const { columns, order, table, time } = where;
  const indexed = `${time} IS NOT NULL${where.where === undefined ? '' : ` AND ${where.where}`}`;
  const nextProject = db
    .prepare<[string], string>(
      `SELECT project_id FROM ${table} WHERE project_id > ? AND ${indexed} ORDER BY project_id LIMIT 1`,
    )
    .pluck();
  const part = (isDue: string) =>
    `SELECT * FROM (SELECT ${columns} FROM ${table} WHERE project_id = @projectId AND ${indexed} AND ${time} ${isDue}
      ORDER BY ${time}, ${order} LIMIT @limit)`;
  const dueOf = db.prepare<[object], T>(`${part('<= @nowMs')} UNION ALL ${part('> @beyondMs')} LIMIT @limit`);
  let lastProject = '';

  /** From the project behind the last one on, and then from the first one on. */
  function* projects(): Generator<string> {
    const start = lastProject;
    let looked = 0;
    for (const [from, to] of [
      [start, undefined],
      ['', start],
    ] as const) {
      let projectId = nextProject.get(from);
      while (projectId !== undefined && looked < LOOK_PROJECTS_MAX) {
        if (to !== undefined && projectId > to) return;
        yield projectId;
        looked += 1;
        projectId = nextProject.get(projectId);
      }
    }
  }

  return ({ nowMs, beyondMs = Number.MAX_SAFE_INTEGER }, limit) => {
    const due: string[] = [];
    const times = { nowMs, beyondMs };
    for (const projectId of projects()) {
      lastProject = projectId;
      if (dueOf.get({ ...times, projectId, limit: 1 }) !== undefined) due.push(projectId);
      if (due.length >= limit) break;
    }
    const share = Math.min(limit, Math.max(SHARE_MIN, Math.ceil(limit / Math.max(due.length, 1))));
    let left = limit;
    const lists = due.map((projectId) => {
      const rows = dueOf.all({ ...times, projectId, limit: share });
      left -= rows.length;
      return rows;
    });
    // What some projects do not need is for those that have more.
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

/** The first of each list, then the second of each, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap((list) => list.slice(turn, turn + 1)),
  ).flat();
}
