import type { ExpiredQuery, ExpiredVersion } from '../../../app/ports/deps.ts';
import type { Version } from '../../../core/secrets/secrets.ts';
import type { Connection } from '../engine/open.ts';
import { parseNames } from './subscriptions.ts';

interface ExpiredRow {
  readonly place_row: number;
  readonly number: number;
  readonly expire_time_ms: number;
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly event_subscriptions: string;
}

/**
 * Prepares the search for expired versions; both statements use their index. The rules check again what is found, on
 * authenticated rows.
 */
export function createExpiredReads(db: Connection) {
  const nextProject = db
    .prepare<[string | Buffer], Buffer>(
      `SELECT CAST(expiry_project_id AS BLOB) FROM version
        WHERE expiry_project_id > CAST(? AS TEXT) ORDER BY expiry_project_id LIMIT 1`,
    )
    .pluck();
  const expired = db.prepare<[object], ExpiredRow>(
    `SELECT v.row AS place_row, v.number, v.expire_time_ms, s.id, s.project_id, s.name, s.event_subscriptions
       FROM version v CROSS JOIN secret s ON s.row = v.secret_row
      WHERE v.expiry_project_id = @projectId AND v.expire_time_ms <= @nowMs
        AND (v.expire_time_ms, v.row) > (@afterMs, @afterRow)
      ORDER BY v.expire_time_ms, v.row LIMIT @limit`,
  );
  return {
    listProjects(afterProjectId: string, limit: number): string[] {
      const found: string[] = [];
      let projectId = nextProject.get(afterProjectId);
      while (projectId !== undefined && found.length < limit) {
        found.push(projectId.toString());
        projectId = nextProject.get(projectId);
      }
      return found;
    },
    list: ({ projectId, nowMs, after, limit }: ExpiredQuery): ExpiredVersion[] =>
      expired
        .all({ projectId, nowMs, afterMs: after.expireTimeMs, afterRow: after.row, limit })
        .map((row) => ({
          ref: { projectId: row.project_id, name: row.name },
          id: row.id,
          versionNumber: row.number,
          eventNames: parseNames(row.event_subscriptions),
          cursor: { expireTimeMs: row.expire_time_ms, row: row.place_row },
        })),
  };
}

/** The project that an intact row of a version names; null: there is nothing to notify. */
export function expiryProject({ expireTimeMs, expiryNotified }: Version, projectId: string): string | null {
  return expireTimeMs === undefined || expiryNotified ? null : projectId;
}
