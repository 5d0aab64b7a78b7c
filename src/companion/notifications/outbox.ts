import type { Store } from '../../app/ports/store.ts';
import type { Command } from '../../core/commands.ts';
import type { NotificationList } from './notification-list.ts';

/** What a change says of the notifications that it leads to. */
interface ChangeResult {
  readonly notificationIds?: readonly string[];
  readonly changed?: boolean;
}

/** Called after a change, with its result. Never rejects. */
export type NoteChange = (command: Command, result: unknown) => Promise<void>;

/**
 * Keeps the list up to date with the changes of a store: a notification gets an entry with the change that makes it, and
 * the entry shows how its delivery proceeds. One that was left from an earlier time gets its entry with its next attempt.
 */
export function followOutbox(
  store: Pick<Store, 'findNotification'>,
  list: Pick<NotificationList, 'show'>,
): NoteChange {
  async function show(id: string): Promise<void> {
    const found = await store.findNotification(id);
    if (found !== undefined) list.show(found);
  }

  return async (command, result) => {
    const { changed, notificationIds = [] } = (result ?? {}) as ChangeResult;
    const isSettled = command.aggregate === 'notification' && command.kind === 'settle-notification';
    const ids = isSettled && changed === true ? [command.ref.id] : notificationIds;
    // A damaged one is reported by the store.
    for (const id of ids) await show(id).catch(() => undefined);
  };
}
