import type { DueKeyQuery } from '../../app/ports.ts';
import { SecretError } from '../../core/errors.ts';
import type { Key, KeyRef } from '../../core/key.ts';
import { aliasSpellings } from '../../core/key-aliases.ts';
import { type RowMac, requireIntactKey } from '../row-mac.ts';
import { soundOnes } from './damage.ts';
import { createDueList } from './due-list.ts';
import { fromKeyRow, type KeyAliasRow, type KeyRow, type KeyTagRow, type KeyVersionRow } from './key-rows.ts';
import type { Connection } from './open.ts';
import { createRowCache } from './row-cache.ts';

/** Reads of keys on one connection. Every row is authenticated before it is given out. */
export interface KeyReads {
  find(ref: KeyRef): Key | undefined;
  /** By any of its aliases, with or without `alias/` in front. */
  findByAlias(projectId: string, alias: string): Key | undefined;
  /** The keys of a project, the oldest first; those that do not pass their check are left out, and told of. */
  listInProject(projectId: string, tell: (ref: KeyRef) => void): Key[];
  /** Keys that scheduled deletion or rotation has to look at; their rows are not yet authenticated. */
  listDue(query: DueKeyQuery): KeyRef[];
  /** Keys of a project, default keys apart. */
  countInProject(projectId: string): number;
  /** Drops what is remembered. */
  forget(): void;
}

const CACHE_ENTRIES = 1_000;

/** Prepares the reads of keys on one connection. */
export function createKeyReads(db: Connection, mac: RowMac): KeyReads {
  const cache = createRowCache<string, Key>(CACHE_ENTRIES);
  const macById = db
    .prepare<[string, string], Buffer>('SELECT row_mac FROM kms_key WHERE project_id = ? AND id = ?')
    .pluck();
  const byId = db.prepare<[string, string], KeyRow>('SELECT * FROM kms_key WHERE project_id = ? AND id = ?');
  const inProject = db.prepare<[string], KeyRow>(
    'SELECT * FROM kms_key WHERE project_id = ? ORDER BY create_time_ms, id',
  );
  const idByAlias = db
    .prepare<[string, string, string], string>(
      'SELECT key_id FROM kms_key_alias WHERE project_id = ? AND alias IN (?, ?)',
    )
    .pluck();
  const parts = createPartReads(db);

  function verified(row: KeyRow): Key {
    const cacheId = `${row.project_id}/${row.id}`;
    const known = cache.get(cacheId, row.row_mac);
    if (known !== undefined) return known;
    const stored = parts(row.project_id, row.id);
    // The MAC covers the order of the tags, and with this the very positions.
    if (stored.tags.some(({ position }, index) => position !== index)) throw changed();
    const key = fromKeyRow(row, stored);
    requireIntactKey(mac, key, row.row_mac);
    cache.set(cacheId, row.row_mac, key);
    return key;
  }

  function find(ref: KeyRef): Key | undefined {
    // Only the MAC is read while it is the known one.
    const rowMac = macById.get(ref.projectId, ref.id);
    if (rowMac === undefined) return undefined;
    const known = cache.get(`${ref.projectId}/${ref.id}`, rowMac);
    if (known !== undefined) return known;
    const row = byId.get(ref.projectId, ref.id);
    return row && verified(row);
  }

  return {
    find,
    findByAlias(projectId, alias) {
      const spellings = aliasSpellings(alias);
      const id = idByAlias.get(projectId, ...spellings);
      if (id === undefined) return undefined;
      const key = find({ projectId, id });
      // The alias's own row says only where to look: what counts is what the key was signed with.
      if (!key?.aliases.some((known) => spellings.includes(known.alias))) {
        throw changed();
      }
      return key;
    },
    listInProject: (projectId, tell) =>
      soundOnes(inProject.all(projectId), verified, ({ id }) => tell({ projectId, id })),
    ...createListReads(db),
    forget: () => cache.clear(),
  };
}

function changed(): SecretError {
  return new SecretError('damaged', 'A stored key has been changed.');
}

function createPartReads(db: Connection) {
  const versions = db.prepare<[string, string], KeyVersionRow>(
    'SELECT number, wrapped, create_time_ms FROM kms_key_version WHERE project_id = ? AND key_id = ? ORDER BY number',
  );
  const aliases = db.prepare<[string, string], KeyAliasRow>(
    'SELECT alias, create_time_ms, update_time_ms FROM kms_key_alias WHERE project_id = ? AND key_id = ? ORDER BY alias',
  );
  const tags = db.prepare<[string, string], KeyTagRow>(
    'SELECT tag_key, tag_value, position FROM kms_key_tag WHERE project_id = ? AND key_id = ? ORDER BY position',
  );
  return (projectId: string, id: string) => ({
    versions: versions.all(projectId, id),
    aliases: aliases.all(projectId, id),
    tags: tags.all(projectId, id),
  });
}

function createListReads(db: Connection): Pick<KeyReads, 'listDue' | 'countInProject'> {
  const table = { table: 'kms_key', columns: 'project_id, id', order: 'id' };
  type DueRow = Pick<KeyRow, 'project_id' | 'id'>;
  const due = {
    deletion: createDueList<DueRow>(db, { ...table, time: 'scheduled_delete_time_ms' }),
    rotation: createDueList<DueRow>(db, {
      ...table,
      time: 'next_rotation_time_ms',
      where: "state = 'ENABLED'",
    }),
  };
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM kms_key WHERE project_id = ? AND is_default = 0')
    .pluck();
  return {
    listDue: ({ due: what, nowMs, limit }) =>
      due[what]({ nowMs }, limit).map((row) => ({ projectId: row.project_id, id: row.id })),
    countInProject: (projectId) => count.get(projectId) ?? 0,
  };
}
