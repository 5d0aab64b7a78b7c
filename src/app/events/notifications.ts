import { type Notification, RECORD_KEPT_MS } from '../../core/events/notifications.ts';
import { type ChangeDeps, change } from '../change.ts';
import type { Job } from '../jobs/job.ts';
import { createRetention } from '../jobs/retention.ts';
import type { Deps } from '../ports/deps.ts';

/** A project's settled notifications, newest first, at most 1,000. @see API page ListNotificationRecords */
export async function listNotifications(deps: Deps, projectId: string): Promise<readonly Notification[]> {
  return deps.store.listNotifications(projectId);
}

/** The job that removes records after three months. @see API page ListNotificationRecords */
export function createNotificationRetention(deps: ChangeDeps & Pick<Deps, 'log'>): Job {
  return createRetention(deps, {
    job: 'notification-retention',
    item: 'an old notification',
    kind: 'notification-record',
    keptMs: RECORD_KEPT_MS,
    async listOld(beforeMs, limit) {
      return (await deps.store.listOldNotifications(beforeMs, limit)).map((id) => ({ id }));
    },
    remove: ({ id }, nowMs) =>
      change(deps, { aggregate: 'notification', kind: 'remove-notification', ref: { id }, nowMs }),
  });
}
