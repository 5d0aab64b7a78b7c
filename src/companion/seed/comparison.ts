import { problem } from './members.ts';
import type { SeedTime, Written } from './seed.ts';

/** What becomes of the named things of a seed. */
export interface Counts {
  readonly created: number;
  readonly replaced: number;
  readonly unchanged: number;
}

/** Things of one kind of a seed, sorted by what becomes of them. */
export interface Compared<T> {
  readonly created: readonly T[];
  readonly replaced: readonly T[];
  readonly unchanged: readonly T[];
}

/** Sorts the things of a seed. `compare`: whether what has its name is the same; undefined: nothing has. */
export function compareAll<T>(things: readonly T[], compare: (thing: T) => boolean | undefined): Compared<T> {
  const sorted: Record<keyof Counts, T[]> = { created: [], replaced: [], unchanged: [] };
  for (const thing of things) {
    const isSame = compare(thing);
    sorted[isSame === undefined ? 'created' : isSame ? 'unchanged' : 'replaced'].push(thing);
  }
  return sorted;
}

/** Adds up what becomes of things. */
export function countAll(kinds: readonly Compared<unknown>[]): Counts {
  const sum = (name: keyof Counts) => kinds.reduce((total, kind) => total + kind[name].length, 0);
  return { created: sum('created'), replaced: sum('replaced'), unchanged: sum('unchanged') };
}

/** A relative time counted when the thing was made: it needs no other check than that there is one. */
export function isSameTime(wanted: SeedTime | undefined, presentMs: number | undefined): boolean {
  if (wanted === undefined || presentMs === undefined) return wanted === undefined && presentMs === undefined;
  return wanted.isRelative || wanted.ms === presentMs;
}

/**
 * Throws FileError, at the first new thing that finds no place, when there would be too many. What is there already stays,
 * however many that are.
 */
export function requireRoom(
  created: readonly Written[],
  { limit, noun, others }: { readonly others: number; readonly limit: number; readonly noun: string },
): void {
  const surplus = created[Math.max(0, limit - others)];
  if (surplus !== undefined)
    throw problem(surplus, '', `is one too many: a project has at most ${limit} ${noun}`);
}
