import { SecretError } from '../../../core/errors.ts';
import type { SecretRef } from '../../../core/secrets/secrets.ts';
import type { Connection } from '../engine/open.ts';
import { prepareRecount } from './secret-writes.ts';

/**
 * Prepares removing, inside the write transaction, secrets whose rows fail their check, unread, for owners who want to
 * get rid of them; nobody is notified, since the subscribers are no longer known. `onRemoval` is called as for any
 * removal of sealed values. The removal throws secret-not-found.
 */
export function createDamagedRemoval(db: Connection, onRemoval: () => void) {
  const find = db
    .prepare<[string, string], number>('SELECT row FROM secret WHERE project_id = ? AND name = ?')
    .pluck();
  const values = 'WHERE version_row IN (SELECT row FROM version WHERE secret_row = ?)';
  const removals = [
    `DELETE FROM version_key ${values}`,
    `DELETE FROM version_body ${values}`,
    'DELETE FROM stage WHERE secret_row = ?',
    'DELETE FROM version WHERE secret_row = ?',
    'DELETE FROM secret_tag WHERE secret_row = ?',
    'DELETE FROM secret WHERE row = ?',
  ].map((sql) => db.prepare<[number]>(sql));
  const recount = prepareRecount(db);
  return ({ projectId, name }: SecretRef): void => {
    const row = find.get(projectId, name);
    if (row === undefined) throw new SecretError('secret-not-found');
    onRemoval();
    for (const removal of removals) removal.run(row);
    recount.run(projectId);
  };
}
