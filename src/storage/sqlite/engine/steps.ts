import type { Walk } from '../../../app/ports/deps.ts';
import type { Snapshot } from './open.ts';

/**
 * A long read in steps, each of which gives what it has found: nothing that it found in the database may be held against
 * what a later step finds.
 */
export type Steps<R, T = never> = Generator<readonly T[], R, undefined>;

/** What a step gives that has only looked. */
export const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Runs a read step by step, each step on a snapshot of its own: one over all of them would keep the log from being
 * emptied for as long as somebody reads. Throws what the steps throw.
 */
export function inSteps<T, R>(snapshot: Snapshot, steps: Steps<R, T>): Walk<T, R> {
  return { next: () => snapshot(() => steps.next()) };
}
