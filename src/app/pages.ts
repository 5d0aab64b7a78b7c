import type { Awaitable, Walk } from './ports/deps.ts';
import type { Pause } from './turns.ts';

/** A page of a list, and whether another one follows. */
export interface Page<T> {
  readonly entries: readonly T[];
  readonly hasMore: boolean;
}

/** Reads the entries that follow one in a list, at most `limit`; undefined: from the beginning of the page. */
export type Scan<T> = (limit: number, last: T | undefined) => Awaitable<readonly T[]>;

/** What a page shows. */
export interface PageQuery<T> {
  readonly limit: number;
  /** Entries that do not fit are skipped and do not count. Absent: all fit. */
  readonly fits?: ((entry: T) => boolean) | undefined;
  /** Between two steps. */
  readonly pause?: Pause;
}

/** Entries that are read at a time. */
const SCAN_STEP = 100;

/** Yields a page, some entries at a time, each as it is at that moment; returns whether another page follows. */
export async function* walkPage<T>(
  scan: Scan<T>,
  { fits, limit, pause }: PageQuery<T>,
): AsyncGenerator<readonly T[], boolean> {
  let [left, last]: [number, T | undefined] = [limit, undefined];
  for (;;) {
    const size = fits === undefined ? Math.min(left + 1, SCAN_STEP) : SCAN_STEP;
    const found = await scan(size, last);
    const fitting = fits === undefined ? found : found.filter(fits);
    yield fitting.slice(0, left);
    if (fitting.length > left) return true;
    if (found.length < size) return false;
    left -= fitting.length;
    last = found.at(-1);
    await pause?.();
  }
}

/** Reads a whole page. */
export async function collectPage<T>(scan: Scan<T>, query: PageQuery<T>): Promise<Page<T>> {
  const walk = walkPage(scan, query);
  const entries: T[] = [];
  for (;;) {
    const { done, value } = await walk.next();
    if (done) return { entries, hasMore: value };
    entries.push(...value);
  }
}

/** Yields a page of a walk through everything that fits; returns how many there are on all pages. */
export function walkFitting<T>(
  walk: Walk<T, unknown>,
  page: { readonly offset: number; readonly limit: number; fits(entry: T): boolean },
): Walk<T, number> {
  let total = 0;
  return {
    async next() {
      const step = await walk.next();
      if (step.done) return { done: true, value: total };
      const fitting = step.value.filter(page.fits);
      const from = Math.max(0, page.offset - total);
      const to = Math.max(0, page.offset + page.limit - total);
      total += fitting.length;
      return { value: fitting.slice(from, to) };
    },
  };
}
