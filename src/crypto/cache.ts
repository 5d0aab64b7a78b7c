/** A bounded map of opened keys. */
export interface Cache<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
  /** Drops every entry for which that is true. */
  removeIf(isGone: (value: V) => boolean): void;
}

/** Keeps the `max` entries used last: a Map iterates in order of insertion, so the first entry is the oldest. */
export function createCache<V>(max: number): Cache<V> {
  const entries = new Map<string, V>();
  return {
    get(name) {
      const value = entries.get(name);
      if (value === undefined) return undefined;
      entries.delete(name);
      entries.set(name, value);
      return value;
    },
    set(name, value) {
      entries.delete(name);
      entries.set(name, value);
      if (entries.size <= max) return;
      const oldest = entries.keys().next();
      if (oldest.done !== true) entries.delete(oldest.value);
    },
    removeIf(isGone) {
      for (const [name, value] of entries) if (isGone(value)) entries.delete(name);
    },
  };
}
