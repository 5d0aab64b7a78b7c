import type { Ids } from './ports/deps.ts';

/** Hexadecimal digits of a random 48-bit number, which every engine can store and increment. */
const REVISION_DIGITS = 12;

/**
 * A first revision for what may be created again under a former id: nothing named or cached by a revision of its former
 * life applies to the new one.
 */
export function freshRevision(ids: Ids): number {
  return Number.parseInt(ids.uid().slice(-REVISION_DIGITS), 16);
}
