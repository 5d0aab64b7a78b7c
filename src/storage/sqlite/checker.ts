import type { CheckerConfig, CheckerDecision } from '../../core/checker.ts';
import type { RowMac } from '../row-mac.ts';
import { CHECKER } from '../tables.ts';
import type { Connection } from './open.ts';
import { createRowReads, createRowWrites } from './rows.ts';

/** Reads of checker configurations on one connection. Every row is authenticated before it is given out. */
export interface CheckerReads {
  /** Throws damaged. */
  find(projectId: string): CheckerConfig | undefined;
}

/** Writes what the rules decided about a configuration. Runs inside the write transaction. */
export type SaveChecker = (current: CheckerConfig | undefined, decision: CheckerDecision) => void;

/** Prepares the read of checker configurations on one connection. Nothing is remembered: the row and its MAC are small. */
export function createCheckerReads(db: Connection, mac: RowMac): CheckerReads {
  const byProject = createRowReads(db, mac, CHECKER).prepare('WHERE project_id = ?');
  return { find: (projectId) => byProject.get(projectId) };
}

/** Prepares the writes of checker configurations on one connection. */
export function createCheckerWrites(db: Connection, mac: RowMac): SaveChecker {
  const { put } = createRowWrites(db, mac, CHECKER);
  return (current, { next }) => {
    // A damaged one makes room.
    if (next !== current) put(next);
  };
}
