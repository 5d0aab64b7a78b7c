import { type Notification, RECORD_KEPT_MS } from '../core/notification.ts';
import { createItemGuard } from './item-guard.ts';
import type { Job } from './jobs.ts';
import type { Deps } from './ports.ts';

/** How often records are looked for that are too old. */
const RETENTION_INTERVAL_MS = 3_600_000;
const RETENTION_BATCH = 200;
/** Batches of one run; the rest waits for the next. */
const RETENTION_BATCHES_MAX = 50;

/**
 * What became of a project's notifications, newest first, at most 1,000; those that still wait are not among them.
 * @see API page ListNotificationRecords
 */
export async function listNotifications(deps: Deps, projectId: string): Promise<readonly Notification[]> {
  return deps.store.listNotifications(projectId);
}

/** The job that removes records after three months. @see API page ListNotificationRecords */
export function createRetention(deps: Pick<Deps, 'store' | 'clock' | 'log'>): Job {
  const { store } = deps;
  const guard = createItemGuard(deps, { item: 'an old notification', outcome: 'was not removed' });

  async function remove(id: string, nowMs: number): Promise<boolean> {
    const command = { aggregate: 'notification', kind: 'remove-notification', ref: { id }, nowMs } as const;
    return (await guard.run(id, () => store.change(command)))?.changed ?? false;
  }

  async function removeBatch(nowMs: number): Promise<number> {
    const limit = RETENTION_BATCH + guard.size;
    const ids = await store.listOldNotifications(nowMs - RECORD_KEPT_MS, limit);
    const sound = ids.filter((id) => !guard.isLeftOut(id));
    const removed = await Promise.all(sound.map((id) => remove(id, nowMs)));
    return removed.filter(Boolean).length;
  }

  return {
    name: 'notification-retention',
    intervalMs: RETENTION_INTERVAL_MS,
    async run(nowMs, lease) {
      let total = 0;
      for (let batches = 0; batches < RETENTION_BATCHES_MAX; batches += 1) {
        const leftOut = guard.size;
        const removed = await removeBatch(nowMs);
        total += removed;
        // A whole batch that failed is left out from now on; there may be others behind it.
        const isOver = removed === 0 && guard.size <= leftOut;
        if (isOver || lease.isEnding()) break;
      }
      return total;
    },
  };
}
