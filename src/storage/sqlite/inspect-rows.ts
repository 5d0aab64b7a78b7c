import { SecretError } from '../../core/errors.ts';
import type { RowMac } from '../row-mac.ts';
import { createCheckerReads } from './checker.ts';
import { createClockRead } from './clock.ts';
import { createDestroyedKeyReads } from './destroyed-keys.ts';
import { createEventReads } from './events.ts';
import { createNotificationReads } from './notifications.ts';
import type { Connection } from './open.ts';
import { createSigningKeyRead } from './signing-key.ts';
import { createTaskReads } from './tasks.ts';

/** A row that is a whole by itself, and its check, which throws damaged. */
export interface InspectedRow {
  /** Kind and place, as a finding names it. */
  readonly place: string;
  check(): unknown;
}

/**
 * Every row beside secrets and present keys: destroyed keys, events, notifications, tasks, checker configurations, the
 * signing key, the clock.
 */
export function* inspectRows(db: Connection, mac: RowMac): Iterable<InspectedRow> {
  const events = createEventReads(db, mac);
  for (const ref of events.refs()) {
    yield { place: `event ${ref.projectId}/${ref.name}`, check: listed(() => events.find(ref)) };
  }
  const notifications = createNotificationReads(db, mac);
  for (const id of notifications.ids()) {
    yield { place: `notification ${id}`, check: listed(() => notifications.find(id)) };
  }
  const tasks = createTaskReads(db, mac);
  for (const id of tasks.ids()) yield { place: `task ${id}`, check: listed(() => tasks.find(id)) };
  const checkers = createCheckerReads(db, mac);
  for (const projectId of checkers.projectIds()) {
    yield {
      place: `checker configuration of project ${projectId}`,
      check: listed(() => checkers.find(projectId)),
    };
  }
  const destroyed = createDestroyedKeyReads(db, mac);
  for (const ref of destroyed.refs()) {
    yield { place: `destroyed key ${ref.projectId}/${ref.id}`, check: listed(() => destroyed.find(ref)) };
  }
  yield { place: 'the signing key', check: createSigningKeyRead(db, mac) };
  yield { place: 'the last time seen', check: createClockRead(db, mac) };
}

/** The check of a row that is there: text that is not UTF-8 comes out as another one, under which nothing is found. */
function listed<T>(find: () => T | undefined): () => T {
  return () => {
    const found = find();
    if (found === undefined) throw new SecretError('damaged', 'A stored row is not found by its key.');
    return found;
  };
}
