import { SecretError } from '../core/errors.ts';
import { isTold } from '../core/notification.ts';
import { createItemGuard } from './item-guard.ts';
import type { Job } from './jobs.ts';
import type { Deps, ExpiredVersion, ExpiryPlace } from './ports.ts';

/** How often expired versions are looked for. */
const EXPIRY_INTERVAL_MS = 5_000;
/** Versions that are looked at in one go, and how often in one run. */
const EXPIRY_PAGE = 500;
const RUN_PAGES = 20;
/** Notices of one project in one run: the others' come before the rest. */
const PROJECT_TOLD_MAX = 200;
/** Notices on their way to the writer at one time; it has other callers. */
const EXPIRY_CONCURRENCY = 50;
const START: ExpiryPlace = Object.freeze({ expireTimeMs: 0, row: 0 });

/**
 * The job that tells which versions have expired, once for each time that was set. Versions that nobody is to be told of
 * stay on the list, in case somebody subscribes later; a run looks at some pages, the next run at the following ones. A
 * project that has very many is told of some of them in each run, so that the others do not wait for it.
 * @see API page UpdateVersion
 */
export function createExpiryScan(deps: Pick<Deps, 'store' | 'clock' | 'log' | 'turns'>): Job {
  const { store } = deps;
  const pause = deps.turns.pauseOf('');
  const guard = createItemGuard(deps, { item: 'an expired version', outcome: 'was not told of' });
  let place = START;

  /** Tells of one page; answers how many. `toldOf` counts for each project in this run. */
  async function tellPage(
    page: readonly ExpiredVersion[],
    nowMs: number,
    toldOf: Map<string, number>,
  ): Promise<number> {
    let told = 0;
    const countOf = (projectId: string) => toldOf.get(projectId) ?? 0;
    for (let at = 0; at < page.length; at += EXPIRY_CONCURRENCY) {
      const results = await Promise.all(
        page
          .slice(at, at + EXPIRY_CONCURRENCY)
          .filter(({ id, ref }) => !guard.isLeftOut(id) && countOf(ref.projectId) < PROJECT_TOLD_MAX)
          .map(async (expired) => {
            const isTold = await guard.run(expired.id, () => tell(deps, expired, nowMs));
            const { projectId } = expired.ref;
            if (isTold) toldOf.set(projectId, countOf(projectId) + 1);
            return isTold;
          }),
      );
      told += results.filter(Boolean).length;
    }
    return told;
  }

  return {
    name: 'expiry',
    intervalMs: EXPIRY_INTERVAL_MS,
    failedItems: () => guard.failed,
    async run(nowMs) {
      const toldOf = new Map<string, number>();
      let told = 0;
      for (let pages = 0; pages < RUN_PAGES; pages += 1) {
        const page = await store.listExpiredVersions(nowMs, place, EXPIRY_PAGE);
        told += await tellPage(page, nowMs, toldOf);
        place = page.length < EXPIRY_PAGE ? START : (page.at(-1)?.place ?? START);
        if (place === START) break;
        await pause();
      }
      return told;
    },
  };
}

/** True when the secret's event wants to know. The rules look again, in the transaction. */
async function isWanted(
  { store }: Pick<Deps, 'store'>,
  { eventNames, ref }: ExpiredVersion,
): Promise<boolean> {
  for (const name of eventNames) {
    const event = await store.findEvent({ projectId: ref.projectId, name });
    if (event !== undefined && isTold(event, 'SECRET_VERSION_EXPIRED')) return true;
  }
  return false;
}

async function tell(deps: Pick<Deps, 'store'>, expired: ExpiredVersion, nowMs: number): Promise<boolean> {
  const { id, ref, versionNumber } = expired;
  if (!(await isWanted(deps, expired))) return false;
  const command = { aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber, nowMs } as const;
  try {
    return (await deps.store.change(command)).notified ?? false;
  } catch (error) {
    // Somebody deleted it in the meantime.
    if (error instanceof SecretError && error.code === 'secret-not-found') return false;
    throw error;
  }
}
