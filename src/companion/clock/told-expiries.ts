import { unlessDamaged } from '../../app/health/damage-report.ts';
import type { Store } from '../../app/ports/deps.ts';
import type { Pause } from '../../app/turns.ts';
import type { SecretRef } from '../../core/secrets/secrets.ts';
import type { Span } from './expiries.ts';
import type { Happenings } from './happenings.ts';

/** Secrets that are read at a time. */
const PAGE = 100;

/** Expiries that lie ahead although their subscribers were notified: the clock was set back since. */
export interface ToldExpiries {
  /** When the next one comes, epoch milliseconds; undefined: there are no more. */
  nextMs(): number | undefined;
  /** Notes those that come up to then, at that moment. Nobody is notified a second time. */
  pass(momentMs: number): Promise<void>;
}

type ToldReads = Pick<Store, 'countByProject' | 'findVersions' | 'listSecrets'>;

interface Told {
  readonly ref: SecretRef;
  readonly versionNumber: number;
  readonly expireTimeMs: number;
}

/** Finds those within a span. Reads every secret: for clocks that were set back. */
export async function findToldExpiries(
  store: ToldReads,
  happenings: Pick<Happenings, 'noteExpiry'>,
  span: Span,
  pause: Pause,
): Promise<ToldExpiries> {
  const ahead: Told[] = [];
  for await (const ref of allSecrets(store)) {
    ahead.push(...(await toldOf(store, ref, span)));
    await pause();
  }
  ahead.sort((one, other) => one.expireTimeMs - other.expireTimeMs);

  return {
    nextMs: () => ahead[0]?.expireTimeMs,
    async pass(momentMs) {
      const passed = ahead.filter(({ expireTimeMs }) => expireTimeMs <= momentMs);
      ahead.splice(0, passed.length);
      for (const { expireTimeMs, ref, versionNumber } of passed) {
        // It may have been changed since, or may be gone.
        const present = await toldOf(store, ref, { afterMs: expireTimeMs - 1, untilMs: expireTimeMs });
        const found = present.find((told) => told.versionNumber === versionNumber);
        if (found !== undefined) happenings.noteExpiry({ ...found, atMs: momentMs, name: ref.name });
      }
    },
  };
}

async function toldOf({ findVersions }: ToldReads, ref: SecretRef, { afterMs, untilMs }: Span) {
  const found = await unlessDamaged(
    () => findVersions(ref),
    () => undefined,
  );
  if (found?.secret.state !== 'ENABLED') return [];
  const { id } = found.secret;
  return found.versions.flatMap(({ expireTimeMs, expiryNotified, number: versionNumber }) => {
    const isWithin = expireTimeMs !== undefined && expireTimeMs > afterMs && expireTimeMs <= untilMs;
    return isWithin && expiryNotified ? [{ id, ref, versionNumber, expireTimeMs }] : [];
  });
}

async function* allSecrets(store: ToldReads): AsyncGenerator<SecretRef> {
  for (const { projectId } of await store.countByProject()) {
    let afterName: string | undefined = '';
    while (afterName !== undefined) {
      const page: readonly SecretRef[] = await store.listSecrets({ projectId, limit: PAGE, afterName });
      for (const { name } of page) yield { projectId, name };
      afterName = page.length < PAGE ? undefined : page.at(-1)?.name;
    }
  }
}
