import type { Fits } from './filters.ts';
import type { Numbered, NumberedList } from './numbered-list.ts';

/** What is waited for. */
export interface Wanted<T> {
  readonly fits: Fits<T>;
  /** So many entries must fit at one time. */
  readonly count: number;
  readonly waitMs: number;
  /** Each ends the wait: nobody needs its outcome, or there is nothing left to wait for. */
  readonly ends: readonly AbortSignal[];
}

/** Waits until enough entries of a list fit; false: they do not, in time. The time is the machine's. */
export function waitFor<T extends Numbered>(
  list: NumberedList<T>,
  { count, ends, fits, waitMs }: Wanted<T>,
): Promise<boolean> {
  let fitting = list.entries().filter(fits).length;
  if (fitting >= count) return Promise.resolve(true);
  if (ends.some(({ aborted }) => aborted)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isFound: boolean) => {
      clearTimeout(timer);
      unwatch();
      for (const signal of ends) signal.removeEventListener('abort', fail);
      resolve(isFound);
    };
    const fail = () => end(false);
    const timer = setTimeout(fail, waitMs);
    const unwatch = list.watch((before, after) => {
      if (before !== undefined && fits(before)) fitting -= 1;
      if (after !== undefined && fits(after)) fitting += 1;
      if (fitting >= count) end(true);
    });
    for (const signal of ends) signal.addEventListener('abort', fail);
  });
}
