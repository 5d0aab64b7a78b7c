import { isDamaged } from '../../core/errors.ts';

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

/**
 * Reads on until `limit` sound rows are there or no more follow: a page that came out short would look like the last one.
 * `page` answers up to `limit` rows behind `last`, from the start without one.
 */
export function soundPage<R, T>(
  limit: number,
  page: (last: R | undefined, limit: number) => readonly R[],
  { read, tell }: { read(row: R): T; tell(row: R): void },
): T[] {
  const sound: T[] = [];
  let last: R | undefined;
  for (;;) {
    const wanted = limit - sound.length;
    const rows = page(last, wanted);
    sound.push(...soundOnes(rows, read, tell));
    if (rows.length < wanted || sound.length >= limit) return sound;
    last = rows.at(-1);
  }
}
