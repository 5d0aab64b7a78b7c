import { createBoundedMap } from '../../std/bounded-map.ts';
import type { Deps } from '../ports/deps.ts';

/**
 * Places that are remembered: all rows of several full projects, some megabytes. One that had to make room may be told of again,
 * and whoever lists more than fit has each told of again, list by list.
 */
const PLACES_MAX = 50_000;

/**
 * Makes what tells the operator of damaged rows that were passed over or replaced: each place once, as long as the process
 * lives. A place is the row's kind and where it is, never what it holds.
 */
export function createDamageReport({ log }: Pick<Deps, 'log'>): (place: string) => void {
  const told = createBoundedMap<string, true>(PLACES_MAX);
  return (place) => {
    if (told.get(place) === true) return;
    told.set(place, true);
    log.error(
      { place },
      'a stored row does not pass its check and was passed over or replaced: run csms-server verify',
    );
  };
}
