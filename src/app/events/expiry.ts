import { codeOf, SecretError } from '../../core/errors.ts';
import type { EventRef, SecretEvent } from '../../core/events/events.ts';
import { wants } from '../../core/events/notifications.ts';
import { type ChangeDeps, change } from '../change.ts';
import { createDamageReport } from '../health/damage-report.ts';
import { createItemGuard, type ItemGuard } from '../jobs/guard.ts';
import type { Job } from '../jobs/runner.ts';
import type { Deps, ExpiredVersion, ExpiryPlace } from '../ports/deps.ts';

const EXPIRY_INTERVAL_MS = 5_000;
/** Versions of a project that are looked at in one go, and those of all that one run looks at, near enough. */
const EXPIRY_PAGE = 100;
const RUN_VERSIONS = 10_000;
/** Projects that one run goes through; the next run continues with those that follow. */
const RUN_PROJECTS = 256;
/** A project that has been told of so many in one run has the rest in the next ones. */
const PROJECT_TOLD_MAX = 200;
/** Notices on their way to the writer at one time; it has other callers. */
const EXPIRY_CONCURRENCY = 50;
const START: ExpiryPlace = Object.freeze({ expireTimeMs: 0, row: 0 });

/**
 * The job that tells which versions have expired, once for each time that was set. Versions that nobody is to be told of
 * stay on the list, in case somebody subscribes later; a run looks at some of them, the next run at those that follow. The
 * projects take turns, a page each, so that what one has very many of keeps no other waiting.
 * @see API page UpdateVersion
 */
export function createExpiryScan(deps: ChangeDeps & Pick<Deps, 'log' | 'turns'>): Job {
  const { store } = deps;
  const pause = deps.turns.pauseOf('');
  const guard = createItemGuard(deps, { item: 'an expired version', outcome: 'was not told of' });
  const onDamage = createDamageReport(deps);
  /** Where each project continues that has more than was looked at. */
  const places = new Map<string, ExpiryPlace>();
  let lastProject = '';
  /** Whether the latest runs have looked at all there is. */
  let isThrough = true;

  /** The next page of a project: how many it has, and of how many the project was told. */
  async function lookAt(projectId: string, nowMs: number): Promise<{ size: number; told: number }> {
    const after = places.get(projectId) ?? START;
    const page = await store.listExpiredVersions({ projectId, nowMs, after, limit: EXPIRY_PAGE });
    const told = await tellPage({ ...deps, guard, onDamage }, page, nowMs);
    const last = page.length < EXPIRY_PAGE ? undefined : page.at(-1);
    if (last === undefined) places.delete(projectId);
    else places.set(projectId, last.place);
    return { size: page.length, told };
  }

  async function run(nowMs: number, ending: AbortSignal): Promise<number> {
    const projects = await store.listExpiringProjects(lastProject, RUN_PROJECTS);
    const line = [...projects];
    const toldOf = new Map<string, number>();
    lastProject = projects.length < RUN_PROJECTS ? '' : (projects.at(-1) ?? '');
    let looked = 0;
    isThrough = true;
    // Each project in turn, and those that have more once again behind the last one.
    for (const projectId of line) {
      if (looked >= RUN_VERSIONS || ending.aborted) {
        isThrough = false;
        if (!toldOf.has(projectId)) lastProject = [...toldOf.keys()].at(-1) ?? '';
        break;
      }
      const { size, told } = await lookAt(projectId, nowMs);
      looked += size;
      const toldNow = (toldOf.get(projectId) ?? 0) + told;
      toldOf.set(projectId, toldNow);
      if (places.has(projectId) && toldNow < PROJECT_TOLD_MAX) line.push(projectId);
      await pause();
    }
    isThrough &&= places.size === 0 && lastProject === '';
    return [...toldOf.values()].reduce((sum, told) => sum + told, 0);
  }

  return {
    name: 'expiry',
    intervalMs: EXPIRY_INTERVAL_MS,
    nextDueMs: (afterMs) => (isThrough ? store.findNextDue('expiry', afterMs) : 0),
    run,
    failedItems: () => guard.failed,
  };
}

/** What one notice needs. */
interface TellDeps extends ChangeDeps {
  onDamage(place: string): void;
}

/** Tells of one page; answers how many. */
async function tellPage(
  deps: TellDeps & { readonly guard: ItemGuard },
  page: readonly ExpiredVersion[],
  nowMs: number,
): Promise<number> {
  const { guard } = deps;
  let told = 0;
  for (let at = 0; at < page.length; at += EXPIRY_CONCURRENCY) {
    const results = await Promise.all(
      page
        .slice(at, at + EXPIRY_CONCURRENCY)
        .filter(({ id }) => !guard.isLeftOut(id))
        .map((expired) => guard.run(expired.id, () => tell(deps, expired, nowMs))),
    );
    told += results.filter(Boolean).length;
  }
  return told;
}

/** True when the secret's event wants to know. The rules look again, in the transaction. */
async function isWanted(deps: TellDeps, { eventNames, ref }: ExpiredVersion): Promise<boolean> {
  for (const name of eventNames) {
    const event = await findSound(deps, { projectId: ref.projectId, name });
    if (event !== undefined && wants(event, 'SECRET_VERSION_EXPIRED')) return true;
  }
  return false;
}

/** A damaged event is none, and says nothing of the secret: it is told once its owner has made the event anew. */
async function findSound({ store, onDamage }: TellDeps, ref: EventRef): Promise<SecretEvent | undefined> {
  try {
    return await store.findEvent(ref);
  } catch (error) {
    if (codeOf(error) !== 'damaged') throw error;
    onDamage(`event ${ref.projectId}/${ref.name}`);
    return undefined;
  }
}

async function tell(deps: TellDeps, expired: ExpiredVersion, nowMs: number): Promise<boolean> {
  const { id, ref, versionNumber } = expired;
  if (!(await isWanted(deps, expired))) return false;
  const command = { aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber, nowMs } as const;
  try {
    return (await change(deps, command)).notified ?? false;
  } catch (error) {
    // Somebody deleted it in the meantime.
    if (error instanceof SecretError && error.code === 'secret-not-found') return false;
    throw error;
  }
}
