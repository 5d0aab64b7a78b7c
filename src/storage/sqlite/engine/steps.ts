import type { Walk } from '../../../app/ports/deps.ts';
import type { Snapshot } from './open.ts';

/**
 * A long read in steps, each of which yields what it has found: findings of one step must not be compared with those of a
 * later one.
 */
export type Steps<R, T = never> = Generator<readonly T[], R, undefined>;

/** What a step yields that has found nothing. */
export const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Runs a read step by step, each step on a snapshot of its own: one over all of them would keep the log from being
 * emptied during long reads. Throws what the steps throw.
 */
export function inSteps<T, R>(snapshot: Snapshot, steps: Steps<R, T>): Walk<T, R> {
  return { next: () => snapshot(() => steps.next()) };
}
