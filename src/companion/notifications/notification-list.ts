import { createNumberedList, type Numbered, type NumberedList } from '../lists/numbered-list.ts';

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
export type NotificationList = NumberedList<NotificationEntry>;

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
  return createNumberedList();
}
