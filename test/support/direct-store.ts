import type { StorageStatus } from '../../src/app/health/storage-status.ts';
import type { OnNews } from '../../src/app/ports/deps.ts';
import type { Actor } from '../../src/core/actor.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import type { CommitBatch } from '../../src/storage/sqlite/engine/group-commit.ts';
import { fromSentError } from '../../src/storage/sqlite/engine/protocol.ts';
import type { ReadModels } from '../../src/storage/sqlite/engine/read-models.ts';

import { ACTOR, type TestStore } from './acting.ts';

/** Room enough, and nothing in the way. */
const STATUS: StorageStatus = {
  refusal: undefined,
  freeBytes: 2 ** 40,
  reusableBytes: 0,
  neededBytes: 2 ** 26,
  databaseBytes: 4_096,
  logBytes: 0,
  checkpointOwedMs: 0,
};

/** What a store without the thread that writes is made of. */
interface DirectParts {
  readonly commit: CommitBatch;
  readonly reads: ReadModels;
  onDamage(place: string): void;
  close(): void;
}

/** The embedded store without the thread that writes: each change is a batch of its own. */
export function createDirectStore({ close, commit, onDamage, reads }: DirectParts): TestStore {
  const listeners: OnNews[] = [];
  return {
    ...reads,
    async change<C extends Command>(command: C, actor: Actor = ACTOR) {
      const [outcome] = commit([{ id: 0, command, actor }]);
      if (outcome === undefined) throw new Error('a command without an outcome');
      if ('error' in outcome) throw fromSentError(outcome.error);
      outcome.damage.forEach(onDamage);
      for (const listener of listeners) listener('changes');
      return outcome.result as ResultOf<C>;
    },
    onNews: (listener) => void listeners.push(listener),
    storageStatus: () => STATUS,
    close: async () => close(),
  };
}
