import { FREE_BYTES_MIN, freeBytes, releaseBallast } from './disk.ts';
import { type CommitBatch, DiskFullError } from './group-commit.ts';
import type { Outcome, Request } from './protocol.ts';
import { isAdmittedAlways } from './removals.ts';

const DISK_CHECK_INTERVAL_MS = 1_000;

/** Stands between the queue and the commit while the disk is nearly full. */
export interface SpaceGuard {
  /** False while changes that need more space are refused. */
  writable(): boolean;
  /** Commits what there is room for; answers the rest with storage-full. */
  admit(batch: readonly Request[], commit: CommitBatch): Outcome[];
}

/**
 * Refuses what needs more space while the disk is nearly full; deletions still get through. On a disk that is full all
 * the same, the ballast is given up so that they can.
 */
export function createSpaceGuard(directory: string): SpaceGuard {
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let writable = true;

  function check(): void {
    if (performance.now() - checkedAtMs < DISK_CHECK_INTERVAL_MS) return;
    checkedAtMs = performance.now();
    writable = freeBytes(directory) >= FREE_BYTES_MIN;
  }

  return {
    writable: () => writable,
    admit(batch: readonly Request[], commit: CommitBatch): Outcome[] {
      check();
      const admitted = writable ? batch : batch.filter(({ command }) => isAdmittedAlways(command));
      const refused = writable ? [] : batch.filter(({ command }) => !isAdmittedAlways(command));
      try {
        return [...(admitted.length > 0 ? commit(admitted) : []), ...refused.map(storageFull)];
      } catch (error) {
        if (!(error instanceof DiskFullError)) throw error;
        releaseBallast(directory);
        writable = false;
        checkedAtMs = performance.now();
        return batch.map(storageFull);
      }
    },
  };
}

function storageFull({ id }: Request): Outcome {
  return { id, error: { code: 'storage-full', message: '' } };
}
