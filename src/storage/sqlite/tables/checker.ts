import type { CheckerConfig, CheckerDecision } from '../../../core/secrets/checker.ts';
import { CHECKER } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';

/** Prepares the read of a project's configuration; it throws damaged. Nothing is remembered: the row and its MAC are small. */
export function createCheckerReads(db: Connection, mac: RowMac) {
  const byProject = createRowReads(db, mac, CHECKER).prepare('WHERE project_id = ?');
  return { find: (projectId: string) => byProject.get(projectId) };
}

/** Prepares the writes of checker configurations on one connection. */
export function createCheckerWrites(db: Connection, mac: RowMac) {
  const { put } = createRowWrites(db, mac, CHECKER);
  return (current: CheckerConfig | undefined, { next }: CheckerDecision): void => {
    // A damaged one makes room.
    if (next !== current) put(next);
  };
}
