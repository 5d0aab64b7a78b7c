import {
  type Notification,
  type NotificationDecision,
  RECORDS_MAX,
  WAITING_MAX,
} from '../../../core/events/notifications.ts';
import { NOTIFICATION } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import { createOccasion } from '../engine/occasions.ts';
import type { Connection } from '../engine/open.ts';
import { intactRows } from '../rows/damage.ts';
import { createDueList } from '../rows/due-list.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';

/**
 * Prepares the reads of notifications on one connection. Rows that are returned whole are authenticated; throws damaged.
 */
export function createNotificationReads(db: Connection, mac: RowMac) {
  const read = createRowReads(db, mac, NOTIFICATION);
  const records = read.prepare(
    'WHERE project_id = ? AND next_attempt_ms IS NULL ORDER BY create_time_ms DESC, id DESC LIMIT ?',
  );
  const due = createDueList<{ readonly id: string; readonly project_id: string }>(db, {
    table: 'notification',
    time: 'next_attempt_ms',
    columns: 'id, project_id',
    order: 'id',
  });
  const old = db
    .prepare<[number, number], string>(
      'SELECT id FROM notification WHERE next_attempt_ms IS NULL AND create_time_ms < ? LIMIT ?',
    )
    .pluck();
  return {
    /** Records, newest first; those that fail their check are left out and passed to `tell`. */
    list: (projectId: string, tell: (id: string) => void) =>
      intactRows(records.rows(projectId, RECORDS_MAX), read.authentic, (row) =>
        tell(String(read.valueOf(row, 'id'))),
      ),
    /** Those whose next attempt is due, or implausibly far away; the projects take turns. */
    listDue: (nowMs: number, { limit, waitMsMax }: { readonly limit: number; readonly waitMsMax: number }) =>
      due({ nowMs, beyondMs: nowMs + waitMsMax }, limit).map(({ id, project_id: projectId }) => ({
        id,
        projectId,
      })),
    /** Ids of records created before then. */
    listOld: (beforeMs: number, limit: number) => old.all(beforeMs, limit),
  };
}

/** How many of a project are kept: records, and waiting ones; checked after every so many. */
export interface Kept {
  readonly records: number;
  readonly waiting: number;
  readonly every: number;
}
const KEPT: Kept = Object.freeze({ records: RECORDS_MAX, waiting: WAITING_MAX, every: 64 });

/**
 * The oldest of a project beyond so many. The age of waiting ones is that of their next attempt, roughly, which is
 * indexed.
 */
function prepareRemoval(db: Connection, which: string, order: string) {
  return db.prepare<[string, number]>(
    `DELETE FROM notification WHERE id IN (
       SELECT id FROM notification WHERE project_id = ? AND ${which} ORDER BY ${order} LIMIT -1 OFFSET ?)`,
  );
}

/** Prepares the writes of notifications. They run inside the write transaction. */
export function createNotificationWrites(db: Connection, mac: RowMac, kept: Kept = KEPT) {
  const { save } = createRowWrites(db, mac, NOTIFICATION);
  const removeOver = {
    records: prepareRemoval(db, 'next_attempt_ms IS NULL', 'create_time_ms DESC, id DESC'),
    waiting: prepareRemoval(db, 'next_attempt_ms IS NOT NULL', 'next_attempt_ms DESC, id DESC'),
  };
  const isTime = { records: createOccasion(kept.every), waiting: createOccasion(kept.every) };
  const keepBound = (what: 'records' | 'waiting', projectId: string) => {
    if (isTime[what](projectId)) removeOver[what].run(projectId, kept[what]);
  };
  return {
    insert(notifications: readonly Notification[]): void {
      for (const notification of notifications) {
        save(undefined, notification);
        keepBound('waiting', notification.projectId);
      }
    },
    save(current: Notification | undefined, { next }: NotificationDecision): void {
      save(current, next);
      if (next === undefined || next === current) return;
      if (next.nextAttemptMs === undefined) keepBound('records', next.projectId);
    },
  };
}
