import type { Connection } from '../engine/open.ts';

/** Where due things are, and what is read of them. Texts of SQL, all our own; the table has an index (project_id, time). */
export interface DueTable {
  readonly table: string;
  /** The column with the time at which a thing is due; what has none is never due. */
  readonly time: string;
  /** What else makes a row part of that index. */
  readonly where?: string;
  readonly columns: string;
  /** Distinguishes what is due at the same time. */
  readonly order: string;
}

/** Which times are due: up to `nowMs`, and behind `beyondMs` (the clock was set back). */
export interface DueTimes {
  readonly nowMs: number;
  readonly beyondMs?: number;
}

/** Projects that one look goes through; the next look continues with those that follow. */
export const LOOK_PROJECTS_MAX = 256;
const NO_PROJECT: Buffer = Buffer.alloc(0);
/** Rows of each project at least, however many projects have some. */
const SHARE_MIN = 16;

/**
 * Prepares the list of what is due, at most `limit`: of each project what has been due for longest, with the projects taking
 * turns. What a project has waiting therefore keeps no other waiting, and a look takes no longer for it. Which project
 * comes first changes from look to look: there may be more than one look can serve, or places for a few of them only.
 */
export function createDueList<T>(db: Connection, where: DueTable): (times: DueTimes, limit: number) => T[] {
  const { columns, order, table, time } = where;
  const indexed = `${time} IS NOT NULL${where.where === undefined ? '' : ` AND ${where.where}`}`;
  // By their bytes: an id that is not UTF-8 any more comes out as another one, which may come before it.
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

  /** Those of which something is due, as many as one look can serve. */
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
    // All have been seen: the one that came first now comes last in the next look.
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

/** From the project behind `last` on, and then from the first one up to it. */
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
