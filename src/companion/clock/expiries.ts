import { unlessDamaged } from '../../app/health/damage-report.ts';
import type { ExpiredVersion, ExpiryCursor, Store } from '../../app/ports/deps.ts';
import type { Pause } from '../../app/turns.ts';
import type { Happenings } from './happenings.ts';

/** Versions, and projects, that are read at a time. */
const PAGE = Object.freeze({ versions: 100, projects: 256 });

/** A span of time, without its beginning and with its end. Epoch milliseconds. */
export interface Span {
  readonly afterMs: number;
  readonly untilMs: number;
}

type ExpiryReads = Pick<Store, 'findSecret' | 'listExpiredVersions' | 'listExpiringProjects'>;

/**
 * Notes the versions of enabled secrets whose time to expire is within a span, at its end: also those that nobody is
 * notified of, which the background work leaves as they are.
 */
export async function noteExpiries(
  store: ExpiryReads,
  happenings: Pick<Happenings, 'noteExpiry'>,
  span: Span,
  pause: Pause,
): Promise<void> {
  for await (const expired of expiriesWithin(store, span)) {
    await pause();
    const { id, ref, versionNumber } = expired;
    const secret = await unlessDamaged(
      () => store.findSecret(ref),
      () => undefined,
    );
    if (secret?.id !== id || secret.state !== 'ENABLED') continue;
    happenings.noteExpiry({ atMs: span.untilMs, id, name: ref.name, versionNumber });
  }
}

async function* expiriesWithin(
  store: ExpiryReads,
  { afterMs, untilMs }: Span,
): AsyncGenerator<ExpiredVersion> {
  if (untilMs <= afterMs) return;
  for await (const projectId of projectsOf(store)) {
    let after: ExpiryCursor | undefined = { expireTimeMs: afterMs, row: Number.MAX_SAFE_INTEGER };
    while (after !== undefined) {
      const query = { projectId, nowMs: untilMs, after, limit: PAGE.versions };
      const page: ExpiredVersion[] = await store.listExpiredVersions(query);
      yield* page;
      after = page.length < PAGE.versions ? undefined : page.at(-1)?.cursor;
    }
  }
}

async function* projectsOf(store: ExpiryReads): AsyncGenerator<string> {
  let last: string | undefined = '';
  while (last !== undefined) {
    const page: string[] = await store.listExpiringProjects(last, PAGE.projects);
    yield* page;
    last = page.length < PAGE.projects ? undefined : page.at(-1);
  }
}
