import { isDeepStrictEqual } from 'node:util';
import type { WriterStatus } from '../engine/protocol.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { LockGuard } from './lock-guard.ts';
import type { SpaceGuard } from './space-guard.ts';
import type { Vacuum } from './vacuum.ts';

/** How often the writer maintains its files, also at rest. */
const LOOK_MS = 1_000;

/** What upkeep maintains. */
export interface UpkeepParts {
  readonly guard: SpaceGuard;
  readonly lock: LockGuard;
  readonly checkpoints: Checkpoints;
  readonly vacuum: Vacuum;
  /** Called at each check with whether there has been a batch since the last. */
  afterStart(isBusy: boolean): void;
}

/**
 * Checks the disk and other programs' locks, returns pages, and passes changes to `report`, so that refusals end without
 * waiting for a change. `guarded` runs each check.
 */
export function startUpkeep(
  { guard, lock, checkpoints, vacuum, afterStart }: UpkeepParts,
  report: (status: WriterStatus) => void,
  guarded: (work: () => void) => void,
) {
  let isBusy = false;
  let told = status();

  function status(): WriterStatus {
    return {
      ...guard.figures(),
      isWritable: guard.writable(),
      isLocked: lock.isLocked(),
      checkpointOwedMs: Math.round(checkpoints.owedMs()),
    };
  }

  function look(): void {
    guard.look();
    lock.look();
    // A log that cannot be emptied would only grow.
    if (checkpoints.owedMs() === 0 && !lock.isLocked() && vacuum.slice(isBusy ? 'busy' : 'idle')) {
      checkpoints.soon();
    }
    afterStart(isBusy);
    isBusy = false;
    tell((present) => !isDeepStrictEqual(present, told));
  }

  function tell(isNews: (present: WriterStatus) => boolean): void {
    const present = status();
    if (!isNews(present)) return;
    told = present;
    report(present);
  }

  const timer = setInterval(() => guarded(look), LOOK_MS);
  return {
    status,
    /** To be called after each batch and before its outcomes are sent: the reason is known before a caller is refused. */
    noteBatch(): void {
      isBusy = true;
      // Timers do not come while one batch follows the other.
      tell(({ isWritable, isLocked, freeBytes, reusableBytes }) => {
        if (isWritable !== told.isWritable || isLocked !== told.isLocked) return true;
        return freeBytes !== told.freeBytes || reusableBytes !== told.reusableBytes;
      });
    },
    stop: () => clearInterval(timer),
  };
}
