import { randomInt, randomUUID } from 'node:crypto';
import type { MonotonicClock } from '../app/jobs/trusted-time.ts';
import type { Clock, Ids, Jitter, RandomSource } from '../app/ports/deps.ts';
import { createHexIds } from '../std/random-hex.ts';

/** Wall clock of the machine. */
export const systemClock: Clock = Object.freeze({ nowMs: () => Date.now() });

/**
 * The machine's clock that cannot be set. It may stand still while the machine sleeps; the wall clock then seems to jump,
 * and deletions wait, which is safe.
 */
export const monotonicClock: MonotonicClock = Object.freeze({ nowMs: () => performance.now() });

/** Random identifiers. */
export const randomIds: Ids = Object.freeze({
  uuid: () => randomUUID(),
  uid: createHexIds(),
});

/** The operating system's randomness; `randomInt` discards what would make some numbers likelier than others. */
export const systemRandom: RandomSource = Object.freeze({ below: (bound: number) => randomInt(bound) });

/** Spreads retries. */
export const systemJitter: Jitter = Object.freeze({ fraction: () => Math.random() });
