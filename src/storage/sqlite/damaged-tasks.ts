import { ifSound, type OnDamage } from './damage.ts';
import type { Connection } from './open.ts';
import type { TaskReads } from './tasks.ts';

/** Removes the damaged tasks that are in the way of a secret's next one. Runs inside the write transaction. */
export type ClearTasks = (secretId: string) => void;

/**
 * Prepares their removal, unread: a damaged task tells nothing of where a rotation is, and while its row says that it is the
 * newest of its secret, or under way, no other can start.
 */
export function createTaskClearing(db: Connection, tasks: TaskReads, onDamage: OnDamage): ClearTasks {
  const inTheWay = db
    .prepare<[string, string], string>(
      `SELECT id FROM (SELECT id FROM task WHERE secret_id = ? ORDER BY create_time_ms DESC LIMIT 1)
       UNION SELECT id FROM task WHERE secret_id = ? AND status = 'RUNNING'`,
    )
    .pluck();
  const remove = db.prepare<[string]>('DELETE FROM task WHERE id = ?');
  return (secretId) => {
    for (;;) {
      const damaged = inTheWay.all(secretId, secretId).filter(
        (id) =>
          ifSound(
            () => tasks.find(id),
            () => onDamage(`task ${id}`),
          ) === undefined,
      );
      if (damaged.length === 0) return;
      for (const id of damaged) remove.run(id);
    }
  };
}
