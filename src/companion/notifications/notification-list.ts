import type { Notification } from '../../core/events/notifications.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { createNumberedList, ENTRIES_MAX, type Numbered, type NumberedList } from '../lists/numbered-list.ts';
import { formatTime } from '../times.ts';

/** A notification, as it is shown. */
export interface NotificationEntry extends Numbered {
  /** When it was made, by the world's clock. */
  readonly at: string;
  readonly event_type: string;
  /** Name of the event. */
  readonly event: string;
  /** The secret's. */
  readonly name: string;
  /** Null where it is about no version. */
  readonly version: string | null;
  /** URN of the topic. */
  readonly topic: string;
  /** `PENDING` while there will be another attempt, then `SUCCESS`, `FAIL` or `INVALID`. */
  readonly status: string;
  readonly attempts: number;
  /** The text that subscribers get. */
  readonly message: string;
}

/** What the world tells its subscribers, or tries to. */
export interface NotificationList extends NumberedList<NotificationEntry> {
  /** Adds a notification, or brings its entry up to date. One that was dropped does not return. */
  show(notification: Notification): void;
}

/** The members that a query can name. */
export const NOTIFICATION_MEMBERS = [
  'seq',
  'event_type',
  'event',
  'name',
  'version',
  'topic',
  'status',
] as const satisfies readonly (keyof NotificationEntry)[];

/** Creates an empty list. */
export function createNotificationList(): NotificationList {
  const list = createNumberedList<NotificationEntry>();
  /** The numbers of the entries by notification, also of those that were dropped. */
  const numbers = createBoundedMap<string, number>(2 * ENTRIES_MAX);
  return {
    ...list,
    show(notification) {
      const seq = numbers.get(notification.id);
      if (seq === undefined) numbers.set(notification.id, list.add(entryOf(notification)).seq);
      else list.replace({ seq, ...entryOf(notification) });
    },
    restart() {
      numbers.clear();
      list.restart();
    },
  };
}

function entryOf(notification: Notification): Omit<NotificationEntry, 'seq'> {
  const { attempts, content, createTimeMs, eventName, eventType, secretName, status, targetId } =
    notification;
  // The server's own text.
  const { data } = JSON.parse(content) as { readonly data: { readonly versionId?: string } };
  return {
    at: formatTime(createTimeMs),
    event_type: eventType,
    event: eventName,
    name: secretName,
    version: data.versionId ?? null,
    topic: targetId,
    status,
    attempts,
    message: content,
  };
}
