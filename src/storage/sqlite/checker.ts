import { canonicalChecker } from '../../core/canonical.ts';
import type { CheckerConfig, CheckerDecision } from '../../core/checker.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import type { Connection } from './open.ts';

interface CheckerRow {
  readonly project_id: string;
  readonly checks_strength: number;
  readonly update_time_ms: number;
  readonly revision: number;
  readonly row_mac: Buffer;
}

/** Reads of checker configurations on one connection. Every row is authenticated before it is given out. */
export interface CheckerReads {
  /** Throws damaged. */
  find(projectId: string): CheckerConfig | undefined;
  /** Projects that have one, unauthenticated; for the full check. */
  projectIds(): string[];
}

/** Writes what the rules decided about a configuration. Runs inside the write transaction. */
export type SaveChecker = (current: CheckerConfig | undefined, decision: CheckerDecision) => void;

/** Prepares the read of checker configurations on one connection. Nothing is remembered: the row and its MAC are small. */
export function createCheckerReads(db: Connection, mac: RowMac): CheckerReads {
  const byProject = db.prepare<[string], CheckerRow>('SELECT * FROM checker_config WHERE project_id = ?');
  const projects = db
    .prepare<[], string>('SELECT project_id FROM checker_config ORDER BY project_id')
    .pluck();
  return {
    find(projectId) {
      const row = byProject.get(projectId);
      if (row === undefined) return undefined;
      const config = fromCheckerRow(row);
      requireIntactRow(mac, canonicalChecker(config), { rowMac: row.row_mac, what: 'configuration' });
      return config;
    },
    projectIds: () => projects.all(),
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
    const rowMac = mac.sign(canonicalChecker(next));
    put.run({ ...next, checksStrength: next.checksStrength ? 1 : 0, rowMac });
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
