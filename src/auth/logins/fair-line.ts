/** Whom an entry is for: a member of a group. */
export interface Claimant {
  readonly group: string;
  readonly member: string;
}

/** Waiting entries. Groups take turns, and within a group its members, however many entries each has. */
export interface FairLine<T> {
  /**
   * Lets the entry wait. When there are too many then, returns the one that has to go: the last of the member with most
   * entries in the group with most of them, which may be the new one.
   */
  add(claimant: Claimant, entry: T): T | undefined;
  /** Removes and returns the next entry; undefined when none waits. */
  next(): T | undefined;
  /** Number of waiting entries. */
  size(): number;
}

/** Creates a line in which `entriesMax` may wait. */
export function createFairLine<T>(entriesMax: number): FairLine<T> {
  const groups = new Map<string, Map<string, T[]>>();
  let count = 0;

  function takeFrom(group: string, member: string, end: 'first' | 'last'): T | undefined {
    const members = groups.get(group);
    const entries = members?.get(member);
    const entry = end === 'first' ? entries?.shift() : entries?.pop();
    if (entries?.length === 0) members?.delete(member);
    if (members?.size === 0) groups.delete(group);
    if (entry !== undefined) count -= 1;
    return entry;
  }

  return {
    add({ group, member }, entry) {
      const members = groups.get(group) ?? new Map<string, T[]>();
      const entries = members.get(member) ?? [];
      entries.push(entry);
      members.set(member, entries);
      groups.set(group, members);
      count += 1;
      if (count <= entriesMax) return undefined;
      const [crowded, crowd] = largest(groups, (among) =>
        sum([...among.values()].map(({ length }) => length)),
      );
      const [most] = largest(crowd, ({ length }) => length);
      return takeFrom(crowded, most, 'last');
    },
    next() {
      const [group] = groups.keys();
      const members = groups.get(group ?? '');
      const [member] = members?.keys() ?? [];
      if (group === undefined || members === undefined || member === undefined) return undefined;
      const entry = takeFrom(group, member, 'first');
      moveLast(members, member);
      moveLast(groups, group);
      return entry;
    },
    size: () => count,
  };
}

/** Of several, the last: the others have waited longer. */
function largest<T>(entries: ReadonlyMap<string, T>, sizeOf: (entry: T) => number): readonly [string, T] {
  return [...entries].reduce((most, entry) => (sizeOf(entry[1]) >= sizeOf(most[1]) ? entry : most));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Its next turn comes after all others; an entry that is gone stays away. */
function moveLast<T>(entries: Map<string, T>, key: string): void {
  const entry = entries.get(key);
  if (entry === undefined) return;
  entries.delete(key);
  entries.set(key, entry);
}
