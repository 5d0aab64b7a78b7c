import type { Revocation } from '../../core/identity/revocations.ts';
import type { Awaitable } from './tasks.ts';

/** Some of the revoked tokens. */
export interface RevocationPage {
  readonly revocations: readonly Revocation[];
  /** Ids in rows that fail their check, among these or behind them. */
  readonly damagedIds: readonly string[];
}

/** Reads of the revoked tokens. */
export interface RevocationStore {
  /** Revoked tokens by id; fewer than `limit` intact ones are the last. */
  listRevocations(afterId: string, limit: number): Awaitable<RevocationPage>;
  /** Ids of those whose tokens expired before then. */
  listOldRevocations(beforeMs: number, limit: number): Awaitable<string[]>;
}
