import { SecretError } from '../core/errors.ts';
import type { Deps, DueSecret } from './ports.ts';

/** Due secrets that one round removes. */
const PURGE_BATCH = 100;
/** How far the wall clock may run from the monotonic one between two rounds. */
const CLOCK_JUMP_MS_MAX = 60_000;
/** How long a jumped clock keeps deletions waiting, unless it is set back. */
const CLOCK_JUMP_HOLD_MS = 24 * 3_600_000;

/** A clock that nobody can set; milliseconds from an arbitrary start. */
export interface MonotonicClock {
  nowMs(): number;
}

/** Other due work, which goes by the same trusted time. */
export type DueWork = (nowMs: number) => Promise<unknown>;

/** Carries out scheduled deletions that are due; answers how many. Call it again and again. */
export type PurgeRound = () => Promise<number>;

/**
 * Prepares the rounds that remove due secrets. A wall clock that jumps forward must not delete anything: after a jump
 * of more than a minute the rounds do nothing for a day, or until the clock is set back; another jump starts the day
 * again. One damaged secret does not keep the others from being removed. `others` run behind the secrets, each round.
 */
export function createPurge(
  deps: Pick<Deps, 'store' | 'clock' | 'log'>,
  monotonic: MonotonicClock,
  others: readonly DueWork[] = [],
): PurgeRound {
  const trustedTime = createTrustedTime(deps, monotonic);
  const damaged = new Set<string>();

  /** True when the secret was there, due, and is gone now. */
  async function purge(secret: DueSecret, nowMs: number): Promise<boolean> {
    try {
      const command = { aggregate: 'secret', kind: 'purge-secret', ...secret, nowMs } as const;
      return (await deps.store.change(command)).removed ?? false;
    } catch (error) {
      const code = error instanceof SecretError ? error.code : undefined;
      // Somebody deleted it in the meantime.
      if (code === 'secret-not-found') return false;
      if (code !== 'damaged') throw error;
      damaged.add(secret.id);
      deps.log.error({ secretId: secret.id }, 'a due secret is damaged and was not removed');
      return false;
    }
  }

  return async () => {
    const nowMs = trustedTime();
    if (nowMs === undefined) return 0;
    let purged = 0;
    // Damaged ones stay at the head of the list; the round looks past them.
    for (const secret of await deps.store.listDueSecrets(nowMs, PURGE_BATCH + damaged.size)) {
      if (!damaged.has(secret.id) && (await purge(secret, nowMs))) purged += 1;
    }
    if (purged > 0) deps.log.info({ purged }, 'carried out scheduled deletions');
    for (const work of others) await work(nowMs);
    return purged;
  };
}

/** The wall clock's time, read once a round; undefined while it cannot be trusted. */
function createTrustedTime(
  { clock, log }: Pick<Deps, 'clock' | 'log'>,
  monotonic: MonotonicClock,
): () => number | undefined {
  // Where the wall clock should be when the monotonic clock is at zero.
  let originMs = clock.nowMs() - monotonic.nowMs();
  let hold: { readonly driftMs: number; readonly untilMs: number } | undefined;

  return () => {
    const [wallMs, sinceMs] = [clock.nowMs(), monotonic.nowMs()];
    const driftMs = wallMs - sinceMs - originMs;
    const jumped = driftMs > (hold?.driftMs ?? 0) + CLOCK_JUMP_MS_MAX;
    if (jumped) {
      hold = { driftMs, untilMs: sinceMs + CLOCK_JUMP_HOLD_MS };
      log.error({ driftMs }, 'the clock jumped forward: scheduled deletions wait for a day');
    }
    const isBack = driftMs <= CLOCK_JUMP_MS_MAX;
    if (hold !== undefined && !isBack && sinceMs < hold.untilMs) {
      // A clock that is set back halfway and jumps again has jumped again.
      hold = { ...hold, driftMs: Math.min(hold.driftMs, driftMs) };
      return undefined;
    }
    // Small steps are followed, and so is a clock that was set back.
    originMs += driftMs;
    hold = undefined;
    return wallMs;
  };
}
