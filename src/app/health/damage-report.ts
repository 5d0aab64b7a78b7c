import { isDamaged } from '../../core/errors.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import type { Awaitable, Deps } from '../ports/deps.ts';

/**
 * Rows that are remembered: all of several full projects, some megabytes. One that had to make room may be reported
 * again, and a longer list is reported each time.
 */
const ADDRESSES_MAX = 50_000;

/**
 * Creates the report of damaged rows that were skipped or replaced: the operator gets each address once in the life of
 * the process. An address is the row's kind and key, never its contents.
 */
export function createDamageReport({ log }: Pick<Deps, 'log'>): (address: string) => void {
  const reported = createBoundedMap<string, true>(ADDRESSES_MAX);
  return (address) => {
    if (reported.get(address) === true) return;
    reported.set(address, true);
    log.error(
      { place: address },
      'a stored row does not pass its check and was passed over or replaced: run csms-server verify',
    );
  };
}

/** What `find` resolves with; what `fallback` returns when it meets a damaged row. */
export async function unlessDamaged<T, F>(find: () => Awaitable<T>, fallback: () => F): Promise<T | F> {
  try {
    return await find();
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return fallback();
  }
}
