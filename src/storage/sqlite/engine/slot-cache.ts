import { createBoundedMap } from '../../../std/bounded-map.ts';
import type { ChangeCounters } from './change-counters.ts';

/** Results of reads that are returned again while nothing has changed. */
export interface SlotCache<T> {
  /** What `read` returns, or what it returned before if nothing in the slot has changed since. Throws what it throws. */
  get(name: string, slot: number, read: () => T | undefined): T | undefined;
  /** What was returned last, which may have changed since. */
  recall(name: string): T | undefined;
}

/** Creates a cache of up to `entriesMax` results. Absence is not cached. */
export function createSlotCache<T>(changes: ChangeCounters, entriesMax: number): SlotCache<T> {
  const entries = createBoundedMap<string, { readonly value: T; readonly seen: number | undefined }>(
    entriesMax,
  );
  return {
    get(name, slot, read) {
      const entry = entries.get(name);
      // Before the database is read: a change that begins in between changes the number for ever.
      const seen = changes.settled(slot);
      if (entry?.seen !== undefined && entry.seen === seen) return entry.value;
      const value = read();
      if (value === undefined) entries.delete(name);
      else entries.set(name, { value, seen });
      return value;
    },
    recall: (name) => entries.get(name)?.value,
  };
}
