import { expect, it } from 'vitest';
import { createRevocations, loadRevocations } from '../../../src/app/identity/revocations.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { REVOCATION_KEPT_MS, type Revocation } from '../../../src/core/identity/revocations.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const revocationOf = (id: string): Revocation => ({ id, userId: 'u', expireTimeMs: NOW_MS });

it('all pages are read at the start, and a damaged row still refuses its token', async () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => `t${String(index).padStart(4, '0')}`);
  const store = {
    listRevocations: (afterId: string, limit: number) => ({
      revocations: ids
        .filter((id) => id > afterId)
        .slice(0, limit)
        .map(revocationOf),
      damagedIds: afterId === '' ? ['changed'] : [],
    }),
  };
  const revoked = await loadRevocations({ store: store as never });
  expect(['changed', ...ids].filter((id) => !revoked.has(id))).toEqual([]);
  expect(revoked.has('another')).toBe(false);
});

it('those whose tokens expired long ago are forgotten, and no others', () => {
  const revoked = createRevocations();
  revoked.add({ id: 'damaged', expireTimeMs: Number.POSITIVE_INFINITY }, 0);
  revoked.add(revocationOf('old'), 0);
  const fill = (name: string, nowMs: number) => {
    for (let index = 0; index < 2_000; index += 1)
      revoked.add({ id: `${name}${index}`, expireTimeMs: nowMs }, nowMs);
  };
  fill('first', NOW_MS + REVOCATION_KEPT_MS);
  expect(revoked.has('old')).toBe(true);
  fill('second', NOW_MS + REVOCATION_KEPT_MS + 1);
  expect(['old', 'first0', 'second0', 'damaged'].map((id) => revoked.has(id))).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

it('a token is refused once that is stored, and also where nobody knows whether it is', async () => {
  const revoked = createRevocations();
  const keep = (id: string, store: () => Promise<void>) => revoked.keep(revocationOf(id), NOW_MS, store);
  const failing = (code: 'outcome-unknown' | 'unavailable') => () => Promise.reject(new SecretError(code));
  await keep('stored', async () => expect(revoked.has('stored')).toBe(false));
  await expect(keep('unknown', failing('outcome-unknown'))).rejects.toThrow();
  await expect(keep('failed', failing('unavailable'))).rejects.toThrow();
  expect(['stored', 'unknown', 'failed'].map((id) => revoked.has(id))).toEqual([true, true, false]);
});
