/** A bounded map from a row's id to what was read and verified under one MAC of that row. */
export interface RowCache<K, T> {
  /** What was verified under exactly this MAC. */
  get(id: K, mac: Uint8Array): T | undefined;
  set(id: K, mac: Buffer, value: T): void;
  clear(): void;
}

/**
 * Remembers verified rows. The MAC that the look-up itself returned is the key of validity, so a change made anywhere
 * needs no message here. `entriesMax`: the oldest entry goes first.
 */
export function createRowCache<K, T>(entriesMax: number): RowCache<K, T> {
  const entries = new Map<K, { readonly mac: Buffer; readonly value: T }>();
  return {
    get(id, mac) {
      const entry = entries.get(id);
      return entry?.mac.equals(mac) ? entry.value : undefined;
    },
    set(id, mac, value) {
      entries.delete(id);
      entries.set(id, { mac, value });
      if (entries.size <= entriesMax) return;
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    },
    clear: () => entries.clear(),
  };
}
