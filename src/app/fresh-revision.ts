import type { Ids } from './ports/deps.ts';

/** Hexadecimal digits of a random 48-bit number, which every engine can hold and count on from. */
const REVISION_DIGITS = 12;

/**
 * A revision to begin with for what may come back under an id that it had before: whatever was named or remembered by a
 * revision of its former life means nothing in the new one.
 */
export function freshRevision(ids: Ids): number {
  return Number.parseInt(ids.uid().slice(-REVISION_DIGITS), 16);
}
