import type { Key, KeyDecision, KeyRef, KeyState } from '../../core/key.ts';
import { type RowMac, requireIntactKey, signKey } from '../row-mac.ts';
import type { Connection } from './open.ts';
import { createRowCache } from './row-cache.ts';

interface KeyRow {
  readonly project_id: string;
  readonly id: string;
  readonly alias: string;
  readonly is_default: number;
  readonly state: string;
  readonly create_time_ms: number;
  readonly revision: number;
  readonly row_mac: Buffer;
}

interface KeyVersionRow {
  readonly number: number;
  readonly wrapped: Buffer;
  readonly create_time_ms: number;
}

/** Reads of keys on one connection. Every row is authenticated before it is given out. */
export interface KeyReads {
  find(ref: KeyRef): Key | undefined;
  findByAlias(projectId: string, alias: string): Key | undefined;
  list(): Key[];
  /** Drops what is remembered. */
  forget(): void;
}

/** Writes what the rules decided about a key. Runs inside the write transaction. */
export type SaveKey = (current: Key | undefined, decision: KeyDecision) => void;

const CACHE_ENTRIES = 1_000;

/** Prepares the reads of keys on one connection. */
export function createKeyReads(db: Connection, mac: RowMac): KeyReads {
  const cache = createRowCache<string, Key>(CACHE_ENTRIES);
  const macById = db
    .prepare<[string, string], Buffer>('SELECT row_mac FROM kms_key WHERE project_id = ? AND id = ?')
    .pluck();
  const byId = db.prepare<[string, string], KeyRow>('SELECT * FROM kms_key WHERE project_id = ? AND id = ?');
  const byAlias = db.prepare<[string, string], KeyRow>(
    'SELECT * FROM kms_key WHERE project_id = ? AND alias = ?',
  );
  const all = db.prepare<[], KeyRow>('SELECT * FROM kms_key ORDER BY project_id, id');
  const versions = db.prepare<[string, string], KeyVersionRow>(
    'SELECT number, wrapped, create_time_ms FROM kms_key_version WHERE project_id = ? AND key_id = ? ORDER BY number',
  );

  function verified(row: KeyRow): Key {
    const cacheId = `${row.project_id}/${row.id}`;
    const known = cache.get(cacheId, row.row_mac);
    if (known !== undefined) return known;
    const key = fromKeyRow(row, versions.all(row.project_id, row.id));
    requireIntactKey(mac, key, row.row_mac);
    cache.set(cacheId, row.row_mac, key);
    return key;
  }

  return {
    find(ref) {
      // Only the MAC is read while it is the known one.
      const rowMac = macById.get(ref.projectId, ref.id);
      if (rowMac === undefined) return undefined;
      const known = cache.get(`${ref.projectId}/${ref.id}`, rowMac);
      if (known !== undefined) return known;
      const row = byId.get(ref.projectId, ref.id);
      return row && verified(row);
    },
    findByAlias(projectId, alias) {
      const row = byAlias.get(projectId, alias);
      return row && verified(row);
    },
    list: () => all.all().map(verified),
    forget: () => cache.clear(),
  };
}

/** Prepares the writes of keys on one connection. */
export function createKeyWrites(db: Connection, mac: RowMac): SaveKey {
  const insert = db.prepare(
    `INSERT INTO kms_key (project_id, id, alias, is_default, state, create_time_ms, revision, row_mac)
     VALUES (@projectId, @id, @alias, @isDefault, @state, @createTimeMs, @revision, @rowMac)`,
  );
  const insertVersion = db.prepare(
    `INSERT INTO kms_key_version (project_id, key_id, number, wrapped, create_time_ms)
     VALUES (@projectId, @id, @number, @wrapped, @createTimeMs)`,
  );
  return (current, { next }) => {
    if (current !== undefined) return;
    const { projectId, id, alias, state, createTimeMs, revision } = next;
    const isDefault = next.isDefault ? 1 : 0;
    insert.run({
      projectId,
      id,
      alias,
      isDefault,
      state,
      createTimeMs,
      revision,
      rowMac: signKey(mac, next),
    });
    for (const version of next.versions) {
      insertVersion.run({ projectId, id, ...version });
    }
  };
}

/** See `fromSecretRow` for the cast. */
function fromKeyRow(row: KeyRow, versions: readonly KeyVersionRow[]): Key {
  return {
    projectId: row.project_id,
    id: row.id,
    alias: row.alias,
    isDefault: row.is_default === 1,
    state: row.state as KeyState,
    createTimeMs: row.create_time_ms,
    versions: versions.map((v) => ({ number: v.number, wrapped: v.wrapped, createTimeMs: v.create_time_ms })),
    revision: row.revision,
  };
}
