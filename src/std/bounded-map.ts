/** A map that holds only so much. */
export interface BoundedMap<K, V> {
  /** What is kept under the key, which has been used with that. */
  get(key: K): V | undefined;
  /** Keeps the value, unless it is larger than the whole map may be. */
  set(key: K, value: V): void;
  delete(key: K): void;
  /** Drops every entry for which that is true. */
  deleteIf(isGone: (value: V) => boolean): void;
  clear(): void;
}

interface Entry<V> {
  readonly value: V;
  readonly size: number;
  isUsed: boolean;
}

/**
 * Makes a map whose entries together are at most `sizeMax` large. `sizeOf` says how large one is; left out, each counts as
 * one. The oldest entry makes room; one that was used since it was put in, or passed over, is passed over once more. Using an
 * entry costs one look-up, and no order has to be kept.
 */
export function createBoundedMap<K, V>(
  sizeMax: number,
  sizeOf: (value: V) => number = () => 1,
): BoundedMap<K, V> {
  // A Map iterates in the order of insertion, and comes to what is inserted on the way.
  const entries = new Map<K, Entry<V>>();
  let size = 0;

  function remove(key: K): void {
    size -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  }

  function makeRoom(needed: number): void {
    for (const [key, entry] of entries) {
      if (size + needed <= sizeMax) return;
      if (!entry.isUsed) {
        remove(key);
        continue;
      }
      entry.isUsed = false;
      entries.delete(key);
      entries.set(key, entry);
    }
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.isUsed = true;
      return entry?.value;
    },
    set(key, value) {
      remove(key);
      const entry = { value, size: sizeOf(value), isUsed: false };
      if (entry.size > sizeMax) return;
      makeRoom(entry.size);
      entries.set(key, entry);
      size += entry.size;
    },
    delete: remove,
    deleteIf(isGone) {
      for (const [key, { value }] of entries) if (isGone(value)) remove(key);
    },
    clear() {
      entries.clear();
      size = 0;
    },
  };
}
