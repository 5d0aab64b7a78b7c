import { createBoundedMap } from '../../../std/bounded-map.ts';

/** A bounded map from a row's id to what was read and verified under one MAC of that row. */
export interface RowCache<K, T> {
  /** What was verified under exactly this MAC. */
  get(id: K, mac: Uint8Array): T | undefined;
  set(id: K, mac: Buffer, value: T): void;
  clear(): void;
}

/**
 * Caches verified rows. Each is validated by the MAC that the look-up itself returned, so a change made anywhere needs no
 * message here.
 */
export function createRowCache<K, T>(entriesMax: number): RowCache<K, T> {
  const entries = createBoundedMap<K, { readonly mac: Buffer; readonly value: T }>(entriesMax);
  return {
    get(id, mac) {
      const entry = entries.get(id);
      return entry?.mac.equals(mac) ? entry.value : undefined;
    },
    set: (id, mac, value) => entries.set(id, { mac, value }),
    clear: entries.clear,
  };
}
