import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { readToken } from '../../src/auth/authenticator.ts';
import { parseAuthorization, SIGNATURE_LIMITS } from '../../src/auth/signatures/authorization.ts';
import { CLAIMS, directoryOf, realmsOf, TOKEN_KEY, tokenFor } from './fixtures.ts';

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
  const directory = directoryOf();
  const token = tokenFor();
  const read = (nowMs: number, tokenKey = TOKEN_KEY) =>
    readToken({ realms: realmsOf(() => directory, { nowMs: () => nowMs }), tokenKey }, token);
  const { expiresAtMs } = CLAIMS;
  expect(read(expiresAtMs - 1).claims).toMatchObject(CLAIMS);
  expect(read(expiresAtMs - 1).claims).toMatchObject(CLAIMS);
  expect(() => read(expiresAtMs)).toThrow(expect.objectContaining({ code: 'token-expired' }));
  const other = createSecretKey(Buffer.alloc(32, 2));
  expect(() => read(expiresAtMs - 1, other)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});
