import type { Key, KeyDecision } from '../../core/key.ts';
import { type RowMac, signKey } from '../row-mac.ts';
import { createDestroyedKeyWrite } from './destroyed-keys.ts';
import { KEY_COLUMNS, toKeyRow } from './key-rows.ts';
import type { Connection } from './open.ts';

/** Writes what the rules decided about a key. Runs inside the write transaction. `current`: the key as it was loaded. */
export type SaveKey = (current: Key | undefined, decision: KeyDecision) => void;

/** Prepares the writes of keys on one connection; `onRemoval` is told of every key whose material is deleted. */
export function createKeyWrites(db: Connection, mac: RowMac, onRemoval: () => void): SaveKey {
  const statements = prepareKey(db);
  const parts = createPartWrites(db);
  const saveDestroyed = createDestroyedKeyWrite(db, mac);

  return (current, { next, destroyed }) => {
    if (next === undefined) {
      if (current === undefined) return;
      onRemoval();
      parts.removeAll(current);
      statements.remove.run(current.projectId, current.id);
      if (destroyed !== undefined) saveDestroyed(destroyed);
      return;
    }
    const row = toKeyRow(next, signKey(mac, next));
    if (current === undefined) statements.insert.run(row);
    else statements.update.run(row);
    parts.replace(current, next);
  };
}

function prepareKey(db: Connection) {
  const assignments = KEY_COLUMNS.map((column) => `${column} = @${column}`).join(', ');
  return {
    insert: db.prepare(
      `INSERT INTO kms_key (${KEY_COLUMNS.join(', ')}) VALUES (${KEY_COLUMNS.map((column) => `@${column}`).join(', ')})`,
    ),
    update: db.prepare(`UPDATE kms_key SET ${assignments} WHERE project_id = @project_id AND id = @id`),
    remove: db.prepare('DELETE FROM kms_key WHERE project_id = ? AND id = ?'),
  };
}

/** Material, aliases and tags: material is only ever added, the others are few and are written anew when they change. */
function createPartWrites(db: Connection) {
  const statements = prepareParts(db);

  return {
    removeAll({ projectId, id }: Key): void {
      statements.removeVersions.run(projectId, id);
      statements.removeAliases.run(projectId, id);
      statements.removeTags.run(projectId, id);
    },

    replace(current: Key | undefined, next: Key): void {
      const { projectId, id, aliases, tags, versions } = next;
      for (const version of versions.slice(current?.versions.length ?? 0)) {
        statements.insertVersion.run({ projectId, id, ...version });
      }
      if (aliases !== current?.aliases) {
        statements.removeAliases.run(projectId, id);
        for (const alias of aliases) statements.insertAlias.run({ projectId, id, ...alias });
      }
      if (tags !== current?.tags) {
        statements.removeTags.run(projectId, id);
        for (const [position, { key, value }] of tags.entries()) {
          statements.insertTag.run(projectId, id, key, value, position);
        }
      }
    },
  };
}

function prepareParts(db: Connection) {
  return {
    insertVersion: db.prepare(
      `INSERT INTO kms_key_version (project_id, key_id, number, wrapped, create_time_ms)
       VALUES (@projectId, @id, @number, @wrapped, @createTimeMs)`,
    ),
    removeVersions: db.prepare('DELETE FROM kms_key_version WHERE project_id = ? AND key_id = ?'),
    insertAlias: db.prepare(
      `INSERT INTO kms_key_alias (project_id, alias, key_id, create_time_ms, update_time_ms)
       VALUES (@projectId, @alias, @id, @createTimeMs, @updateTimeMs)`,
    ),
    removeAliases: db.prepare('DELETE FROM kms_key_alias WHERE project_id = ? AND key_id = ?'),
    insertTag: db.prepare(
      'INSERT INTO kms_key_tag (project_id, key_id, tag_key, tag_value, position) VALUES (?, ?, ?, ?, ?)',
    ),
    removeTags: db.prepare('DELETE FROM kms_key_tag WHERE project_id = ? AND key_id = ?'),
  };
}
