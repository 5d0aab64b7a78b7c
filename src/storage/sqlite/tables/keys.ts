import type { DueKeyQuery } from '../../../app/ports/deps.ts';
import { aliasSpellings } from '../../../core/kms/aliases.ts';
import type { Key, KeyRef } from '../../../core/kms/keys.ts';
import type { Row } from '../../columns/fields.ts';
import { KEY, KEY_ALIAS, KEY_TAG, KEY_VERSION } from '../../columns/keys.ts';
import { changedRow, type KeyRows, keyText, type RowMac, requireIntact } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRowCache } from '../engine/row-cache.ts';
import { intactRows } from '../rows/damage.ts';
import { createDueList } from '../rows/due-list.ts';
import { prepareRows, selectSql } from '../rows/rows.ts';

/** Reads of keys on one connection. Every row is authenticated before it is returned. */
export interface KeyReads {
  find(ref: KeyRef): Key | undefined;
  /** By any of its aliases, with or without `alias/` in front. */
  findByAlias(projectId: string, alias: string): Key | undefined;
  /** The keys of a project, the oldest first; those that fail their check are left out and passed to `tell`. */
  listInProject(projectId: string, tell: (ref: KeyRef) => void): Key[];
  /** Keys that scheduled deletion or rotation has to check; their rows are not yet authenticated. */
  listDue(query: DueKeyQuery): KeyRef[];
  /** Keys of a project, without default keys. */
  countInProject(projectId: string): number;
  /** Drops what is cached. */
  forget(): void;
}

const CACHE_ENTRIES = 1_000;

/** Prepares the reads of keys on one connection. */
export function createKeyReads(db: Connection, mac: RowMac): KeyReads {
  const cache = createRowCache<string, Key>(CACHE_ENTRIES);
  const macById = db
    .prepare<[string, string], Buffer>('SELECT row_mac FROM kms_key WHERE project_id = ? AND id = ?')
    .pluck();
  const select = selectSql(KEY, ['row_mac']);
  const byId = prepareRows(db, `${select} WHERE project_id = ? AND id = ?`);
  const inProject = prepareRows(db, `${select} WHERE project_id = ? ORDER BY create_time_ms, id`);
  const idByAlias = db
    .prepare<[string, string, string], string>(
      'SELECT key_id FROM kms_key_alias WHERE project_id = ? AND alias IN (?, ?)',
    )
    .pluck();
  const parts = createPartReads(db);

  function verified(row: Row): Key {
    const rowMac = row.at(-1) as Buffer;
    const head = KEY.decode(row);
    const cacheId = `${head.projectId}/${head.id}`;
    const known = cache.get(cacheId, rowMac);
    if (known !== undefined) return known;
    const stored = parts(head);
    requireIntact(mac, KEY.kind, { text: keyText(row, stored), rowMac });
    const key = { ...head, ...decodeParts(stored) };
    cache.set(cacheId, rowMac, key);
    return key;
  }

  function find(ref: KeyRef): Key | undefined {
    // Only the MAC is read while it is the cached one.
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
      // The alias's own row is only a hint: the key's signed aliases count.
      if (!key?.aliases.some((known) => spellings.includes(known.alias))) {
        throw changedRow(KEY.kind);
      }
      return key;
    },
    listInProject: (projectId, tell) =>
      intactRows(inProject.all(projectId), verified, (row) => tell({ projectId, id: KEY.decode(row).id })),
    ...createListReads(db),
    forget: () => cache.clear(),
  };
}

function createPartReads(db: Connection): (ref: KeyRef) => KeyRows {
  const where = 'WHERE project_id = ? AND key_id = ? ORDER BY';
  const versions = prepareRows(db, `${selectSql(KEY_VERSION)} ${where} number`);
  const aliases = prepareRows(db, `${selectSql(KEY_ALIAS)} ${where} alias`);
  const tags = prepareRows(db, `${selectSql(KEY_TAG)} ${where} position`);
  return ({ projectId, id }) => ({
    versions: versions.all(projectId, id),
    aliases: aliases.all(projectId, id),
    tags: tags.all(projectId, id),
  });
}

function decodeParts({ aliases, tags, versions }: KeyRows): Pick<Key, 'versions' | 'aliases' | 'tags'> {
  return {
    versions: versions.map(KEY_VERSION.decode),
    aliases: aliases.map(KEY_ALIAS.decode),
    tags: tags.map(KEY_TAG.decode).map(({ position: _, ...tag }) => tag),
  };
}

function createListReads(db: Connection): Pick<KeyReads, 'listDue' | 'countInProject'> {
  const table = { table: 'kms_key', columns: 'project_id, id', order: 'id' };
  type DueRow = { readonly project_id: string; readonly id: string };
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
