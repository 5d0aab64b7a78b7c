import { isDamaged } from '../../../core/errors.ts';

/** Called for a row that fails its check and was skipped or replaced: kind and address, as `verify` names it. */
export type OnDamage = (address: string) => void;

/** What `work` returns; what `fallback` returns when it meets a damaged row. */
export function unlessDamaged<T>(work: () => T, fallback: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return fallback();
  }
}

/** What `work` returns; undefined when it meets a damaged row, for which `tell` is called. */
export function ifIntact<T>(work: () => T, tell: () => void): T | undefined {
  return unlessDamaged<T | undefined>(work, () => {
    tell();
    return undefined;
  });
}

/** What `read` makes of each row, without damaged ones, for which `tell` is called. */
export function intactRows<R, T>(rows: readonly R[], read: (row: R) => T, tell: (row: R) => void): T[] {
  return rows.flatMap((row) =>
    unlessDamaged(
      () => [read(row)],
      () => {
        tell(row);
        return [];
      },
    ),
  );
}

/** Which rows of a list are read: up to `limit`, without the first `offset` ones after `last`, or after the start. */
export interface Stretch<R> {
  readonly last: R | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** The least number of rows to read once some have been skipped: there may be very many of them. */
const STRETCH_ROWS = 100;

/**
 * Reads until there are `limit` intact rows or no more follow: a short page would look like the last one. It continues
 * only after intact rows and counts the others: a damaged one's own cursor may lead anywhere, and text that is not UTF-8
 * reads as other text, which may sort before it.
 */
export function intactPage<R, T>(
  limit: number,
  read: (stretch: Stretch<R>) => readonly R[],
  { authentic, tell }: { authentic(row: R): T; tell(row: R): void },
): T[] {
  const intact: T[] = [];
  let [last, offset]: [R | undefined, number] = [undefined, 0];
  for (;;) {
    const wanted = limit - intact.length;
    const size = offset === 0 ? wanted : Math.max(wanted, STRETCH_ROWS);
    const rows = read({ last, offset, limit: size });
    for (const row of rows) {
      if (intact.length === limit) break;
      const [one] = intactRows([row], authentic, tell);
      [last, offset] = one === undefined ? [last, offset + 1] : [row, 0];
      if (one !== undefined) intact.push(one);
    }
    if (rows.length < size || intact.length === limit) return intact;
  }
}
