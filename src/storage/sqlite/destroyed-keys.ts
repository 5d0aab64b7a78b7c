import { canonicalDestroyedKey } from '../../core/canonical.ts';
import type { DestroyedKey, KeyRef } from '../../core/key.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import type { Connection } from './open.ts';

interface DestroyedKeyRow {
  readonly project_id: string;
  readonly id: string;
  readonly destroy_time_ms: number;
  readonly row_mac: Buffer;
}

/** Reads of what stays of destroyed keys. Every row is authenticated before it is given out. */
export interface DestroyedKeyReads {
  /** Undefined for a key that is there or has never been. Throws damaged. */
  find(ref: KeyRef): DestroyedKey | undefined;
  /** All of them, unauthenticated; for the full check. */
  refs(): KeyRef[];
}

/** Notes that a key is destroyed. Runs inside the write transaction. */
export type SaveDestroyedKey = (destroyed: DestroyedKey) => void;

/** Prepares the reads on one connection. */
export function createDestroyedKeyReads(db: Connection, mac: RowMac): DestroyedKeyReads {
  const byId = db.prepare<[string, string], DestroyedKeyRow>(
    'SELECT * FROM kms_key_destroyed WHERE project_id = ? AND id = ?',
  );
  const all = db.prepare<[], KeyRef>(
    'SELECT project_id AS projectId, id FROM kms_key_destroyed ORDER BY project_id, id',
  );
  return {
    find({ projectId, id }) {
      const row = byId.get(projectId, id);
      if (row === undefined) return undefined;
      const destroyed = { projectId: row.project_id, id: row.id, destroyTimeMs: row.destroy_time_ms };
      requireIntactRow(mac, canonicalDestroyedKey(destroyed), { rowMac: row.row_mac, what: 'destroyed key' });
      return destroyed;
    },
    refs: () => all.all(),
  };
}

/** Prepares the write on one connection. A key that was made again under its old id may be destroyed again. */
export function createDestroyedKeyWrite(db: Connection, mac: RowMac): SaveDestroyedKey {
  const put = db.prepare(
    'INSERT OR REPLACE INTO kms_key_destroyed (project_id, id, destroy_time_ms, row_mac) VALUES (?, ?, ?, ?)',
  );
  return (destroyed) => {
    const { projectId, id, destroyTimeMs } = destroyed;
    put.run(projectId, id, destroyTimeMs, mac.sign(canonicalDestroyedKey(destroyed)));
  };
}
