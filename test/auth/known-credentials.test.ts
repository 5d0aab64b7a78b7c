import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { readToken } from '../../src/auth/authenticator.ts';
import { parseAuthorization, SIGNATURE_LIMITS } from '../../src/auth/signatures/authorization.ts';
import { credentialMark, issueToken, type TokenClaims } from '../../src/auth/tokens/token.ts';
import { ADMIN_ID, directoryOf, realmsOf, TOKEN_KEY } from './fixtures.ts';

it('a head that was read before does not let a header through that is too long', () => {
  const names = Array.from({ length: 62 }, (_, index) => `x-${index}-`.padEnd(128, 'a'));
  const head = `SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date;${names.join(';')}, Signature=`;
  const room = SIGNATURE_LIMITS.authorization - head.length;
  expect(room).toBeGreaterThan(0);
  expect(room).toBeLessThan(SIGNATURE_LIMITS.signature);
  expect(parseAuthorization(head + 'a'.repeat(room))?.signature).toHaveLength(room);
  expect(() => parseAuthorization(head + 'a'.repeat(room + 1))).toThrow('too long');
});

it('a token that was checked before expires, and is worth nothing under another key', () => {
  const realms = (nowMs: number) => realmsOf(() => directory, { nowMs: () => nowMs });
  const directory = directoryOf();
  const user = directory.findUserById(ADMIN_ID)!;
  const claims: TokenClaims = {
    world: 'main',
    method: 'password',
    userId: ADMIN_ID,
    domainId: user.domainId,
    projectId: undefined,
    scope: 'unscoped',
    issuedAtMs: 0,
    expiresAtMs: 10,
    credentialMark: credentialMark(TOKEN_KEY, user),
  };
  const token = issueToken(TOKEN_KEY, claims);
  const read = (nowMs: number, tokenKey = TOKEN_KEY) => readToken({ realms: realms(nowMs), tokenKey }, token);
  expect(read(9).claims).toEqual(claims);
  expect(read(9).claims).toEqual(claims);
  expect(() => read(10)).toThrow(expect.objectContaining({ code: 'token-expired' }));
  const other = createSecretKey(Buffer.alloc(32, 2));
  expect(() => read(9, other)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});
