import { isDamaged } from '../../../core/errors.ts';

/** Told of a row that does not pass its check and was passed over or replaced: kind and place, as `verify` names it. */
export type OnDamage = (place: string) => void;

/** What `work` answers; what `fallback` answers when it meets a damaged row. */
export function unlessDamaged<T>(work: () => T, fallback: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return fallback();
  }
}

/** What `work` answers; undefined when it meets a damaged row, which `tell` then tells of. */
export function ifSound<T>(work: () => T, tell: () => void): T | undefined {
  return unlessDamaged<T | undefined>(work, () => {
    tell();
    return undefined;
  });
}

/** What `read` makes of each row, without those that are damaged, which `tell` is told of. */
export function soundOnes<R, T>(rows: readonly R[], read: (row: R) => T, tell: (row: R) => void): T[] {
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

/** Which rows of a list are read: up to `limit`, without the first `offset` ones behind `last`, or behind the start. */
export interface Stretch<R> {
  readonly last: R | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Rows that are read at least once some have been passed over: there may be very many of them. */
const STRETCH_ROWS = 100;

/**
 * Reads on until `limit` sound rows are there or no more follow: a page that came out short would look like the last one.
 * It continues behind sound rows alone and counts the others: what a damaged one says of its place may lead anywhere, and text
 * that is not UTF-8 comes out as another one, which may come before it.
 */
export function soundPage<R, T>(
  limit: number,
  read: (stretch: Stretch<R>) => readonly R[],
  { authentic, tell }: { authentic(row: R): T; tell(row: R): void },
): T[] {
  const sound: T[] = [];
  let [last, offset]: [R | undefined, number] = [undefined, 0];
  for (;;) {
    const wanted = limit - sound.length;
    const size = offset === 0 ? wanted : Math.max(wanted, STRETCH_ROWS);
    const rows = read({ last, offset, limit: size });
    for (const row of rows) {
      if (sound.length === limit) break;
      const [one] = soundOnes([row], authentic, tell);
      [last, offset] = one === undefined ? [last, offset + 1] : [row, 0];
      if (one !== undefined) sound.push(one);
    }
    if (rows.length < size || sound.length === limit) return sound;
  }
}
