import { SecretError } from '../../../core/errors.ts';
import type { Table } from '../../columns/fields.ts';
import { DESTROYED_KEY } from '../../columns/keys.ts';
import { CHECKER, EVENT, NOTIFICATION, TASK } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createClockRead } from '../tables/clock.ts';
import { createSigningKeyRead } from '../tables/signing-key.ts';
import { createRowReads, prepareRows } from './rows.ts';

/** A row that is a whole by itself, and its check, which throws damaged. */
export interface InspectedRow {
  /** Kind and place, as a finding names it. */
  readonly place: string;
  check(): unknown;
}

/** Every table of such rows, and what stands before a row's key where a finding names it. */
const WHOLES: readonly (readonly [table: Table<object>, what: string])[] = [
  [EVENT, 'event'],
  [NOTIFICATION, 'notification'],
  [TASK, 'task'],
  [CHECKER, 'checker configuration of project'],
  [DESTROYED_KEY, 'destroyed key'],
];

/** Every row beside secrets and present keys: those of the tables above, the signing key, the clock. */
export function* inspectRows(db: Connection, mac: RowMac): Iterable<InspectedRow> {
  for (const [table, what] of WHOLES) {
    const columns = table.key.join(', ');
    const keys = prepareRows(db, `SELECT ${columns} FROM ${table.name} ORDER BY ${columns}`);
    const where = table.key.map((column) => `${column} = ?`).join(' AND ');
    const byKey = createRowReads(db, mac, table).prepare(`WHERE ${where}`);
    for (const key of keys.all()) {
      yield { place: `${what} ${key.join('/')}`, check: listed(() => byKey.get(...key)) };
    }
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
