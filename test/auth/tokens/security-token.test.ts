import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  accessKeyMark,
  forgetSecurityTokens,
  issueSecurityToken,
  type SessionClaims,
  verifySecurityToken,
} from '../../../src/auth/tokens/security-token.ts';
import { issueToken, verifyToken } from '../../../src/auth/tokens/token.ts';
import { ADMIN_ID, AK, CLAIMS, DOMAIN_ID, NOW_MS, refusalOf, SK, TOKEN_KEY } from '../fixtures.ts';

const POLICY = '{"Version":"5.0","Statement":[{"Effect":"Allow","Action":["csms:secret:list"]}]}';
const SESSION: SessionClaims = {
  world: 'main',
  accessKeyId: 'HST00000000000000001',
  userId: ADMIN_ID,
  domainId: DOMAIN_ID,
  projectId: undefined,
  expiresAtMs: NOW_MS + 900_000,
  sourceKeyId: undefined,
  mark: CLAIMS.credentialMark,
  federation: undefined,
  policy: POLICY,
};
const UNREADABLE = { code: 'unauthenticated', message: 'decrypt token fail' };
const { secretKey, securityToken } = issueSecurityToken(TOKEN_KEY, SESSION);
const check = (token: string) => refusalOf(() => verifySecurityToken(TOKEN_KEY, token));

describe('security tokens', () => {
  it('say again what was issued, and lead to the same secret key', () => {
    const { claims, key, narrowing } = verifySecurityToken(TOKEN_KEY, securityToken);
    expect(claims).toEqual(SESSION);
    expect(key.secret.export().toString()).toBe(secretKey);
    expect(narrowing?.entries).toHaveLength(1);
    const full = { ...SESSION, policy: undefined, projectId: 'p', sourceKeyId: AK };
    const federation = { providerId: 'ci', ruleId: 'r', subject: 's' };
    const other = issueSecurityToken(TOKEN_KEY, { ...full, federation });
    const found = verifySecurityToken(TOKEN_KEY, other.securityToken);
    expect(found.claims).toEqual({ ...full, federation });
    expect(found.narrowing).toBeUndefined();
    expect(other.secretKey).not.toBe(secretKey);
  });

  it('hold nothing of the secret key', () => {
    const [payload = '', mac = ''] = securityToken.split('.');
    for (const text of [securityToken, Buffer.from(payload, 'base64url').toString(), mac])
      expect(text).not.toContain(secretKey.slice(0, 8));
  });

  it('are refused after a change of any one character', () => {
    const alphabet = [
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      '.',
      '=',
      '+',
      ' ',
      '\u00e9',
    ];
    for (let index = 0; index < securityToken.length; index += 1) {
      const own = securityToken[index] ?? '';
      const near = alphabet[(alphabet.indexOf(own) + 1 + (index % 60)) % alphabet.length] ?? '';
      // Every character where the bits of the last ones may decode to nothing, one elsewhere.
      const others = index > securityToken.length - 3 ? alphabet : [near];
      for (const character of others.filter((one) => one !== own)) {
        const changed = securityToken.slice(0, index) + character + securityToken.slice(index + 1);
        expect(check(changed), `${character} at ${index}`).toEqual(UNREADABLE);
      }
      expect(check(securityToken.slice(0, index) + securityToken.slice(index + 1))).toEqual(UNREADABLE);
    }
    for (const text of [
      '',
      '.',
      `${securityToken}A`,
      ` ${securityToken}`,
      'A'.repeat(100_000),
      `${securityToken}\n`,
    ])
      expect(check(text)).toEqual(UNREADABLE);
  });

  it('are no tokens, and tokens are none of them', () => {
    expect(check(issueToken(TOKEN_KEY, CLAIMS))).toEqual(UNREADABLE);
    expect(refusalOf(() => verifyToken(TOKEN_KEY, securityToken))).toEqual(UNREADABLE);
  });

  it('are refused under another key', () => {
    const key = createSecretKey(Buffer.alloc(32, 8));
    expect(check(issueSecurityToken(key, SESSION).securityToken)).toEqual(UNREADABLE);
    expect(issueSecurityToken(key, SESSION).secretKey).not.toBe(secretKey);
  });

  it('that are remembered go with their world', () => {
    const remembered = verifySecurityToken(TOKEN_KEY, securityToken);
    forgetSecurityTokens(TOKEN_KEY, 'other');
    expect(verifySecurityToken(TOKEN_KEY, securityToken)).toBe(remembered);
    forgetSecurityTokens(TOKEN_KEY, 'main');
    expect(verifySecurityToken(TOKEN_KEY, securityToken)).not.toBe(remembered);
  });
});

it('the mark of an access key changes with the key, its secret and the world', () => {
  const of = (accessKeyId: string, secret: string, nonce = '') =>
    accessKeyMark(TOKEN_KEY, { accessKeyId, secret: createSecretKey(Buffer.from(secret)) }, { nonce });
  const marks = [of(AK, SK), of('other', SK), of(AK, 'other'), of(AK, SK, 'n')];
  expect(new Set(marks).size).toBe(4);
  expect(of(AK, SK)).toBe(marks[0]);
  expect(of(AK, SK)).toMatch(/^[\w-]{16}$/);
});
