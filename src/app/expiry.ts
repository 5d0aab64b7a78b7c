import { SecretError } from '../core/errors.ts';
import { isTold } from '../core/notification.ts';
import { createItemGuard } from './item-guard.ts';
import type { Job } from './jobs.ts';
import type { Deps, ExpiredVersion, ExpiryPlace } from './ports.ts';

/** How often expired versions are looked for. */
const EXPIRY_INTERVAL_MS = 5_000;
/** Versions that one run looks at. */
const EXPIRY_PAGE = 500;
/** Notices on their way to the writer at one time; it has other callers. */
const EXPIRY_CONCURRENCY = 50;
const START: ExpiryPlace = Object.freeze({ expireTimeMs: 0, row: 0 });

/**
 * The job that tells which versions have expired, once for each time that was set. Versions that nobody is to be told of
 * stay on the list, in case somebody subscribes later; a run looks at one page, the next run at the following one.
 * @see API page UpdateVersion
 */
export function createExpiryScan(deps: Pick<Deps, 'store' | 'clock' | 'log'>): Job {
  const { store } = deps;
  const guard = createItemGuard(deps, { item: 'an expired version', outcome: 'was not told of' });
  let place = START;

  /** True when the secret's event wants to know. The rules look again, in the transaction. */
  async function isWanted({ eventNames, ref }: ExpiredVersion): Promise<boolean> {
    for (const name of eventNames) {
      const event = await store.findEvent({ projectId: ref.projectId, name });
      if (event !== undefined && isTold(event, 'SECRET_VERSION_EXPIRED')) return true;
    }
    return false;
  }

  async function tell(expired: ExpiredVersion, nowMs: number): Promise<boolean> {
    const { id, ref, versionNumber } = expired;
    if (!(await isWanted(expired))) return false;
    const command = { aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber, nowMs } as const;
    try {
      return (await store.change(command)).notified ?? false;
    } catch (error) {
      // Somebody deleted it in the meantime.
      if (error instanceof SecretError && error.code === 'secret-not-found') return false;
      throw error;
    }
  }

  return {
    name: 'expiry',
    intervalMs: EXPIRY_INTERVAL_MS,
    failedItems: () => guard.failed,
    async run(nowMs) {
      const page = await store.listExpiredVersions(nowMs, place, EXPIRY_PAGE);
      let told = 0;
      for (let at = 0; at < page.length; at += EXPIRY_CONCURRENCY) {
        const results = await Promise.all(
          page
            .slice(at, at + EXPIRY_CONCURRENCY)
            .filter(({ id }) => !guard.isLeftOut(id))
            .map((expired) => guard.run(expired.id, () => tell(expired, nowMs))),
        );
        told += results.filter(Boolean).length;
      }
      place = page.length < EXPIRY_PAGE ? START : (page.at(-1)?.place ?? START);
      return told;
    },
  };
}
