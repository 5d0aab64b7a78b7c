import { createBoundedMap } from '../../../std/bounded-map.ts';
import type { ChangeCounters } from './change-counters.ts';

/**
 * Creates a cache of up to `entriesMax` results of reads, which are returned again while nothing has changed. Absence is
 * not cached.
 */
export function createSlotCache<T>(changes: ChangeCounters, entriesMax: number) {
  const entries = createBoundedMap<string, { readonly value: T; readonly seen: number | undefined }>(
    entriesMax,
  );
  return {
    /** What `read` returns, or what it returned before if nothing in the slot has changed since. Throws what it throws. */
    get(name: string, slot: number, read: () => T | undefined): T | undefined {
      const entry = entries.get(name);
      // Before the database is read: a change that begins in between changes the number for ever.
      const seen = changes.settled(slot);
      if (entry?.seen !== undefined && entry.seen === seen) return entry.value;
      const value = read();
      if (value === undefined) entries.delete(name);
      else entries.set(name, { value, seen });
      return value;
    },
    /** What was returned last, which may have changed since. */
    recall: (name: string) => entries.get(name)?.value,
  };
}
