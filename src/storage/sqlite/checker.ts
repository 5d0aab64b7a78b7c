import type { CheckerConfig, CheckerDecision } from '../../core/checker.ts';
import { type RowMac, requireIntactChecker, signChecker } from '../row-mac.ts';
import type { Connection } from './open.ts';

interface CheckerRow {
  readonly project_id: string;
  readonly checks_strength: number;
  readonly update_time_ms: number;
  readonly revision: number;
  readonly row_mac: Buffer;
}

/** Finds a project's checker configuration; the row is authenticated before it is given out. */
export type FindChecker = (projectId: string) => CheckerConfig | undefined;

/** Writes what the rules decided about a configuration. Runs inside the write transaction. */
export type SaveChecker = (current: CheckerConfig | undefined, decision: CheckerDecision) => void;

/** Prepares the read of checker configurations on one connection. Nothing is remembered: the row and its MAC are small. */
export function createCheckerRead(db: Connection, mac: RowMac): FindChecker {
  const byProject = db.prepare<[string], CheckerRow>('SELECT * FROM checker_config WHERE project_id = ?');
  return (projectId) => {
    const row = byProject.get(projectId);
    if (row === undefined) return undefined;
    const config = fromCheckerRow(row);
    requireIntactChecker(mac, config, row.row_mac);
    return config;
  };
}

/** Prepares the writes of checker configurations on one connection. */
export function createCheckerWrites(db: Connection, mac: RowMac): SaveChecker {
  const put = db.prepare(
    `INSERT INTO checker_config (project_id, checks_strength, update_time_ms, revision, row_mac)
     VALUES (@projectId, @checksStrength, @updateTimeMs, @revision, @rowMac)
     ON CONFLICT (project_id) DO UPDATE SET
       checks_strength = excluded.checks_strength, update_time_ms = excluded.update_time_ms,
       revision = excluded.revision, row_mac = excluded.row_mac`,
  );
  return (current, { next }) => {
    if (next === current) return;
    put.run({ ...next, checksStrength: next.checksStrength ? 1 : 0, rowMac: signChecker(mac, next) });
  };
}

function fromCheckerRow(row: CheckerRow): CheckerConfig {
  return {
    projectId: row.project_id,
    checksStrength: row.checks_strength === 1,
    updateTimeMs: row.update_time_ms,
    revision: row.revision,
  };
}
