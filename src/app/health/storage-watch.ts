import type { Deps } from '../ports/deps.ts';
import { type StorageStatus, takesJobs, type WriteRefusal } from './storage-status.ts';

/** Room is reported short below so many times what is needed, and enough again a quarter above that. */
const SHORT_TIMES = 4;
const ENOUGH_TIMES = 5;
/** When another program's read has kept the log from being emptied for so long, that is logged. */
const OWED_MS_MAX = 60_000;

const REFUSED: Readonly<Record<WriteRefusal, string>> = Object.freeze({
  'no-room': 'no space is left on the volume of the data directory: changes are refused, deletions are not',
  locked: 'another program has locked the database: changes wait for it and are then refused',
  missing:
    'the data directory has been removed or replaced: every request is refused; put it back as it was, or restart',
  ended: 'the writer has ended: changes are refused',
});

/**
 * Watches the storage for the operator: one line when something begins and one when it is over, however many requests
 * come meanwhile. The function is to be called now and then; it returns whether background jobs can work.
 */
export function createStorageWatch({ store, log }: Pick<Deps, 'store' | 'log'>): () => boolean {
  let refusal: WriteRefusal | undefined;
  let [isShort, isOwed] = [false, false];

  function tellRefusal(status: StorageStatus): void {
    if (status.refusal === refusal) return;
    refusal = status.refusal;
    if (refusal === undefined) log.info(roomOf(status), 'changes are accepted again');
    else log.error({ refusal, ...(refusal === 'no-room' && roomOf(status)) }, REFUSED[refusal]);
  }

  function tellRoom(status: StorageStatus): void {
    const { freeBytes, neededBytes } = roomOf(status);
    const times = isShort ? ENOUGH_TIMES : SHORT_TIMES;
    const wasShort = isShort;
    isShort = freeBytes < times * neededBytes;
    if (isShort && !wasShort && refusal !== 'no-room') {
      log.warn({ freeBytes, neededBytes }, 'the space on the volume of the data directory is getting short');
    }
  }

  function tellOwed({ checkpointOwedMs, logBytes }: StorageStatus): void {
    if (isOwed === checkpointOwedMs > OWED_MS_MAX) return;
    isOwed = !isOwed;
    if (!isOwed) log.info({ logBytes }, 'the log of the database could be emptied again');
    else {
      const owedSeconds = Math.round(checkpointOwedMs / 1_000);
      log.warn(
        { owedSeconds, logBytes },
        'another program reads the database for long: its log grows and keeps deleted values until that ends',
      );
    }
  }

  return () => {
    const status = store.storageStatus();
    tellRefusal(status);
    tellRoom(status);
    tellOwed(status);
    return takesJobs(status);
  };
}

/** Free inside and outside the database together, and the limit. */
function roomOf({ freeBytes, reusableBytes, neededBytes }: StorageStatus) {
  return { freeBytes: freeBytes + reusableBytes, neededBytes };
}
