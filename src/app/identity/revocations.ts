import { codeOf } from '../../core/errors.ts';
import { REVOCATION_KEPT_MS, type Revocation } from '../../core/identity/revocations.ts';
import { type ChangeDeps, change } from '../change.ts';
import type { Job } from '../jobs/job.ts';
import { createRetention } from '../jobs/retention.ts';
import type { Deps, StoreRevocation } from '../ports/deps.ts';

/** Revocations that are read at a time when a world starts. */
const PAGE = 1_000;

/** The revoked tokens of a world, in memory: every request with a token looks there. */
export interface Revocations {
  has(tokenId: string): boolean;
  /** Remembers one that is stored. Those whose tokens expired long ago are dropped on the way. */
  add(revocation: Pick<Revocation, 'id' | 'expireTimeMs'>, nowMs: number): void;
  /**
   * Remembers one once `store` has stored it. Where the outcome is unknown the token is refused as long as the process
   * lives. Rejects as `store` does.
   */
  keep(revocation: Revocation, nowMs: number, store: StoreRevocation): Promise<void>;
}

/** Reads what is revoked. A token whose row fails its check stays refused: it was revoked, whatever the row says now. */
export async function loadRevocations({ store }: Pick<Deps, 'store'>): Promise<Revocations> {
  const revoked = createRevocations();
  for (let afterId = ''; ; ) {
    const { damagedIds, revocations } = await store.listRevocations(afterId, PAGE);
    for (const id of damagedIds) revoked.add({ id, expireTimeMs: Number.POSITIVE_INFINITY }, 0);
    for (const revocation of revocations) revoked.add(revocation, 0);
    const last = revocations.at(-1);
    if (last === undefined || revocations.length < PAGE) return revoked;
    afterId = last.id;
  }
}

/** None, until some are added. */
export function createRevocations(): Revocations {
  const expiries = new Map<string, number>();
  let sweepAt = PAGE;

  function add({ expireTimeMs, id }: Pick<Revocation, 'id' | 'expireTimeMs'>, nowMs: number): void {
    expiries.set(id, expireTimeMs);
    if (expiries.size < sweepAt) return;
    for (const [known, expiryMs] of expiries)
      if (expiryMs + REVOCATION_KEPT_MS < nowMs) expiries.delete(known);
    // So that what is kept is looked through once for every time that it doubles.
    sweepAt = Math.max(PAGE, expiries.size * 2);
  }

  return {
    has: (tokenId) => expiries.has(tokenId),
    add,
    async keep(revocation, nowMs, store) {
      try {
        await store(revocation);
      } catch (error) {
        if (codeOf(error) === 'outcome-unknown') add(revocation, nowMs);
        throw error;
      }
      add(revocation, nowMs);
    },
  };
}

/** Stores a revocation. Throws throttled (the user has too many), and what a change throws. */
export async function storeRevocation(
  deps: ChangeDeps,
  { expireTimeMs, id, userId }: Revocation,
): Promise<void> {
  const draft = { aggregate: 'revocation', kind: 'revoke-token', ref: { id }, userId, expireTimeMs } as const;
  await change(deps, draft);
}

/** The job that removes revocations a day after their tokens have expired. */
export function createRevocationRetention(deps: ChangeDeps & Pick<Deps, 'log'>): Job {
  return createRetention(deps, {
    job: 'revocation-retention',
    item: 'an old revocation',
    kind: 'revocation-record',
    keptMs: REVOCATION_KEPT_MS,
    async listOld(beforeMs, limit) {
      return (await deps.store.listOldRevocations(beforeMs, limit)).map((id) => ({ id }));
    },
    remove: ({ id }, nowMs) =>
      change(deps, { aggregate: 'revocation', kind: 'remove-revocation', ref: { id }, nowMs }),
  });
}
