import type { EventQuery } from '../../app/ports.ts';
import { canonicalEvent } from '../../core/canonical.ts';
import type { EventDecision, EventRef, EventState, EventType, SecretEvent } from '../../core/event.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { soundPage } from './damage.ts';
import type { Connection } from './open.ts';
import { parseNames, SUBSCRIBED_EVENT } from './secret-rows.ts';

interface EventRow {
  readonly project_id: string;
  readonly name: string;
  readonly id: string;
  readonly types: string;
  readonly state: string;
  readonly target_id: string;
  readonly target_name: string;
  readonly create_time_ms: number;
  readonly update_time_ms: number;
  readonly revision: number;
  readonly row_mac: Buffer;
}

/** Reads of events on one connection. Every row is authenticated before it is given out; throws damaged. */
export interface EventReads {
  find(ref: EventRef): SecretEvent | undefined;
  /** Those that do not pass their check are left out, and told of. */
  list(query: EventQuery, tell: (ref: EventRef) => void): SecretEvent[];
  countInProject(projectId: string): number;
  /** Secrets that refer to the event. */
  countSubscribers(ref: EventRef): number;
  /** Unauthenticated; for the full check. */
  refs(): EventRef[];
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
  const byName = db.prepare<[string, string], EventRow>(
    'SELECT * FROM event WHERE project_id = ? AND name = ?',
  );
  const page = db.prepare<[string, string, number], EventRow>(
    'SELECT * FROM event WHERE project_id = ? AND name > ? ORDER BY name LIMIT ?',
  );
  const count = db.prepare<[string], number>('SELECT count(*) FROM event WHERE project_id = ?').pluck();
  const subscribers = db
    .prepare<[string, string], number>(
      `SELECT count(*) FROM secret
        WHERE project_id = ? AND ${SUBSCRIBED_EVENT} = ? AND event_subscriptions <> '[]'`,
    )
    .pluck();
  const refs = db.prepare<[], EventRef>(
    'SELECT project_id AS projectId, name FROM event ORDER BY project_id, name',
  );

  function authentic(row: EventRow): SecretEvent {
    const event = fromEventRow(row);
    requireIntactRow(mac, canonicalEvent(event), { rowMac: row.row_mac, what: 'event' });
    return event;
  }

  return {
    find({ projectId, name }) {
      const row = byName.get(projectId, name);
      return row && authentic(row);
    },
    list: ({ projectId, limit, afterName }, tell) =>
      soundPage(limit, (last, wanted) => page.all(projectId, last?.name ?? afterName, wanted), {
        read: authentic,
        tell: ({ name }) => tell({ projectId, name }),
      }),
    countInProject: (projectId) => count.get(projectId) ?? 0,
    countSubscribers: ({ projectId, name }) => subscribers.get(projectId, name) ?? 0,
    refs: () => refs.all(),
  };
}

/** Prepares the writes of events on one connection. */
export function createEventWrites(db: Connection, mac: RowMac): EventWrites {
  const put = db.prepare(
    `INSERT INTO event
       (project_id, name, id, types, state, target_id, target_name, create_time_ms, update_time_ms, revision, row_mac)
     VALUES (@projectId, @name, @id, @types, @state, @targetId, @targetName, @createTimeMs, @updateTimeMs, @revision,
             @rowMac)
     ON CONFLICT (project_id, name) DO UPDATE SET
       types = @types, state = @state, target_id = @targetId, target_name = @targetName,
       update_time_ms = @updateTimeMs, revision = @revision, row_mac = @rowMac`,
  );
  const remove = db.prepare('DELETE FROM event WHERE project_id = ? AND name = ?');
  return {
    save(current, { next }) {
      if (next === undefined) {
        if (current !== undefined) remove.run(current.projectId, current.name);
        return;
      }
      if (next === current) return;
      const { target, types, ...plain } = next;
      put.run({
        ...plain,
        types: JSON.stringify(types),
        targetId: target.id,
        targetName: target.name,
        rowMac: mac.sign(canonicalEvent(next)),
      });
    },
    remove({ projectId, name }) {
      remove.run(projectId, name);
    },
  };
}

/** See `fromSecretRow` for the casts. */
function fromEventRow(row: EventRow): SecretEvent {
  return {
    projectId: row.project_id,
    name: row.name,
    id: row.id,
    types: parseNames(row.types) as EventType[],
    state: row.state as EventState,
    target: { id: row.target_id, name: row.target_name },
    createTimeMs: row.create_time_ms,
    updateTimeMs: row.update_time_ms,
    revision: row.revision,
  };
}
