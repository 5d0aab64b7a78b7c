import { expect } from 'vitest';
import { REVOCATION_KEPT_MS } from '../../../src/core/identity/revocations.ts';
import { DAY_MS, revokeToken, T0 } from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Tokens that are refused before they expire: they outlive the process, and go a day after their tokens. */
export function revocationContract(it: ContractTest): void {
  it('keeps revoked tokens over a restart, each once, and lists them by id', async ({ harness }) => {
    for (const id of ['c', 'a', 'b']) {
      expect(await harness.store.change(revokeToken(id))).toStrictEqual({ changed: true });
    }
    expect(await harness.store.change(revokeToken('a', 'other', T0 + 1))).toStrictEqual({ changed: false });
    await harness.reopen();
    const { store } = harness;
    const of = (id: string) => ({ id, userId: 'someone', expireTimeMs: T0 + DAY_MS });
    const all = { revocations: [of('a'), of('b'), of('c')], damagedIds: [] };
    expect(await store.listRevocations('', 3)).toStrictEqual(all);
    expect((await store.listRevocations('', 2)).revocations).toStrictEqual([of('a'), of('b')]);
    expect((await store.listRevocations('b', 2)).revocations).toStrictEqual([of('c')]);
  });

  it('removes one a day after its token has expired and not before, and tells which are so old', async ({
    store,
  }) => {
    await store.change(revokeToken('old'));
    const expiryMs = T0 + DAY_MS;
    expect(await store.findNextDue('revocation-record', T0)).toBe(expiryMs);
    expect(await store.listOldRevocations(expiryMs, 9)).not.toContain('old');
    expect(await store.listOldRevocations(expiryMs + 1, 9)).toContain('old');
    const drop = (nowMs: number) =>
      store.change({ aggregate: 'revocation', kind: 'remove-revocation', ref: { id: 'old' }, nowMs });
    expect((await drop(expiryMs + REVOCATION_KEPT_MS)).changed).toBe(false);
    expect((await drop(expiryMs + REVOCATION_KEPT_MS + 1)).changed).toBe(true);
    expect((await drop(expiryMs + REVOCATION_KEPT_MS + 2)).changed).toBe(false);
  });
}
