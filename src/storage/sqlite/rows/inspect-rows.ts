import { SecretError } from '../../../core/errors.ts';
import { addressOf } from '../../columns/fields.ts';
import { authenticatedTables } from '../../kinds.ts';
import type { Connection } from '../engine/open.ts';
import { prepareRows } from './rows.ts';
import type { WholeReads } from './wholes.ts';

/** A row that is authenticated alone, and its check, which throws damaged. */
export interface InspectedRow {
  /** Kind and address, as a finding names it. */
  readonly address: string;
  check(): unknown;
}

/** Every row that is authenticated alone, of every kind. */
export function* inspectRows(db: Connection, find: WholeReads): Iterable<InspectedRow> {
  for (const table of authenticatedTables('wholes')) {
    const columns = table.key.join(', ');
    const check = find(table);
    // Only of a single row is it known whether it must exist.
    if (columns === '') yield { address: addressOf(table, []), check };
    else {
      const keys = prepareRows(db, `SELECT ${columns} FROM ${table.name} ORDER BY ${columns}`);
      for (const key of keys.all())
        yield { address: addressOf(table, key), check: listed(() => check(...key)) };
    }
  }
}

/** The check of a listed row: text that is not UTF-8 reads as other text, under which nothing is found. */
function listed<T>(find: () => T | undefined): () => T {
  return () => {
    const found = find();
    if (found === undefined) throw new SecretError('damaged', 'A stored row is not found by its key.');
    return found;
  };
}
