import { SecretError } from '../../../core/errors.ts';
import { placeOf } from '../../columns/fields.ts';
import { authenticatedTables } from '../../kinds.ts';
import type { Connection } from '../engine/open.ts';
import { prepareRows } from './rows.ts';
import type { WholeReads } from './wholes.ts';

/** A row that is a whole by itself, and its check, which throws damaged. */
export interface InspectedRow {
  /** Kind and place, as a finding names it. */
  readonly place: string;
  check(): unknown;
}

/** Every row that is a whole by itself, of whichever kind. */
export function* inspectRows(db: Connection, find: WholeReads): Iterable<InspectedRow> {
  for (const table of authenticatedTables().wholes) {
    const columns = table.key.join(', ');
    const check = find(table);
    // Of one row only it is known whether it has to be there.
    if (columns === '') yield { place: placeOf(table, []), check };
    else {
      const keys = prepareRows(db, `SELECT ${columns} FROM ${table.name} ORDER BY ${columns}`);
      for (const key of keys.all()) yield { place: placeOf(table, key), check: listed(() => check(...key)) };
    }
  }
}

/** The check of a row that is there: text that is not UTF-8 comes out as another one, under which nothing is found. */
function listed<T>(find: () => T | undefined): () => T {
  return () => {
    const found = find();
    if (found === undefined) throw new SecretError('damaged', 'A stored row is not found by its key.');
    return found;
  };
}
