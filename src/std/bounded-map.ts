/** A map that holds only so much. */
export interface BoundedMap<K, V> {
  /** What is stored under the key; counts as a use of it. */
  get(key: K): V | undefined;
  /** Stores the value, unless it is larger than the whole map may be. */
  set(key: K, value: V): void;
  delete(key: K): void;
  /** Drops every entry for which `isGone` is true. */
  deleteIf(isGone: (value: V) => boolean): void;
  clear(): void;
}

/** A link of a ring in order of use. */
interface Link {
  newer: Link;
  older: Link;
}

interface Entry<K, V> extends Link {
  readonly key: K;
  readonly value: V;
  readonly size: number;
}

/**
 * Creates a map whose entries together are at most `sizeMax` large. `sizeOf` says how large one is; without it each
 * counts as one. The least recently used makes room. The order is kept in a ring and not in the Map, where finding the
 * first entry takes the longer the more were deleted before it.
 */
export function createBoundedMap<K, V>(
  sizeMax: number,
  sizeOf: (value: V) => number = () => 1,
): BoundedMap<K, V> {
  const entries = new Map<K, Entry<K, V>>();
  /** The ring begins and ends here: between the newest and the oldest. */
  const ends = {} as Link;
  let size = 0;

  function clear(): void {
    entries.clear();
    ends.newer = ends;
    ends.older = ends;
    size = 0;
  }

  function remove(key: K): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    unlink(entry);
    size -= entry.size;
  }

  clear();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (ends.older !== entry) {
        unlink(entry);
        append(ends, entry);
      }
      return entry.value;
    },
    set(key, value) {
      remove(key);
      const entrySize = sizeOf(value);
      if (entrySize > sizeMax) return;
      // There is an entry, or there would be room: what follows the ends is one.
      while (size + entrySize > sizeMax) remove((ends.newer as Entry<K, V>).key);
      const entry = { key, value, size: entrySize, newer: ends, older: ends };
      entries.set(key, entry);
      append(ends, entry);
      size += entrySize;
    },
    delete: remove,
    deleteIf(isGone) {
      for (const [key, { value }] of entries) if (isGone(value)) remove(key);
    },
    clear,
  };
}

/** Puts an entry after the newest. */
function append(ends: Link, entry: Link): void {
  entry.older = ends.older;
  entry.newer = ends;
  ends.older.newer = entry;
  ends.older = entry;
}

function unlink({ older, newer }: Link): void {
  older.newer = newer;
  newer.older = older;
}
