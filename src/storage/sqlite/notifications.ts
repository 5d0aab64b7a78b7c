import type { ExpiredVersion, ExpiryPlace } from '../../app/ports.ts';
import { canonicalNotification } from '../../core/canonical.ts';
import type { EventType } from '../../core/event.ts';
import {
  type Notification,
  type NotificationDecision,
  type NotificationStatus,
  RECORDS_MAX,
} from '../../core/notification.ts';
import type { SecretType } from '../../core/secret.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import type { Connection } from './open.ts';
import { parseNames } from './secret-rows.ts';

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

interface ExpiredRow {
  readonly place_row: number;
  readonly number: number;
  readonly expire_time_ms: number;
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly event_subscriptions: string;
}

/** Reads of notifications on one connection. Rows that are given out whole are authenticated; throws damaged. */
export interface NotificationReads {
  find(id: string): Notification | undefined;
  /** Records, newest first. */
  list(projectId: string): Notification[];
  /** Ids of those whose next attempt is due, or lies further away than any can; the projects take turns. */
  listDue(nowMs: number, page: { readonly limit: number; readonly waitMsMax: number }): string[];
  /** Ids of records made before then. */
  listOld(beforeMs: number, limit: number): string[];
  listExpired(nowMs: number, after: ExpiryPlace, limit: number): ExpiredVersion[];
  /** Unauthenticated; for the full check. */
  ids(): string[];
}

/** Writes notifications. Runs inside the write transaction. */
export interface NotificationWrites {
  insert(notifications: readonly Notification[]): void;
  save(current: Notification | undefined, decision: NotificationDecision): void;
}

/** How many of those due for longest are looked at to give every project its turn. */
const TURNS_AMONG = 2_000;

/** Prepares the reads of notifications on one connection. */
export function createNotificationReads(db: Connection, mac: RowMac): NotificationReads {
  const byId = db.prepare<[string], NotificationRow>('SELECT * FROM notification WHERE id = ?');
  const records = db.prepare<[string, number], NotificationRow>(
    `SELECT * FROM notification WHERE project_id = ? AND next_attempt_ms IS NULL
      ORDER BY create_time_ms DESC, id DESC LIMIT ?`,
  );
  // The projects take turns among what has been due for longest: one whose endpoints are slow holds up itself only.
  const due = db
    .prepare<[number, number, number, number], string>(
      `SELECT id FROM (
         SELECT id, next_attempt_ms,
                row_number() OVER (PARTITION BY project_id ORDER BY next_attempt_ms) AS turn
           FROM (SELECT id, project_id, next_attempt_ms FROM notification
                  WHERE next_attempt_ms IS NOT NULL AND (next_attempt_ms <= ? OR next_attempt_ms > ?)
                  ORDER BY next_attempt_ms LIMIT ?))
        ORDER BY turn, next_attempt_ms LIMIT ?`,
    )
    .pluck();
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
    list: (projectId) => records.all(projectId, RECORDS_MAX).map(authentic),
    listDue: (nowMs, { limit, waitMsMax }) => due.all(nowMs, nowMs + waitMsMax, TURNS_AMONG + limit, limit),
    listOld: (beforeMs, limit) => old.all(beforeMs, limit),
    listExpired: createExpiredList(db),
    ids: () => ids.all(),
  };
}

/** The rules look again at what is found here, in the transaction and on authenticated rows. */
function createExpiredList(db: Connection): NotificationReads['listExpired'] {
  const expired = db.prepare<[object], ExpiredRow>(
    `SELECT v.row AS place_row, v.number, v.expire_time_ms, s.id, s.project_id, s.name, s.event_subscriptions
       FROM version v JOIN secret s ON s.row = v.secret_row
      WHERE v.expire_time_ms IS NOT NULL AND v.expiry_notified = 0 AND v.expire_time_ms <= @nowMs
        AND (v.expire_time_ms, v.row) > (@afterMs, @afterRow)
      ORDER BY v.expire_time_ms, v.row LIMIT @limit`,
  );
  return (nowMs, after, limit) =>
    expired.all({ nowMs, afterMs: after.expireTimeMs, afterRow: after.row, limit }).map((row) => ({
      ref: { projectId: row.project_id, name: row.name },
      id: row.id,
      versionNumber: row.number,
      eventNames: parseNames(row.event_subscriptions),
      place: { expireTimeMs: row.expire_time_ms, row: row.place_row },
    }));
}

/** Prepares the writes of notifications on one connection. */
export function createNotificationWrites(db: Connection, mac: RowMac): NotificationWrites {
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
  const bound = (notification: Notification) => ({
    ...notification,
    nextAttemptMs: notification.nextAttemptMs ?? null,
    rowMac: mac.sign(canonicalNotification(notification)),
  });
  return {
    insert(notifications) {
      for (const notification of notifications) insert.run(bound(notification));
    },
    save(current, { next }) {
      if (next === undefined) {
        if (current !== undefined) remove.run(current.id);
        return;
      }
      if (next === current) return;
      const { id, status, attempts, nextAttemptMs, rowMac } = bound(next);
      update.run({ id, status, attempts, nextAttemptMs, rowMac });
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
