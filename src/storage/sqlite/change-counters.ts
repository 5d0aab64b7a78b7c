import type { Command } from '../../core/commands.ts';
import type { SecretRef } from '../../core/secret.ts';

/**
 * Counts committed changes in memory that all threads share, so that a reader knows without asking the database that
 * nothing has changed. The writer counts after COMMIT and before it answers: whoever reads the count afterwards has
 * seen every acknowledged change.
 */
export interface ChangeCounters {
  /** To be handed to another thread, which makes its own `createChangeCounters` of it. */
  readonly memory: SharedArrayBuffer;
  /** Where changes of this secret are counted; other secrets may share the place. */
  slotOf(ref: SecretRef): number;
  /** Rises whenever this slot's secrets, any key, or any project's choice may have changed. */
  read(slot: number): number;
  /** Counts a committed change. */
  count(command: Command): void;
}

/** Where changes of keys and of what projects have chosen are counted: rare ones, for all to see. */
export const SHARED_SLOT = 0;
const SLOTS = 4_096;

/** Makes counters, or joins those in `memory`. */
export function createChangeCounters(
  memory = new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT),
): ChangeCounters {
  const counts = new Int32Array(memory);
  return {
    memory,
    slotOf,
    // Neither of the two ever falls, so their sum is unchanged only if both are.
    read: (slot) => Atomics.load(counts, SHARED_SLOT) + Atomics.load(counts, slot),
    count(command) {
      // Nothing is remembered of the other aggregates, and none of their commands touches a secret or a key.
      const { aggregate } = command;
      if (aggregate === 'secret' || aggregate === 'task') Atomics.add(counts, slotOf(command.ref), 1);
      else if (aggregate === 'key' || aggregate === 'checker') Atomics.add(counts, SHARED_SLOT, 1);
    },
  };
}

/** @see FNV-1a, 32 bits */
function slotOf({ projectId, name }: SecretRef): number {
  let hash = 0x811c9dc5;
  for (const text of [projectId, name]) {
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  }
  return 1 + ((hash >>> 0) % (SLOTS - 1));
}
