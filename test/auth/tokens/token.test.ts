import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readToken } from '../../../src/auth/authenticator.ts';
import {
  createTokenKey,
  credentialMark,
  forgetTokens,
  issueToken,
  verifyToken,
} from '../../../src/auth/tokens/token.ts';
import {
  ADMIN_ID,
  CLAIMS,
  directoryOf,
  NOW_MS,
  PASSWORD_HASH,
  realmsOf,
  refusalOf,
  TOKEN_KEY,
} from '../fixtures.ts';

const DAY_MS = 24 * 3_600_000;
/** Two tokens are never the same. */
const ID = expect.stringMatching(/^[0-9a-f]{32}$/);
const DIRECTORY = directoryOf();
const TOKEN = issueToken(TOKEN_KEY, CLAIMS);
const UNREADABLE = { code: 'unauthenticated', message: 'decrypt token fail' };
const check = (token: string, nowMs = NOW_MS): { code: string; message: string } =>
  refusalOf(() =>
    readToken({ realms: realmsOf(() => DIRECTORY, { nowMs: () => nowMs }), tokenKey: TOKEN_KEY }, token),
  );

describe('tokens', () => {
  it('say again what was issued', () => {
    expect(verifyToken(TOKEN_KEY, TOKEN)).toEqual({ ...CLAIMS, id: ID });
  });

  it('are long enough, and made of characters that no header escapes', () => {
    expect(TOKEN).toMatch(/^[A-Za-z0-9._-]{32,1000}$/);
  });

  it('hold no password hash', () => {
    const payload = Buffer.from(TOKEN.split('.')[0] ?? '', 'base64url').toString();
    expect(payload).not.toContain('scrypt');
    expect(payload).not.toContain(PASSWORD_HASH.split('$')[4]);
  });

  it('are valid until the millisecond before they expire', () => {
    expect(check(TOKEN, NOW_MS + DAY_MS - 1).code).toBe('accepted');
    expect(check(TOKEN, NOW_MS + DAY_MS).code).toBe('token-expired');
  });

  it('are refused when their world has ended, or never was', () => {
    expect(check(issueToken(TOKEN_KEY, { ...CLAIMS, world: 'other' }))).toEqual(UNREADABLE);
  });

  it('are refused after a change of any one character', () => {
    const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const alphabet = [...base64url, '.', '=', '+', '/', ' ', '\u00e9'];
    for (let index = 0; index < TOKEN.length; index += 1) {
      for (const character of alphabet.filter((candidate) => candidate !== TOKEN[index])) {
        const changed = `${TOKEN.slice(0, index)}${character}${TOKEN.slice(index + 1)}`;
        expect(check(changed), `${character} at ${index}`).toEqual(UNREADABLE);
      }
    }
  });

  it('are refused when characters are missing, added or moved', () => {
    for (let index = 0; index < TOKEN.length; index += 1) {
      expect(check(TOKEN.slice(0, index) + TOKEN.slice(index + 1))).toEqual(UNREADABLE);
    }
    const [payload = '', mac = ''] = TOKEN.split('.');
    const others = [
      '',
      '.',
      payload,
      `${payload}.`,
      `.${mac}`,
      `${TOKEN}A`,
      `A${TOKEN}`,
      `${TOKEN}=`,
      `${mac}.${payload}`,
    ];
    const longer = [
      `${TOKEN}\n`,
      ` ${TOKEN}`,
      `${TOKEN}.${mac}`,
      `${TOKEN}, ${TOKEN}`,
      'A'.repeat(100_000),
      '\0',
    ];
    for (const text of [...others, ...longer]) expect(check(text), text).toEqual(UNREADABLE);
  });

  it('are refused under another key, expired or not', () => {
    const key = createSecretKey(Buffer.alloc(32, 8));
    expect(check(issueToken(key, CLAIMS))).toEqual(UNREADABLE);
    expect(check(issueToken(key, CLAIMS), NOW_MS + 2 * DAY_MS)).toEqual(UNREADABLE);
  });
});

it('those that are remembered go with their world', () => {
  const remembered = verifyToken(TOKEN_KEY, TOKEN);
  forgetTokens(TOKEN_KEY, 'other');
  expect(verifyToken(TOKEN_KEY, TOKEN)).toBe(remembered);
  forgetTokens(TOKEN_KEY, CLAIMS.world);
  expect(verifyToken(TOKEN_KEY, TOKEN)).not.toBe(remembered);
});

describe('credential marks', () => {
  const mark = (passwordHash: string | undefined, id = ADMIN_ID, nonce = ''): string =>
    credentialMark(TOKEN_KEY, { id, passwordHash }, { nonce });

  it('change with the password, the user, the key and the world', () => {
    const otherKey = createSecretKey(Buffer.alloc(32, 8));
    const other = credentialMark(otherKey, { id: ADMIN_ID, passwordHash: PASSWORD_HASH }, { nonce: '' });
    const marks = [
      mark(PASSWORD_HASH),
      mark(`${PASSWORD_HASH}A`),
      mark(undefined),
      mark(PASSWORD_HASH, 'b'),
      mark(PASSWORD_HASH, ADMIN_ID, 'c'),
      other,
    ];
    expect(new Set(marks).size).toBe(6);
    expect(mark(PASSWORD_HASH)).toBe(mark(PASSWORD_HASH));
    expect(mark(PASSWORD_HASH)).toMatch(/^[A-Za-z0-9_-]{16}$/);
    // Remembered for a user, it is that of one world.
    const user = { id: ADMIN_ID, passwordHash: PASSWORD_HASH };
    const [of, ofAnother] = ['', 'c'].map((nonce) => credentialMark(TOKEN_KEY, user, { nonce }));
    expect([of, ofAnother]).toEqual([mark(PASSWORD_HASH), mark(PASSWORD_HASH, ADMIN_ID, 'c')]);
  });
});

describe('the key of an installation', () => {
  it('is the same in every replica, and takes no token of another installation with the same root key', () => {
    const key = createTokenKey(TOKEN_KEY, 'one');
    const token = issueToken(key, CLAIMS);
    expect(verifyToken(createTokenKey(TOKEN_KEY, 'one'), token)).toEqual({ ...CLAIMS, id: ID });
    for (const other of [createTokenKey(TOKEN_KEY, 'two'), TOKEN_KEY]) {
      expect(refusalOf(() => verifyToken(other, token)).code).toBe('unauthenticated');
    }
  });
});
