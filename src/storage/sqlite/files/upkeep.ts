import { isDeepStrictEqual } from 'node:util';
import type { WriterStatus } from '../engine/protocol.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { LockGuard } from './lock-guard.ts';
import type { SpaceGuard } from './space-guard.ts';
import type { Vacuum } from './vacuum.ts';

/** How often the writer looks after its files; it does so at rest as well. */
const LOOK_MS = 1_000;

/** What the writer does beside changes. */
export interface Upkeep {
  /** To be called after each batch and before its answers: whoever is refused finds the reason known. */
  noteBatch(): void;
  status(): WriterStatus;
  stop(): void;
}

/** What upkeep looks after. */
export interface UpkeepParts {
  readonly guard: SpaceGuard;
  readonly lock: LockGuard;
  readonly checkpoints: Checkpoints;
  readonly vacuum: Vacuum;
  /** Is told at each look whether there has been a batch since the last one. */
  afterStart(isBusy: boolean): void;
}

/**
 * Looks at the disk and at another program's lock, gives pages back, and tells `report` what has changed, so that
 * refused changes end by themselves, without one having to come. `guarded` runs each look.
 */
export function startUpkeep(
  { guard, lock, checkpoints, vacuum, afterStart }: UpkeepParts,
  report: (status: WriterStatus) => void,
  guarded: (work: () => void) => void,
): Upkeep {
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
    noteBatch() {
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
