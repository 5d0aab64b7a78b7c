import type { EventQuery } from '../../../app/ports/deps.ts';
import type { EventRef, SecretEvent } from '../../../core/events/events.ts';
import type { Row } from '../../columns/fields.ts';
import { EVENT } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { intactPage, type Stretch } from '../rows/damage.ts';
import { createRowReads } from '../rows/rows.ts';
import { SUBSCRIBED_EVENT } from './subscriptions.ts';

/** Prepares the reads of events on one connection. Every row is authenticated before it is returned; throws damaged. */
export function createEventReads(db: Connection, mac: RowMac) {
  const read = createRowReads(db, mac, EVENT);
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
    /** Those that fail their check are left out and passed to `tell`. */
    list({ projectId, limit, afterName }: EventQuery, tell: (ref: EventRef) => void): SecretEvent[] {
      const stretch = ({ last, offset, limit: rows }: Stretch<Row>) =>
        page.rows(projectId, last === undefined ? afterName : nameOf(last), rows, offset);
      return intactPage(limit, stretch, {
        authentic: read.authentic,
        tell: (row) => tell({ projectId, name: nameOf(row) }),
      });
    },
    countInProject: (projectId: string) => count.get(projectId) ?? 0,
    /** Secrets that refer to the event. */
    countSubscribers: ({ projectId, name }: EventRef) => subscribers.get(projectId, name) ?? 0,
  };
}
