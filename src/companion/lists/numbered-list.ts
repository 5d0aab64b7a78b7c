/** So many entries of a list are kept: the newest. */
export const ENTRIES_MAX = 10_000;

/** An entry by its place among all that the list ever had. */
export interface Numbered {
  /** From 1, without gaps. */
  readonly seq: number;
}

/** Called when an entry is added (no `before`), replaced, or dropped (no `after`). */
export type OnEntry<T> = (before: T | undefined, after: T | undefined) => void;

/** A list of the newest entries, which counts on when it is emptied. */
export interface NumberedList<T extends Numbered> {
  /** The number of the newest entry that there ever was; 0 before the first. */
  last(): number;
  /** Adds an entry under the next number, and returns it. */
  add(entry: Omit<T, 'seq'>): T;
  /** Replaces the entry of the same number, unless it is no longer kept. */
  replace(entry: T): void;
  /** Undefined when it is not kept, or not there yet. */
  find(seq: number): T | undefined;
  /** The oldest first. */
  entries(): readonly T[];
  /** Drops all entries. */
  clear(): void;
  /** Becomes as it was at first; its watchers stay. */
  restart(): void;
  /** The listener is called until the returned function is. */
  watch(listener: OnEntry<T>): () => void;
}

/** Creates an empty list. It takes room for what it holds: most worlds hear of a few requests and end. */
export function createNumberedList<T extends Numbered>(entriesMax: number = ENTRIES_MAX): NumberedList<T> {
  /** A ring once it is full: the entry `seq` is at `(seq - base) % entriesMax`. */
  let kept: T[] = [];
  let base = 1;
  let last = 0;
  const listeners = new Set<OnEntry<T>>();
  const tell = (before: T | undefined, after: T | undefined) => {
    for (const listener of listeners) listener(before, after);
  };
  const placeOf = (seq: number) => (seq - base) % entriesMax;
  const oldest = () => last - kept.length + 1;
  const find = (seq: number) => (seq >= oldest() && seq <= last ? kept[placeOf(seq)] : undefined);

  function dropAll(count: number): void {
    const dropped = kept;
    kept = [];
    last = count;
    base = last + 1;
    for (const entry of dropped) tell(entry, undefined);
  }

  return {
    last: () => last,
    add(entry) {
      const dropped = kept.length < entriesMax ? undefined : find(oldest());
      last += 1;
      // An entry is its members and its number.
      const added = { seq: last, ...entry } as unknown as T;
      kept[placeOf(last)] = added;
      if (dropped !== undefined) tell(dropped, undefined);
      tell(undefined, added);
      return added;
    },
    replace(entry) {
      const before = find(entry.seq);
      if (before === undefined) return;
      kept[placeOf(entry.seq)] = entry;
      tell(before, entry);
    },
    find,
    entries() {
      const start = placeOf(oldest());
      return [...kept.slice(start), ...kept.slice(0, start)];
    },
    clear: () => dropAll(last),
    restart: () => dropAll(0),
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
