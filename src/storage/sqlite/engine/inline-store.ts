import type { StorageStatus } from '../../../app/health/storage-status.ts';
import type { OnNews } from '../../../app/ports/deps.ts';
import type { Actor } from '../../../core/actor.ts';
import type { Command, ResultOf } from '../../../core/commands.ts';
import { SecretError, unavailable } from '../../../core/errors.ts';
import type { Oversight } from '../../carry.ts';
import { NO_SUMS } from '../rows/sum-tracker.ts';
import { type ChangeCounters, createChangeCounters } from './change-counters.ts';
import { createForkPoints, createSizeRead, type ForkPointOptions } from './fork-point.ts';
import { createCommitBatch, DiskFullError } from './group-commit.ts';
import { type Connection, ENDED } from './open.ts';
import { fromSentError } from './protocol.ts';
import { createReadModels } from './read-models.ts';
import type { SqliteStore } from './store-options.ts';

/** The parts of a store without a writer thread. */
export interface InlineOptions extends ForkPointOptions {
  /** Writes, and reads unless there is a `reader`. */
  readonly db: Connection;
  readonly reader?: Connection;
  readonly changes?: ChangeCounters;
  readonly oversight?: Oversight | undefined;
  /** Whether sums over all rows are kept, default true: only a start compares them. */
  readonly keepsSums?: boolean;
  close(): void;
}

/** Memory has room, and nothing blocks it. */
export const ROOM = Object.freeze({
  freeBytes: 2 ** 40,
  reusableBytes: 0,
  neededBytes: 0,
  databaseBytes: 0,
  logBytes: 0,
  checkpointOwedMs: 0,
});

/**
 * The embedded store with its writer on the calling thread: each change is a separate transaction, and nothing runs in
 * the background. For data in memory, whose changes wait for no disk.
 */
export function createInlineStore(options: InlineOptions): SqliteStore {
  const { db, reader = db, changes = createChangeCounters(), mac, onDamage, oversight, random } = options;
  const commit = createCommitBatch(
    db,
    mac,
    changes,
    oversight,
    options.keepsSums === false ? NO_SUMS : undefined,
  );
  const listeners: OnNews[] = [];
  let refusal: StorageStatus['refusal'];
  return {
    ...createReadModels(reader, { mac, changes, onDamage, random }),
    async change<C extends Command>(command: C, actor: Actor) {
      if (refusal !== undefined) throw unavailable(ENDED);
      const [outcome] = commitOne({ id: 0, command, actor });
      if (outcome === undefined) throw new Error('a command without an outcome');
      if ('error' in outcome) throw fromSentError(outcome.error);
      outcome.damage.forEach(onDamage);
      for (const listener of listeners) listener('changes');
      return outcome.result as ResultOf<C>;
    },
    onNews: (listener) => void listeners.push(listener),
    storageStatus: () => ({ ...ROOM, refusal }),
    sizeBytes: createSizeRead(reader),
    forkPoint: createForkPoints(reader, options),
    async close() {
      refusal = 'ended';
      options.close();
    },
  };

  function commitOne(request: Parameters<typeof commit>[0][number]) {
    try {
      return commit([request]);
    } catch (cause) {
      if (!(cause instanceof DiskFullError)) throw cause;
      throw new SecretError('storage-full', '', { cause });
    }
  }
}
