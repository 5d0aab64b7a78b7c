import { SecretError } from '../core/errors.ts';
import type { Deps, DueSecret } from './ports.ts';

/** Due secrets that one round removes. */
const PURGE_BATCH = 100;
/** Carries out the deletions that are due at that time, which must be a trusted one; answers how many. */
export type PurgeRound = (nowMs: number) => Promise<number>;

/**
 * Prepares the rounds that remove due secrets. One damaged secret does not keep the others from being removed.
 */
export function createPurge(deps: Pick<Deps, 'store' | 'log'>): PurgeRound {
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

  return async (nowMs) => {
    let purged = 0;
    // Damaged ones stay at the head of the list; the round looks past them.
    for (const secret of await deps.store.listDueSecrets(nowMs, PURGE_BATCH + damaged.size)) {
      if (!damaged.has(secret.id) && (await purge(secret, nowMs))) purged += 1;
    }
    if (purged > 0) deps.log.info({ purged }, 'carried out scheduled deletions');
    return purged;
  };
}
