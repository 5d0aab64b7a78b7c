import type { Command } from '../../../core/commands.ts';
import type { SecretRef } from '../../../core/secrets/secrets.ts';
import { readersOf } from '../../kinds.ts';

/**
 * Counts changes in memory that all threads share, so that a reader knows without reading the database that nothing has
 * changed. The writer counts a change as begun before its transaction and as done when it is over: in between others may
 * or may not see it already, so no cached value may be returned, or a read could be older than an earlier one.
 */
export interface ChangeCounters {
  /** For another thread, which calls `createChangeCounters` with it. */
  readonly memory: SharedArrayBuffer;
  /** Where changes of this secret are counted; other secrets may share the slot. */
  slotOf(ref: SecretRef): number;
  /**
   * A number that differs after every change of this slot's secrets, of any key and of any project's choice; undefined
   * while such a change is under way. What was read from the database between two equal numbers is current as long as the
   * number stays the same.
   */
  settled(slot: number): number | undefined;
  /** To be called by the writer before the transaction of these commands. */
  begin(commands: readonly Command[]): void;
  /**
   * To be called when the transaction is committed or rolled back, whatever the outcome of the commands. Never when that
   * is unknown: then their slots stay under way, and every read of them goes to the database.
   */
  end(commands: readonly Command[]): void;
}

/** Where changes of keys and of projects' choices are counted: rare ones, for all readers. */
export const SHARED_SLOT = 0;
const SLOTS = 4_096;

/** Creates counters, or joins those in `memory`. */
export function createChangeCounters(
  memory = new SharedArrayBuffer(2 * SLOTS * Int32Array.BYTES_PER_ELEMENT),
): ChangeCounters {
  const begun = new Int32Array(memory, 0, SLOTS);
  const done = new Int32Array(memory, SLOTS * Int32Array.BYTES_PER_ELEMENT, SLOTS);

  function count(counts: Int32Array, commands: readonly Command[]): void {
    for (const command of commands) {
      const slot = slotOfCommand(command);
      if (slot !== undefined) Atomics.add(counts, slot, 1);
    }
  }

  return {
    memory,
    slotOf,
    settled(slot) {
      // Done before begun: both only rise and the first never passes the second, so if the later read equals the earlier
      // one, nothing was under way in between. The other way round, a change could begin unseen.
      const [doneShared, doneHere] = [Atomics.load(done, SHARED_SLOT), Atomics.load(done, slot)];
      const isSettled =
        Atomics.load(begun, SHARED_SLOT) === doneShared && Atomics.load(begun, slot) === doneHere;
      // Neither of the two ever falls, so their sum is unchanged only if both are.
      return isSettled ? doneShared + doneHere : undefined;
    },
    begin: (commands) => count(begun, commands),
    end: (commands) => count(done, commands),
  };
}

function slotOfCommand(command: Command): number | undefined {
  const readers = readersOf(command);
  return readers === 'all' ? SHARED_SLOT : readers && slotOf(readers);
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
