import type { Lanes } from '../outbound/lanes.ts';
import type { Deps, Jitter } from '../ports/deps.ts';

/** Wait after the first failure, doubled with each further one. */
const BACKOFF_MS = Object.freeze({ min: 5_000, max: 300_000 });
/** Enough doublings to reach the longest wait. */
const DOUBLINGS_MAX = 16;

/** No next attempt is further away, a run's length included. */
export const WAIT_MS_MAX = 2 * BACKOFF_MS.max;

/** Milliseconds until the next attempt; `failures`: 1 after the first. */
export function waitAfter(failures: number, jitter: Jitter): number {
  const doubled = Math.min(BACKOFF_MS.min * 2 ** Math.min(failures - 1, DOUBLINGS_MAX), BACKOFF_MS.max);
  // Between half and all of it, so that many that failed together are not retried together.
  return Math.ceil((doubled * (1 + jitter.fraction())) / 2);
}

/**
 * When to check for due attempts next: at once while some are under way, since each that ends makes room, or while one is
 * further away than possible, since the clock was set back.
 */
export async function nextAttempt(
  { clock, store }: Pick<Deps, 'clock' | 'store'>,
  {
    kind,
    lanes,
    afterMs,
  }: { readonly kind: 'notification' | 'task'; readonly lanes: Lanes; readonly afterMs: number },
): Promise<number | undefined> {
  if (!lanes.isEmpty()) return 0;
  const nextMs = await store.findNextDue(kind, afterMs);
  return nextMs !== undefined && nextMs > clock.nowMs() + WAIT_MS_MAX ? 0 : nextMs;
}
