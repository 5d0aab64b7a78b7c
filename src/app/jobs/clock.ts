import type { ClockRecord } from '../../core/clock.ts';
import { type ChangeDeps, change } from '../change.ts';
import { unlessDamaged } from '../health/damage-report.ts';
import type { Deps } from '../ports/deps.ts';
import type { Job } from './job.ts';
import type { TrustedTime } from './trusted-time.ts';

/** How often what is known of the clock is recorded. */
const RECORD_INTERVAL_MS = 50_000;

/**
 * What an earlier run of the server recorded about the clock. A record that fails its check counts as a very old one: the
 * clock is not trusted.
 */
export async function recallClock({
  store,
  log,
}: Pick<Deps, 'store' | 'log'>): Promise<ClockRecord | undefined> {
  return unlessDamaged(store.findClock, () => {
    log.error({}, 'the record of the last time seen has been changed: run csms-server verify');
    return { seenMs: 0, hold: undefined };
  });
}

/** Records what the next start has to know about the clock. Throws what a change throws. */
export async function recordClock(deps: ChangeDeps, trustedTime: TrustedTime): Promise<void> {
  await change(deps, { aggregate: 'clock', kind: 'record-clock', record: trustedTime.record() });
}

/** The job that does so about once a minute, while `isWanted`. */
export function createClockRecorder(
  deps: ChangeDeps,
  trustedTime: TrustedTime,
  isWanted: () => boolean = () => true,
): Job {
  let recordedMs: number | undefined;
  return {
    name: 'clock',
    intervalMs: RECORD_INTERVAL_MS,
    time: 'wall',
    nextDueMs() {
      if (!isWanted()) return undefined;
      // The clock may have been set back since: then it is recorded at once.
      if (recordedMs === undefined || recordedMs > deps.clock.nowMs()) return 0;
      return recordedMs + RECORD_INTERVAL_MS;
    },
    async run(nowMs) {
      await recordClock(deps, trustedTime);
      recordedMs = nowMs;
      return 0;
    },
  };
}
