import type { GranteeQuery } from '../../../app/ports/deps.ts';
import type { DamagedGrant, Grant } from '../../../core/identity/grants.ts';
import type { SecretIdRef } from '../../../core/secrets/secrets.ts';
import type { Row } from '../../columns/fields.ts';
import { GRANT } from '../../columns/secrets.ts';
import { type RowMac, requireIntact, rowText } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { intactRows } from '../rows/damage.ts';
import { prepareInsert, prepareRows } from '../rows/rows.ts';

/** Prepares the reads of grants on one connection. Every row is authenticated before it is returned. */
export function createGrantReads(db: Connection, mac: RowMac) {
  const columns = GRANT.own.map((column) => `g.${column}`).join(', ');
  const prepare = (where: string) =>
    prepareRows(
      db,
      `SELECT ${columns}, s.project_id, s.id, g.row_mac FROM secret s JOIN secret_grant g ON g.secret_row = s.row
        WHERE ${where}`,
    );
  const ofSecret = prepare('s.id = ? AND s.project_id = ? ORDER BY g.create_time_ms, g.id');
  const ofGrantee = {
    inProject: prepare('s.project_id = ? AND g.grantee_type = ? AND g.grantee_id = ?'),
    byName: prepare('s.project_id = ? AND g.grantee_type = ? AND g.grantee_id = ? AND s.name = ?'),
    byId: prepare('s.project_id = ? AND g.grantee_type = ? AND g.grantee_id = ? AND s.id = ?'),
  };
  function authentic(row: Row): Grant {
    requireIntact(mac, GRANT.kind, { text: rowText(GRANT, row), rowMac: row.at(-1) as Buffer });
    const [projectId, secretId] = row.slice(GRANT.own.length) as string[];
    return { projectId: String(projectId), secretId: String(secretId), ...GRANT.decode(row) };
  }

  function rowsOf({ projectId, grantee, secret }: GranteeQuery): Row[] {
    const key = [projectId, grantee.type, grantee.id] as const;
    if (secret === undefined) return ofGrantee.inProject.all(...key);
    return 'name' in secret
      ? ofGrantee.byName.all(...key, secret.name)
      : ofGrantee.byId.all(...key, secret.id);
  }

  return {
    /** Those that one grantee has and that pass their check; `tell` is called for the others. */
    listOfGrantee: (query: GranteeQuery, tell: (grant: DamagedGrant) => void) =>
      intactRows(rowsOf(query), authentic, (row) => tell(GRANT.decode(row))),
    /** Every grant on a secret, oldest first, expired ones included. Throws damaged. */
    list: ({ projectId, secretId }: SecretIdRef) => ofSecret.all(secretId, projectId).map(authentic),
    /** The same without those that fail their check, which are passed to `tell`. */
    listIntact: ({ projectId, secretId }: SecretIdRef, tell: (grant: DamagedGrant) => void) =>
      intactRows(ofSecret.all(secretId, projectId), authentic, (row) => tell(GRANT.decode(row))),
  };
}

/** Prepares the writes of the grants of one secret. They run inside the write transaction. */
export function createGrantWrites(db: Connection, mac: RowMac) {
  const remove = db.prepare<[string | Buffer]>('DELETE FROM secret_grant WHERE id = CAST(? AS TEXT)');
  const listed = db.prepare<[string, string], { readonly id: string; readonly bytes: Buffer }>(
    `SELECT g.id, CAST(g.id AS BLOB) AS bytes FROM secret s JOIN secret_grant g ON g.secret_row = s.row
      WHERE s.id = ? AND s.project_id = ?`,
  );
  const insert = prepareInsert(db, GRANT, ['row_mac', 'secret_row']);
  function save(secretRow: number, before: readonly Grant[], after: readonly Grant[]): void {
    const [old, present] = [new Set(before), new Set(after)];
    for (const grant of before) if (!present.has(grant)) remove.run(grant.id);
    for (const grant of after) {
      if (old.has(grant)) continue;
      const row = GRANT.encode(grant);
      const rowMac = mac.sign(rowText(GRANT, [...row, grant.projectId, grant.secretId]));
      insert(row, rowMac, secretRow);
    }
  }

  return {
    save,
    /** Removes rows unread, and by their bytes: an id that is no longer UTF-8 reads as another. */
    remove({ projectId, secretId }: SecretIdRef, id: string): void {
      for (const row of listed.all(secretId, projectId)) if (row.id === id) remove.run(row.bytes);
    },
  };
}
