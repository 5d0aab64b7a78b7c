import { scrypt, scryptSync } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import {
  costOf,
  createDigestMatcher,
  digestPassword,
  hashPassword,
  isPasswordHash,
  verifyPassword,
} from '../../../src/auth/logins/password.ts';
import { PASSWORD, PASSWORD_HASH } from '../fixtures.ts';

vi.mock('node:crypto', { spy: true });

const CHEAP = { ln: 10, r: 8, p: 1 };
const SALT = 'A'.repeat(22);
const HASH = 'A'.repeat(43);

describe('password hashes', () => {
  it('are PHC strings of scrypt with a fresh salt', async () => {
    const [first, second] = await Promise.all([hashPassword('x', CHEAP), hashPassword('x', CHEAP)]);
    expect(first).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(first).not.toBe(second);
  });

  it('cost 2^16 rounds by default', async () => {
    const phc = await hashPassword('x');
    expect(phc.startsWith('$scrypt$ln=16,r=8,p=1$')).toBe(true);
    expect(await verifyPassword(phc, 'x')).toBe(true);
  });

  it('are what scrypt of RFC 7914 gives', () => {
    const hash = scryptSync(PASSWORD, 'sodiumchloride', 32, { N: 1024, r: 8, p: 1 });
    expect(PASSWORD_HASH).toBe(
      `$scrypt$ln=10,r=8,p=1$c29kaXVtY2hsb3JpZGU$${hash.toString('base64').replaceAll('=', '')}`,
    );
  });

  it('fit their own password only', async () => {
    const phc = await hashPassword('pass\u0000wörd', CHEAP);
    expect(await verifyPassword(phc, 'pass\u0000wörd')).toBe(true);
    for (const other of ['', 'pass', 'pass\u0000word', 'pass\u0000wörd ', phc]) {
      expect(await verifyPassword(phc, other)).toBe(false);
    }
  });

  it('are accepted within the bounds of cost', () => {
    const costs = ['ln=10,r=8,p=1', 'ln=20,r=8,p=1', 'ln=15,r=1,p=1', 'ln=16,r=8,p=16'];
    expect(costs.filter((cost) => !isPasswordHash(`$scrypt$${cost}$${SALT}$${HASH}`))).toEqual([]);
  });

  it.each([
    '',
    'Passw0rd!',
    PASSWORD_HASH.slice(1),
    `${PASSWORD_HASH}=`,
    `${PASSWORD_HASH}\n`,
    `$scrypt$ln=9,r=8,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=21,r=8,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=20,r=9,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=20,r=8,p=2$${SALT}$${HASH}`,
    `$scrypt$ln=16,r=1,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=16,r=0,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=16,r=8,p=0$${SALT}$${HASH}`,
    `$scrypt$ln=016,r=8,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=16,r=08,p=1$${SALT}$${HASH}`,
    `$scrypt$r=8,ln=16,p=1$${SALT}$${HASH}`,
    `$scrypt$ln=16,r=8,p=1$AAAA$${HASH}`,
    `$scrypt$ln=16,r=8,p=1$${SALT}$AAAA`,
    `$scrypt$ln=16,r=8,p=1$${SALT}$${'A'.repeat(42)}B`,
    `$scrypt$ln=16,r=8,p=1$${SALT}$${HASH.replace('A', '_')}`,
    `$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${HASH}`,
  ])('are refused in any other form: %j', (text) => {
    expect(isPasswordHash(text)).toBe(false);
  });

  it('of passwords that are stored nowhere are digests, which fit their own password only and no file', () => {
    const digest = digestPassword('Correct-horse-1');
    expect(digest).not.toBe(digestPassword('Correct-horse-1'));
    expect(isPasswordHash(digest)).toBe(false);
    const matches = createDigestMatcher('Correct-horse-1');
    expect(matches(digest)).toBe(true);
    expect(matches(digestPassword('Correct-horse-1'))).toBe(true);
    expect(matches(digestPassword('correct-horse-1'))).toBe(false);
    for (const other of [
      '',
      '$hmac-sha256$',
      digest.slice(0, -1),
      `${digest}=`,
      '$scrypt$ln=16,r=8,p=1$AA$AA',
    ])
      expect(matches(other)).toBe(false);
    expect(createDigestMatcher('correct-horse-1')(digest)).toBe(false);
  });

  it('of all zeros, as unknown users are checked against, fit nothing', async () => {
    expect(await verifyPassword(undefined, '', CHEAP)).toBe(false);
    expect(await verifyPassword('nonsense', 'nonsense', CHEAP)).toBe(false);
  });

  it('cost an unknown user as much work as one with the usual hash', async () => {
    const phc = await hashPassword('x', CHEAP);
    const work = [];
    for (const hash of [phc, undefined]) {
      vi.mocked(scrypt).mockClear();
      await verifyPassword(hash, 'y', CHEAP);
      work.push(
        vi
          .mocked(scrypt)
          .mock.calls.map(([, salt, bytes, options]) => [Buffer.from(salt as Buffer).length, bytes, options]),
      );
    }
    expect(work[0]).toHaveLength(1);
    expect(work[1]).toEqual(work[0]);
  });
});

it('a hash says what it costs, unless it can never be right', () => {
  expect(costOf(`$scrypt$ln=14,r=8,p=2$${SALT}$${HASH}`)).toEqual({ ln: 14, r: 8, p: 2 });
  expect(costOf(`$scrypt$ln=21,r=8,p=1$${SALT}$${HASH}`)).toBeUndefined();
  expect(costOf('nonsense')).toBeUndefined();
});

it('hashing never blocks the thread', async () => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 5);
  await verifyPassword(undefined, 'x');
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(2);
});
