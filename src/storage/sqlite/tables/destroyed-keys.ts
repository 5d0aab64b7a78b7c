import type { DestroyedKey, KeyRef } from '../../../core/kms/keys.ts';
import { DESTROYED_KEY } from '../../columns/keys.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';

/** Prepares the reading of what stays of a destroyed key; nothing of one that is there or has never been. It throws damaged. */
export function createDestroyedKeyReads(db: Connection, mac: RowMac) {
  const byId = createRowReads(db, mac, DESTROYED_KEY).prepare('WHERE project_id = ? AND id = ?');
  return { find: ({ projectId, id }: KeyRef) => byId.get(projectId, id) };
}

/** Prepares the write on one connection. A key that was made again under its old id may be destroyed again. */
export function createDestroyedKeyWrite(db: Connection, mac: RowMac): (destroyed: DestroyedKey) => void {
  return createRowWrites(db, mac, DESTROYED_KEY).put;
}
