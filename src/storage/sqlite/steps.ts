import type { Awaitable } from '../../app/ports.ts';
import type { Pause } from '../../app/turns.ts';
import type { Snapshot } from './open.ts';

/** A long read in steps: nothing that it found in the database may be held against what a later step finds. */
export type Steps<T> = Generator<undefined, T>;

/**
 * Runs a read step by step, each step on a snapshot of its own: one over all of them would keep the log from being
 * emptied for as long as somebody reads. Without a pause all of it is run at once. Throws what the steps throw.
 */
export function inSteps<T>(snapshot: Snapshot, steps: Steps<T>, pause: Pause | undefined): Awaitable<T> {
  const step = () => snapshot(() => steps.next());
  if (pause !== undefined) return afterPauses(step, pause);
  let made = step();
  while (!made.done) made = step();
  return made.value;
}

async function afterPauses<T>(step: () => IteratorResult<undefined, T>, pause: Pause): Promise<T> {
  for (;;) {
    const others = pause();
    if (others !== undefined) await others;
    const made = step();
    if (made.done) return made.value;
  }
}
