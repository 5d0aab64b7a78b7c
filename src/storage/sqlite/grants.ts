import { canonicalGrant } from '../../core/canonical.ts';
import type { DamagedGrant, Grant, Grantee, GrantRef } from '../../core/grant.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { soundOnes } from './damage.ts';
import type { Connection } from './open.ts';

interface GrantRow {
  readonly id: string;
  readonly secret_id: string;
  readonly project_id: string;
  readonly grantee_type: string;
  readonly grantee_id: string;
  readonly create_time_ms: number;
  readonly update_time_ms: number;
  readonly expire_time_ms: number | null;
  readonly revision: number;
  readonly row_mac: Buffer;
}

/** Reads of grants on one connection. Every row is authenticated before it is given out. */
export interface GrantReads {
  /** Every grant on a secret, oldest first, expired ones included. Throws damaged. */
  list(ref: GrantRef): Grant[];
  /** The same without those that do not pass their check, which are told of. */
  listSound(ref: GrantRef, tell: (grant: DamagedGrant) => void): Grant[];
}

/** Writes of the grants of one secret. They run inside the write transaction. */
export interface GrantWrites {
  save(secretRow: number, before: readonly Grant[], after: readonly Grant[]): void;
  /** Removes the row, unread. */
  remove(id: string): void;
}

/** Prepares the reads of grants on one connection. */
export function createGrantReads(db: Connection, mac: RowMac): GrantReads {
  const ofSecret = db.prepare<[string, string], GrantRow>(
    `SELECT g.*, s.id AS secret_id, s.project_id
       FROM secret s JOIN secret_grant g ON g.secret_row = s.row
      WHERE s.id = ? AND s.project_id = ? ORDER BY g.create_time_ms, g.id`,
  );
  function authentic(row: GrantRow): Grant {
    const grant = fromGrantRow(row);
    requireIntactRow(mac, canonicalGrant(grant), { rowMac: row.row_mac, what: 'grant' });
    return grant;
  }

  return {
    list: ({ projectId, secretId }) => ofSecret.all(secretId, projectId).map(authentic),
    listSound: ({ projectId, secretId }, tell) =>
      soundOnes(ofSecret.all(secretId, projectId), authentic, (row) => tell(fromGrantRow(row))),
  };
}

/** Prepares the writes of grants on one connection. */
export function createGrantWrites(db: Connection, mac: RowMac): GrantWrites {
  const remove = db.prepare('DELETE FROM secret_grant WHERE id = ?');
  const insert = db.prepare(
    `INSERT INTO secret_grant
       (id, secret_row, grantee_type, grantee_id, create_time_ms, update_time_ms, expire_time_ms, revision, row_mac)
     VALUES (@id, @secretRow, @granteeType, @granteeId, @createTimeMs, @updateTimeMs, @expireTimeMs, @revision, @rowMac)`,
  );
  function save(secretRow: number, before: readonly Grant[], after: readonly Grant[]): void {
    const [old, present] = [new Set(before), new Set(after)];
    for (const grant of before) if (!present.has(grant)) remove.run(grant.id);
    for (const grant of after) {
      if (old.has(grant)) continue;
      const { createTimeMs, grantee, id, revision, updateTimeMs } = grant;
      insert.run({
        id,
        secretRow,
        granteeType: grantee.type,
        granteeId: grantee.id,
        createTimeMs,
        updateTimeMs,
        expireTimeMs: grant.expireTimeMs ?? null,
        revision,
        rowMac: mac.sign(canonicalGrant(grant)),
      });
    }
  }

  return { save, remove: (id) => void remove.run(id) };
}

/** See `fromSecretRow` for the cast. */
function fromGrantRow(row: GrantRow): Grant {
  return {
    projectId: row.project_id,
    secretId: row.secret_id,
    id: row.id,
    grantee: { type: row.grantee_type as Grantee['type'], id: row.grantee_id },
    createTimeMs: row.create_time_ms,
    updateTimeMs: row.update_time_ms,
    expireTimeMs: row.expire_time_ms ?? undefined,
    revision: row.revision,
  };
}
