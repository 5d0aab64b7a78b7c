import { createBoundedMap } from '../../../std/bounded-map.ts';

/**
 * Creates a bounded cache of verified rows. Each is validated by the MAC that the look-up itself returned, so a change
 * made anywhere needs no message here.
 */
export function createRowCache<K, T>(entriesMax: number) {
  const entries = createBoundedMap<K, { readonly mac: Buffer; readonly value: T }>(entriesMax);
  return {
    /** What was verified under exactly this MAC. */
    get(id: K, mac: Uint8Array): T | undefined {
      const entry = entries.get(id);
      return entry?.mac.equals(mac) ? entry.value : undefined;
    },
    set: (id: K, mac: Buffer, value: T) => entries.set(id, { mac, value }),
    clear: entries.clear,
  };
}
