import type { DueNotification } from '../../app/ports.ts';
import { canonicalNotification } from '../../core/canonical.ts';
import type { EventType } from '../../core/event.ts';
import {
  type Notification,
  type NotificationDecision,
  type NotificationStatus,
  RECORDS_MAX,
  WAITING_MAX,
} from '../../core/notification.ts';
import type { SecretType } from '../../core/secret.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { soundOnes } from './damage.ts';
import { createDueList } from './due-list.ts';
import { createOccasion } from './occasions.ts';
import type { Connection } from './open.ts';

interface NotificationRow {
  readonly id: string;
  readonly project_id: string;
  readonly event_name: string;
  readonly event_type: string;
  readonly secret_name: string;
  readonly secret_type: string;
  readonly target_id: string;
  readonly target_name: string;
  readonly content: string;
  readonly create_time_ms: number;
  readonly status: string;
  readonly attempts: number;
  readonly next_attempt_ms: number | null;
  readonly row_mac: Buffer;
}

/** Reads of notifications on one connection. Rows that are given out whole are authenticated; throws damaged. */
export interface NotificationReads {
  find(id: string): Notification | undefined;
  /** Records, newest first; those that do not pass their check are left out, and told of. */
  list(projectId: string, tell: (id: string) => void): Notification[];
  /** Those whose next attempt is due, or lies further away than any can; the projects take turns. */
  listDue(nowMs: number, page: { readonly limit: number; readonly waitMsMax: number }): DueNotification[];
  /** Ids of records made before then. */
  listOld(beforeMs: number, limit: number): string[];
  /** Unauthenticated; for the full check. */
  ids(): string[];
}

/** Writes notifications. Runs inside the write transaction. */
export interface NotificationWrites {
  insert(notifications: readonly Notification[]): void;
  save(current: Notification | undefined, decision: NotificationDecision): void;
}

/** Prepares the reads of notifications on one connection. */
export function createNotificationReads(db: Connection, mac: RowMac): NotificationReads {
  const byId = db.prepare<[string], NotificationRow>('SELECT * FROM notification WHERE id = ?');
  const records = db.prepare<[string, number], NotificationRow>(
    `SELECT * FROM notification WHERE project_id = ? AND next_attempt_ms IS NULL
      ORDER BY create_time_ms DESC, id DESC LIMIT ?`,
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
  const ids = db.prepare<[], string>('SELECT id FROM notification ORDER BY id').pluck();

  function authentic(row: NotificationRow): Notification {
    const notification = fromNotificationRow(row);
    requireIntactRow(mac, canonicalNotification(notification), { rowMac: row.row_mac, what: 'notification' });
    return notification;
  }

  return {
    find(id) {
      const row = byId.get(id);
      return row && authentic(row);
    },
    list: (projectId, tell) =>
      soundOnes(records.all(projectId, RECORDS_MAX), authentic, ({ id }) => tell(id)),
    listDue: (nowMs, { limit, waitMsMax }) =>
      due({ nowMs, beyondMs: nowMs + waitMsMax }, limit).map(({ id, project_id: projectId }) => ({
        id,
        projectId,
      })),
    listOld: (beforeMs, limit) => old.all(beforeMs, limit),
    ids: () => ids.all(),
  };
}

/** How many of a project stay: records, and those that wait for their delivery; looked at with every so many. */
export interface Kept {
  readonly records: number;
  readonly waiting: number;
  readonly every: number;
}
const KEPT: Kept = Object.freeze({ records: RECORDS_MAX, waiting: WAITING_MAX, every: 64 });

/** The oldest of a project beyond so many. What waits is as old as its next attempt, near enough: the index has that. */
function prepareRemoval(db: Connection, which: string, order: string) {
  return db.prepare<[string, number]>(
    `DELETE FROM notification WHERE id IN (
       SELECT id FROM notification WHERE project_id = ? AND ${which} ORDER BY ${order} LIMIT -1 OFFSET ?)`,
  );
}

/** Prepares the writes of notifications on one connection. */
export function createNotificationWrites(db: Connection, mac: RowMac, kept: Kept = KEPT): NotificationWrites {
  const insert = db.prepare(
    `INSERT INTO notification
       (id, project_id, event_name, event_type, secret_name, secret_type, target_id, target_name, content,
        create_time_ms, status, attempts, next_attempt_ms, row_mac)
     VALUES (@id, @projectId, @eventName, @eventType, @secretName, @secretType, @targetId, @targetName, @content,
             @createTimeMs, @status, @attempts, @nextAttemptMs, @rowMac)`,
  );
  const update = db.prepare(
    `UPDATE notification SET status = @status, attempts = @attempts, next_attempt_ms = @nextAttemptMs,
            row_mac = @rowMac WHERE id = @id`,
  );
  const remove = db.prepare('DELETE FROM notification WHERE id = ?');
  const removeOver = {
    records: prepareRemoval(db, 'next_attempt_ms IS NULL', 'create_time_ms DESC, id DESC'),
    waiting: prepareRemoval(db, 'next_attempt_ms IS NOT NULL', 'next_attempt_ms DESC, id DESC'),
  };
  const isTime = { records: createOccasion(kept.every), waiting: createOccasion(kept.every) };
  const keepBound = (what: 'records' | 'waiting', projectId: string) => {
    if (isTime[what](projectId)) removeOver[what].run(projectId, kept[what]);
  };
  const bound = (notification: Notification) => ({
    ...notification,
    nextAttemptMs: notification.nextAttemptMs ?? null,
    rowMac: mac.sign(canonicalNotification(notification)),
  });
  return {
    insert(notifications) {
      for (const notification of notifications) {
        insert.run(bound(notification));
        keepBound('waiting', notification.projectId);
      }
    },
    save(current, { next }) {
      if (next === undefined) {
        if (current !== undefined) remove.run(current.id);
        return;
      }
      if (next === current) return;
      const { id, status, attempts, nextAttemptMs, rowMac } = bound(next);
      update.run({ id, status, attempts, nextAttemptMs, rowMac });
      if (next.nextAttemptMs === undefined) keepBound('records', next.projectId);
    },
  };
}

/** See `fromSecretRow` for the casts. */
function fromNotificationRow(row: NotificationRow): Notification {
  return {
    id: row.id,
    projectId: row.project_id,
    eventName: row.event_name,
    eventType: row.event_type as EventType,
    secretName: row.secret_name,
    secretType: row.secret_type as SecretType,
    targetId: row.target_id,
    targetName: row.target_name,
    content: row.content,
    createTimeMs: row.create_time_ms,
    status: row.status as NotificationStatus,
    attempts: row.attempts,
    nextAttemptMs: row.next_attempt_ms ?? undefined,
  };
}
