import { describe, expect, it } from 'vitest';
import type { RawRequest } from '../../src/app/ports/deps.ts';
import {
  ADMIN_ID,
  AK,
  asRequest,
  authenticatorOf,
  DOMAIN_ID,
  directoryOf,
  IDENTITIES,
  PROJECT_ID,
  refusal,
  tokenFor,
} from './fixtures.ts';

const UNREADABLE = { code: 'unauthenticated', message: 'decrypt token fail' };

function plain(...headers: readonly (readonly [string, string])[]): RawRequest {
  return asRequest({ method: 'GET', target: '/v1', headers, body: Buffer.alloc(0) });
}

describe('a token', () => {
  it('has its user as the caller, with its one project', () => {
    expect(authenticatorOf().authenticate(plain(['X-Auth-Token', tokenFor()]))).toMatchObject({
      world: 'main',
      domainId: DOMAIN_ID,
      userId: ADMIN_ID,
      userName: 'admin',
      projectIds: new Set([PROJECT_ID]),
      method: 'token',
      accessKeyId: undefined,
      plus: 'blank',
    });
  });

  it.each(['domain', 'unscoped'] as const)('of scope %s reaches no project', (scope) => {
    const token = tokenFor({ scope, projectId: undefined });
    expect(authenticatorOf().authenticate(plain(['X-Auth-Token', token])).projectIds.size).toBe(0);
  });

  it('may stand beside a foreign Authorization', () => {
    expect(refusal(plain(['Authorization', 'Basic eDp5'], ['X-Auth-Token', tokenFor()])).code).toBe(
      'accepted',
    );
  });

  it.each([
    ['password has changed', IDENTITIES.replace('c29kaXVtY2hsb3JpZGU', 'c29kaXVtY2hsb3JpZGg')],
    ['password is gone', IDENTITIES.replace(/ {8}password: .*\n/, '')],
    ['id is gone', IDENTITIES.replace(ADMIN_ID, 'c'.repeat(32))],
    ['project is gone', IDENTITIES.replace(PROJECT_ID, 'd'.repeat(32))],
    [
      'project is not the user\u2019s any more',
      IDENTITIES.replace('policies: [admin,', 'projects: [local-2]\n        policies: [admin,'),
    ],
    ['domain has another id', IDENTITIES.replace(DOMAIN_ID, '9'.repeat(32))],
  ])('is void when the user\u2019s %s', (_name, text) => {
    expect(refusal(plain(['X-Auth-Token', tokenFor()]), authenticatorOf(directoryOf(text)))).toEqual(
      UNREADABLE,
    );
  });

  it.each(['nonsense', 'tok/EN+abc==', `${tokenFor()}x`, `${tokenFor()}, ${tokenFor()}`, 'é'])(
    'that was not issued here is unreadable: %s',
    (token) => {
      expect(refusal(plain(['X-Auth-Token', token]))).toEqual(UNREADABLE);
    },
  );
});

describe('a request without a usable credential', () => {
  const NOTHING = { code: 'unauthenticated', message: 'x-auth-token not found' };

  it.each([[], [['X-Auth-Token', '']], [['Authorization', '']]] as const)('has none: %j', (...headers) => {
    expect(refusal(plain(...(headers as (readonly [string, string])[])))).toEqual(NOTHING);
  });

  it.each(['Bearer abc', 'Basic eDp5', 'Bearer', `${AK}:x`, ' ', 'SDK', 'AWS4-HMAC-SHA256 Credential=a'])(
    'has a foreign scheme: %j',
    (authorization) => {
      expect(refusal(plain(['Authorization', authorization]))).toEqual(UNREADABLE);
    },
  );

  it.each([
    'SDK-HMAC-SHA256',
    'SDK-X a=b',
    'V11-HMAC-SHA256 Access=a',
    'sdk-hmac-sha256 x',
    `SDK-${'x'.repeat(100_000)}`,
  ])('has an unreadable signature, whatever token it brings: %#', (authorization) => {
    const both = plain(['Authorization', authorization], ['X-Auth-Token', tokenFor()]);
    expect(refusal(both).code).toBe('credentials-unsupported');
    expect(refusal(both).message.length).toBeLessThan(300);
  });

  it('has a repeated token, as a list', () => {
    const request = plain();
    const doubled = { ...request, headers: { 'x-auth-token': [tokenFor(), tokenFor()] } };
    expect(refusal(doubled)).toEqual(UNREADABLE);
  });
});
