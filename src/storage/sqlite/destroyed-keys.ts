import type { DestroyedKey, KeyRef } from '../../core/key.ts';
import { DESTROYED_KEY } from '../key-tables.ts';
import type { RowMac } from '../row-mac.ts';
import type { Connection } from './open.ts';
import { createRowReads, createRowWrites } from './rows.ts';

/** Reads of what stays of destroyed keys. Every row is authenticated before it is given out. */
export interface DestroyedKeyReads {
  /** Undefined for a key that is there or has never been. Throws damaged. */
  find(ref: KeyRef): DestroyedKey | undefined;
}

/** Notes that a key is destroyed. Runs inside the write transaction. */
export type SaveDestroyedKey = (destroyed: DestroyedKey) => void;

/** Prepares the reads on one connection. */
export function createDestroyedKeyReads(db: Connection, mac: RowMac): DestroyedKeyReads {
  const byId = createRowReads(db, mac, DESTROYED_KEY).prepare('WHERE project_id = ? AND id = ?');
  return { find: ({ projectId, id }) => byId.get(projectId, id) };
}

/** Prepares the write on one connection. A key that was made again under its old id may be destroyed again. */
export function createDestroyedKeyWrite(db: Connection, mac: RowMac): SaveDestroyedKey {
  return createRowWrites(db, mac, DESTROYED_KEY).put;
}
