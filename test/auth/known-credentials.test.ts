import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseAuthorization, SIGNATURE_LIMITS } from '../../src/auth/authorization.ts';
import { issueToken, type TokenClaims, verifyToken } from '../../src/auth/token.ts';

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
  const [key, other] = [1, 2].map((byte) => createSecretKey(Buffer.alloc(32, byte)));
  const claims: TokenClaims = {
    method: 'password',
    userId: 'u',
    domainId: 'd',
    projectId: undefined,
    scope: 'unscoped',
    issuedAtMs: 0,
    expiresAtMs: 10,
    credentialMark: 'm',
  };
  const token = issueToken(key!, claims);
  expect(verifyToken(key!, token, 9)).toEqual(claims);
  expect(verifyToken(key!, token, 9)).toEqual(claims);
  expect(() => verifyToken(key!, token, 10)).toThrow(expect.objectContaining({ code: 'token-expired' }));
  expect(() => verifyToken(other!, token, 9)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});
