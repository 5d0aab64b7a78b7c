import type { Key, KeyDecision } from '../../../core/kms/keys.ts';
import { DESTROYED_KEY, KEY, KEY_ALIAS, KEY_TAG, KEY_VERSION } from '../../columns/keys.ts';
import { type RowMac, signKey } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRowWrites, prepareInsert, prepareUpdate } from '../rows/rows.ts';

/** Writes what the rules decided about a key. Runs inside the write transaction. `current`: the key as it was loaded. */
export type SaveKey = (current: Key | undefined, decision: KeyDecision) => void;

/** Prepares the writes of keys on one connection; `onRemoval` is called for every key whose material is deleted. */
export function createKeyWrites(db: Connection, mac: RowMac, onRemoval: () => void): SaveKey {
  const statements = prepareKey(db);
  const parts = createPartWrites(db);
  // A key that was created again under its old id may be destroyed again.
  const { put: putDestroyed } = createRowWrites(db, mac, DESTROYED_KEY);

  return (current, { next, destroyed }) => {
    if (next === undefined) {
      if (current === undefined) return;
      onRemoval();
      parts.removeAll(current);
      statements.remove.run(current.projectId, current.id);
      if (destroyed !== undefined) putDestroyed(destroyed);
      return;
    }
    const { row, rowMac } = signKey(mac, next);
    if (current === undefined) statements.insert(row, rowMac);
    else statements.update(KEY.encode(current), row, rowMac, next.projectId, next.id);
    parts.replace(current, next);
  };
}

function prepareKey(db: Connection) {
  const more = ['row_mac'];
  return {
    insert: prepareInsert(db, KEY, more),
    update: prepareUpdate(db, KEY, { more, where: 'WHERE project_id = ? AND id = ?' }),
    remove: db.prepare('DELETE FROM kms_key WHERE project_id = ? AND id = ?'),
  };
}

/** Material, aliases and tags: material is only ever added, the others are few and are rewritten when they change. */
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
        statements.insertVersion(KEY_VERSION.encode(version), projectId, id);
      }
      if (aliases !== current?.aliases) {
        statements.removeAliases.run(projectId, id);
        for (const alias of aliases) statements.insertAlias(KEY_ALIAS.encode(alias), projectId, id);
      }
      if (tags !== current?.tags) {
        statements.removeTags.run(projectId, id);
        for (const [position, tag] of tags.entries()) {
          statements.insertTag(KEY_TAG.encode({ ...tag, position }), projectId, id);
        }
      }
    },
  };
}

function prepareParts(db: Connection) {
  const owner = ['project_id', 'key_id'];
  const where = 'WHERE project_id = ? AND key_id = ?';
  return {
    insertVersion: prepareInsert(db, KEY_VERSION, owner),
    removeVersions: db.prepare(`DELETE FROM kms_key_version ${where}`),
    insertAlias: prepareInsert(db, KEY_ALIAS, owner),
    removeAliases: db.prepare(`DELETE FROM kms_key_alias ${where}`),
    insertTag: prepareInsert(db, KEY_TAG, owner),
    removeTags: db.prepare(`DELETE FROM kms_key_tag ${where}`),
  };
}
