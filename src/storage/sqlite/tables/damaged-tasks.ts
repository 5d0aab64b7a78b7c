import type { Task } from '../../../core/rotation/tasks.ts';
import type { Connection } from '../engine/open.ts';
import { type OnDamage, unlessDamaged } from '../rows/damage.ts';

/**
 * Prepares removing the damaged tasks that block a secret's next one, unread, inside the write transaction: a damaged
 * task says nothing of a rotation's progress, and while its row claims to be the newest of its secret, or under way, no
 * other can start.
 */
export function createTaskClearing(
  db: Connection,
  find: (id: string) => Task | undefined,
  onDamage: OnDamage,
) {
  const inTheWay = db.prepare<[string, string], { readonly id: string; readonly bytes: Buffer }>(
    `SELECT id, CAST(id AS BLOB) AS bytes
       FROM (SELECT id FROM (SELECT id FROM task WHERE secret_id = ? ORDER BY create_time_ms DESC LIMIT 1)
             UNION SELECT id FROM task WHERE secret_id = ? AND status = 'RUNNING')`,
  );
  // By its bytes: an id that is no longer UTF-8 reads as another.
  const remove = db.prepare<[Buffer]>('DELETE FROM task WHERE id = CAST(? AS TEXT)');
  /** A task that is not found by its listed id is damaged as well. */
  const isIntact = (id: string) =>
    unlessDamaged(
      () => find(id) !== undefined,
      () => false,
    );
  return (secretId: string): void => {
    for (;;) {
      const damaged = inTheWay.all(secretId, secretId).filter(({ id }) => !isIntact(id));
      if (damaged.length === 0) return;
      for (const { id, bytes } of damaged) {
        onDamage(`task ${id}`);
        remove.run(bytes);
      }
    }
  };
}
