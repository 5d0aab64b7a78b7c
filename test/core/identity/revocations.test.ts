import { expect, it } from 'vitest';
import { decideRevocation, REVOCATIONS_PER_USER_MAX } from '../../../src/core/identity/revocations.ts';

const NOW_MS = 1_000_000;

it('a user may have so many revocations and no more, and one that is there already is no other', () => {
  const command = {
    aggregate: 'revocation',
    kind: 'revoke-token',
    ref: { id: 'a' },
    userId: 'u',
    expireTimeMs: NOW_MS + 1,
    nowMs: NOW_MS,
  } as const;
  const made = { id: 'a', userId: 'u', expireTimeMs: NOW_MS + 1 };
  const full = { ofUser: REVOCATIONS_PER_USER_MAX };
  expect(decideRevocation({ current: undefined, ofUser: full.ofUser - 1 }, command).next).toEqual(made);
  expect(() => decideRevocation({ current: undefined, ...full }, command)).toThrow(
    expect.objectContaining({ code: 'throttled' }),
  );
  expect(decideRevocation({ current: made, ...full }, command)).toEqual({
    next: made,
    result: { changed: false },
  });
});
