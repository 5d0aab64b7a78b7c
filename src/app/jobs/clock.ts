import type { ClockRecord } from '../../core/clock.ts';
import { SecretError } from '../../core/errors.ts';
import { type ChangeDeps, change } from '../change.ts';
import type { Deps } from '../ports/deps.ts';
import type { Job } from './runner.ts';
import type { TrustedTime } from './trusted-time.ts';

/** How often what is known of the clock is kept. */
const RECORD_INTERVAL_MS = 50_000;

/**
 * What an earlier run of the server left about the clock. A record that does not pass its check is as good as a very old
 * one: the clock is not trusted.
 */
export async function recallClock({
  store,
  log,
}: Pick<Deps, 'store' | 'log'>): Promise<ClockRecord | undefined> {
  try {
    return await store.findClock();
  } catch (error) {
    if (!(error instanceof SecretError && error.code === 'damaged')) throw error;
    log.error({}, 'the record of the last time seen has been changed: run csms-server verify');
    return { seenMs: 0, hold: undefined };
  }
}

/** Keeps what the next start has to know about the clock. Throws what a change throws. */
export async function recordClock(deps: ChangeDeps, trustedTime: TrustedTime): Promise<void> {
  await change(deps, { aggregate: 'clock', kind: 'record-clock', record: trustedTime.record() });
}

/** The job that does so about once a minute. */
export function createClockRecorder(deps: ChangeDeps, trustedTime: TrustedTime): Job {
  let recordedMs: number | undefined;
  return {
    name: 'clock',
    intervalMs: RECORD_INTERVAL_MS,
    time: 'wall',
    nextDueMs() {
      // Whatever the clock shows: it may have been set back since.
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
