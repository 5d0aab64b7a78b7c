import type { Store } from '../../app/ports/store.ts';
import type { Command } from '../../core/commands.ts';
import type { Notification } from '../../core/events/notifications.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { ENTRIES_MAX } from '../lists/numbered-list.ts';
import { formatTime } from '../times.ts';
import type { NotificationEntry, NotificationList } from './notification-list.ts';

/** What a change says of the notifications that it leads to. */
interface ChangeResult {
  readonly notificationIds?: readonly string[];
  readonly changed?: boolean;
}

/** Called after a change, with its result. Never rejects. */
export type NoteChange = (command: Command, result: unknown) => Promise<void>;

/**
 * Keeps the list up to date with the changes of a store: a notification gets an entry with the change that makes it, and
 * the entry shows how its delivery goes. One that was left from an earlier time gets its entry with its next attempt.
 */
export function followOutbox(store: Pick<Store, 'findNotification'>, list: NotificationList): NoteChange {
  /** The numbers of the entries, by notification: also of those that were dropped, which do not return. */
  const numbers = createBoundedMap<string, number>(2 * ENTRIES_MAX);

  async function show(id: string): Promise<void> {
    const found = await store.findNotification(id);
    if (found === undefined) return;
    const seq = numbers.get(id);
    if (seq === undefined) numbers.set(id, list.add(entryOf(found)).seq);
    else list.replace({ seq, ...entryOf(found) });
  }

  return async (command, result) => {
    const { changed, notificationIds = [] } = (result ?? {}) as ChangeResult;
    const isSettled = command.aggregate === 'notification' && command.kind === 'settle-notification';
    const ids = isSettled && changed === true ? [command.ref.id] : notificationIds;
    // A damaged one is reported by the store.
    for (const id of ids) await show(id).catch(() => undefined);
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
