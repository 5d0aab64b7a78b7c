import { createBoundedMap } from '../../../std/bounded-map.ts';
import type { ChangeCounters } from './change-counters.ts';

/** Answers of the database that are given again while nothing has changed. */
export interface Remembered<T> {
  /** What `read` answers, or what it answered before if nothing in the slot has changed since. Throws what it throws. */
  get(name: string, slot: number, read: () => T | undefined): T | undefined;
  /** What was answered last, which may have changed since. */
  recall(name: string): T | undefined;
}

/** Remembers up to `entriesMax` answers. That something is absent is not remembered. */
export function createRemembered<T>(changes: ChangeCounters, entriesMax: number): Remembered<T> {
  const entries = createBoundedMap<string, { readonly value: T; readonly seen: number | undefined }>(
    entriesMax,
  );
  return {
    get(name, slot, read) {
      const entry = entries.get(name);
      // Before the database is looked at: a change that begins in between makes the number another one for ever.
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
