import type { EventQuery } from '../../../app/ports/deps.ts';
import type { EventDecision, EventRef, SecretEvent } from '../../../core/events/events.ts';
import type { Row } from '../../columns/fields.ts';
import { EVENT } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { type Stretch, soundPage } from '../rows/damage.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';
import { SUBSCRIBED_EVENT } from './subscriptions.ts';

/** Reads of events on one connection. Every row is authenticated before it is given out; throws damaged. */
export interface EventReads {
  find(ref: EventRef): SecretEvent | undefined;
  /** Those that do not pass their check are left out, and told of. */
  list(query: EventQuery, tell: (ref: EventRef) => void): SecretEvent[];
  countInProject(projectId: string): number;
  /** Secrets that refer to the event. */
  countSubscribers(ref: EventRef): number;
}

/** Writes of events. They run inside the write transaction. */
export interface EventWrites {
  /** Writes what the rules decided. */
  save(current: SecretEvent | undefined, decision: EventDecision): void;
  /** Removes the row of that name, unread. */
  remove(ref: EventRef): void;
}

/** Prepares the reads of events on one connection. */
export function createEventReads(db: Connection, mac: RowMac): EventReads {
  const read = createRowReads(db, mac, EVENT);
  const byName = read.prepare('WHERE project_id = ? AND name = ?');
  const page = read.prepare('WHERE project_id = ? AND name > ? ORDER BY name LIMIT ? OFFSET ?');
  const nameOf = (row: Row) => String(read.valueOf(row, 'name'));
  const count = db.prepare<[string], number>('SELECT count(*) FROM event WHERE project_id = ?').pluck();
  const subscribers = db
    .prepare<[string, string], number>(
      `SELECT count(*) FROM secret
        WHERE project_id = ? AND ${SUBSCRIBED_EVENT} = ? AND event_subscriptions <> '[]'`,
    )
    .pluck();
  return {
    find: ({ projectId, name }) => byName.get(projectId, name),
    list({ projectId, limit, afterName }, tell) {
      const stretch = ({ last, offset, limit: rows }: Stretch<Row>) =>
        page.rows(projectId, last === undefined ? afterName : nameOf(last), rows, offset);
      return soundPage(limit, stretch, {
        authentic: read.authentic,
        tell: (row) => tell({ projectId, name: nameOf(row) }),
      });
    },
    countInProject: (projectId) => count.get(projectId) ?? 0,
    countSubscribers: ({ projectId, name }) => subscribers.get(projectId, name) ?? 0,
  };
}

/** Prepares the writes of events on one connection. */
export function createEventWrites(db: Connection, mac: RowMac): EventWrites {
  const { save } = createRowWrites(db, mac, EVENT);
  const remove = db.prepare('DELETE FROM event WHERE project_id = ? AND name = ?');
  return {
    save: (current, { next }) => save(current, next),
    remove: ({ projectId, name }) => void remove.run(projectId, name),
  };
}
