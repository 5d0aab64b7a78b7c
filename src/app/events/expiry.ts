import type { EventRef, SecretEvent } from '../../core/events/events.ts';
import { wants } from '../../core/events/notifications.ts';
import { type ChangeDeps, change } from '../change.ts';
import { createDamageReport, unlessDamaged } from '../health/damage-report.ts';
import { unlessGone } from '../jobs/due.ts';
import { createItemGuard, type ItemGuard } from '../jobs/guard.ts';
import type { Job } from '../jobs/job.ts';
import type { Deps, ExpiredVersion, ExpiryCursor } from '../ports/deps.ts';

const EXPIRY_INTERVAL_MS = 5_000;
/** Versions of a project that are checked at a time, and those of all projects in one run, roughly. */
const EXPIRY_PAGE = 100;
const RUN_VERSIONS = 10_000;
/** Projects that one run checks; the next run continues with those that follow. */
const RUN_PROJECTS = 256;
/** Notices of a project in one run; the next runs make the rest. */
const PROJECT_NOTICES_MAX = 200;
/** Concurrent notices to the writer, which has other callers. */
const EXPIRY_CONCURRENCY = 50;
const START: ExpiryCursor = Object.freeze({ expireTimeMs: 0, row: 0 });

/**
 * The job that notifies of expired versions, once for each time that was set. Versions without a subscriber stay on the
 * list for later ones; a run checks some of them, the next run those that follow. The projects take turns, a page each,
 * so that a long list keeps no other project waiting.
 * @see API page UpdateVersion
 */
export function createExpiryScan(deps: ChangeDeps & Pick<Deps, 'log' | 'turns'>): Job {
  const { store } = deps;
  const pause = deps.turns.pauseOf('');
  const guard = createItemGuard(deps, { item: 'an expired version', outcome: 'was not told of' });
  const onDamage = createDamageReport(deps);
  /** Where projects with more than was checked continue. */
  const cursors = new Map<string, ExpiryCursor>();
  let lastProject = '';
  /** Whether the latest runs have checked everything. */
  let isThrough = true;

  /** Checks the next page of a project; returns how many it has, and how many were notified. */
  async function checkPage(projectId: string, nowMs: number, start: ExpiryCursor): Promise<Checked> {
    const after = cursors.get(projectId) ?? start;
    const page = await store.listExpiredVersions({ projectId, nowMs, after, limit: EXPIRY_PAGE });
    const notified = await notifyOfPage({ ...deps, guard, onDamage }, page, nowMs);
    const last = page.length < EXPIRY_PAGE ? undefined : page.at(-1);
    if (last === undefined) cursors.delete(projectId);
    else cursors.set(projectId, last.cursor);
    return { size: page.length, notified };
  }

  async function run(nowMs: number, ending: AbortSignal, afterMs = 0): Promise<number> {
    // What the latest runs have not come to is not behind them.
    const start = isThrough && afterMs > 0 ? { expireTimeMs: afterMs, row: Number.MAX_SAFE_INTEGER } : START;
    const projects = await store.listExpiringProjects(lastProject, RUN_PROJECTS);
    const line = [...projects];
    const notifiedIn = new Map<string, number>();
    lastProject = projects.length < RUN_PROJECTS ? '' : (projects.at(-1) ?? '');
    let looked = 0;
    isThrough = true;
    // Each project in turn; those that have more again after the last one.
    for (const projectId of line) {
      if (looked >= RUN_VERSIONS || ending.aborted) {
        isThrough = false;
        if (!notifiedIn.has(projectId)) lastProject = [...notifiedIn.keys()].at(-1) ?? '';
        break;
      }
      const { size, notified } = await checkPage(projectId, nowMs, start);
      looked += size;
      const notifiedNow = (notifiedIn.get(projectId) ?? 0) + notified;
      notifiedIn.set(projectId, notifiedNow);
      if (cursors.has(projectId) && notifiedNow < PROJECT_NOTICES_MAX) line.push(projectId);
      await pause();
    }
    isThrough &&= cursors.size === 0 && lastProject === '';
    return [...notifiedIn.values()].reduce((sum, notified) => sum + notified, 0);
  }

  return {
    name: 'expiry',
    intervalMs: EXPIRY_INTERVAL_MS,
    nextDueMs: (afterMs) => (isThrough ? store.findNextDue('expiry', afterMs) : 0),
    run,
    failedItems: () => guard.failed,
    isUnderWay: () => !isThrough,
  };
}

/** How many versions there were, and of how many someone was notified. */
interface Checked {
  readonly size: number;
  readonly notified: number;
}

/** What one notice needs. */
interface NoticeDeps extends ChangeDeps {
  onDamage(address: string): void;
}

/** Notifies of one page; returns how many. */
async function notifyOfPage(
  deps: NoticeDeps & { readonly guard: ItemGuard },
  page: readonly ExpiredVersion[],
  nowMs: number,
): Promise<number> {
  const { guard } = deps;
  let notified = 0;
  for (let at = 0; at < page.length; at += EXPIRY_CONCURRENCY) {
    const results = await Promise.all(
      page
        .slice(at, at + EXPIRY_CONCURRENCY)
        .filter(({ id }) => !guard.isLeftOut(id))
        .map((expired) => guard.run(expired.id, () => notify(deps, expired, nowMs))),
    );
    notified += results.filter(Boolean).length;
  }
  return notified;
}

/** True when an event of the secret subscribes to expiries. The rules check again, in the transaction. */
async function isWanted(deps: NoticeDeps, { eventNames, ref }: ExpiredVersion): Promise<boolean> {
  for (const name of eventNames) {
    const event = await findIntactEvent(deps, { projectId: ref.projectId, name });
    if (event !== undefined && wants(event, 'SECRET_VERSION_EXPIRED')) return true;
  }
  return false;
}

/**
 * A damaged event counts as none, and says nothing of the secret: its subscriber is notified once its owner has created
 * the event anew.
 */
function findIntactEvent({ store, onDamage }: NoticeDeps, ref: EventRef): Promise<SecretEvent | undefined> {
  return unlessDamaged(
    () => store.findEvent(ref),
    () => void onDamage(`event ${ref.projectId}/${ref.name}`),
  );
}

async function notify(deps: NoticeDeps, expired: ExpiredVersion, nowMs: number): Promise<boolean> {
  const { id, ref, versionNumber } = expired;
  if (!(await isWanted(deps, expired))) return false;
  const command = { aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber, nowMs } as const;
  return unlessGone(change(deps, command).then(({ notified = false }) => notified));
}
