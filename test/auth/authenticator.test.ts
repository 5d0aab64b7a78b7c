import { hash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { RawRequest } from '../../src/app/ports/deps.ts';
import { createAuthenticator } from '../../src/auth/authenticator.ts';
import {
  ADMIN_ID,
  AK,
  asRequest,
  authenticatorOf,
  authorizationOf,
  DOMAIN_ID,
  directoryOf,
  IDENTITIES,
  movableClock,
  NOW_MS,
  OTHER_PROJECT_ID,
  PROJECT_ID,
  realmsOf,
  refusal,
  TOKEN_KEY,
  tokenFor,
  vector,
  wireRequest,
} from './fixtures.ts';

vi.mock('node:crypto', { spy: true });

const DAY_MS = 24 * 3_600_000;

describe('a signed request', () => {
  it('has the owner of the access key as its caller, with all projects', () => {
    expect(authenticatorOf().authenticate(wireRequest(vector('N1')))).toMatchObject({
      world: 'main',
      domainId: DOMAIN_ID,
      userId: ADMIN_ID,
      userName: 'admin',
      projectIds: new Set([PROJECT_ID, OTHER_PROJECT_ID]),
      method: 'signature',
      accessKeyId: AK,
      plus: 'literal',
    });
  });

  it('with a literal {project_id} gets an error that says what is missing, and is not carried out', () => {
    expect(refusal(wireRequest(vector('W2')))).toEqual({
      code: 'invalid-parameter',
      message: 'project_id is missing: the client was built without a project id.',
    });
    expect(refusal(wireRequest(vector('W2'), { body: 'x' })).code).toBe('unauthenticated');
  });

  it.each([
    ['a%2Bb', 'literal'],
    ['a%20b', 'blank'],
  ])('for a query of %s that is sent as a+b says what the + stands for', (signed, plus) => {
    const values = [['x-sdk-date', '20260102T030405Z']] as const;
    const authorization = authorizationOf({
      method: 'GET',
      canonicalUri: '/v3/users/',
      canonicalQuery: `name=${signed}`,
      signed: values,
      payloadHash: hash('sha256', '', 'hex'),
    });
    const headers = [...values, ['Authorization', authorization]] as const;
    const request = { method: 'GET', target: '/v3/users?name=a+b', headers, body: Buffer.alloc(0) };
    expect(authenticatorOf().authenticate(asRequest(request)).plus).toBe(plus);
  });

  it('wins over X-Auth-Token, whatever that holds', () => {
    const sent = vector('N1');
    for (const token of [tokenFor(), 'nonsense', '']) {
      const both = wireRequest(sent, { headers: [...sent.headers, ['X-Auth-Token', token]] });
      expect(authenticatorOf().authenticate(both).method).toBe('signature');
    }
    const broken = wireRequest(sent, { body: 'x', headers: [...sent.headers, ['X-Auth-Token', tokenFor()]] });
    expect(refusal(broken).message).toMatch(/^verify aksk signature fail/);
  });

  it.each(['N4', 'P6', 'G3', 'T1', 'H4'])('of a permanent key refuses the security token of %s', (id) => {
    expect(refusal(wireRequest(vector(id)))).toEqual({
      code: 'unauthenticated',
      message: 'decrypt token fail',
    });
    expect(refusal(wireRequest(vector(id), { method: 'PUT' })).message).toMatch(/^verify aksk/);
  });

  it('of a permanent key skips an empty security token', () => {
    const sent = vector('N1');
    const headers = [...sent.headers, ['X-Security-Token', '']] as const;
    expect(refusal(wireRequest(sent, { headers })).code).toBe('accepted');
  });

  it('with an unknown access key gets that answer, also when its date is old', () => {
    const sent = vector('N1');
    const authorization = sent.authorization.replace(AK, 'NOBODY');
    const unknown = { code: 'unauthenticated', message: 'Get secretKey failed,ak:NOBODY,err:ak not exist' };
    expect(refusal(wireRequest(sent, { authorization }))).toEqual(unknown);
    const late = authenticatorOf(directoryOf(), movableClock(NOW_MS + DAY_MS));
    expect(refusal(wireRequest(sent, { authorization }), late)).toEqual(unknown);
  });

  it('learns about its age only when the signature is right', () => {
    const late = authenticatorOf(directoryOf(), movableClock(NOW_MS + 15 * 60_000 + 999));
    expect(refusal(wireRequest(vector('N1')), late)).toEqual({
      code: 'unauthenticated',
      message:
        'calc aksk signature fail:signature expired, signature time:20260102T030405Z,server time:20260102T031905Z',
    });
    expect(refusal(wireRequest(vector('N1'), { body: 'x' }), late).message).toMatch(/^verify aksk/);
  });

  it.each([
    [-15 * 60_000 - 1, 'unauthenticated'],
    [-15 * 60_000, 'accepted'],
    [15 * 60_000, 'accepted'],
    [15 * 60_000 + 1, 'unauthenticated'],
  ])('when the clock is %i ms off is %s', (offsetMs, code) => {
    const authenticator = authenticatorOf(directoryOf(), movableClock(NOW_MS + offsetMs));
    expect(refusal(wireRequest(vector('N1')), authenticator).code).toBe(code);
  });

  it('is judged by the window that was asked for', () => {
    const directory = directoryOf();
    const clock = movableClock(NOW_MS + 60_001);
    const deps = {
      realms: realmsOf(() => directory, clock),
      machineClock: clock,
      tokenKey: TOKEN_KEY,
      unsignedPayload: 'allow',
    } as const;
    const strict = createAuthenticator({ ...deps, windowMs: 60_000 });
    expect(refusal(wireRequest(vector('N1')), strict).code).toBe('unauthenticated');
  });

  it.each([
    ['its world has', NOW_MS, NOW_MS + DAY_MS, 'accepted'],
    ['the machine has', NOW_MS + DAY_MS, NOW_MS, 'accepted'],
    ['neither has', NOW_MS + DAY_MS, NOW_MS - DAY_MS, 'unauthenticated'],
  ])('is good for the time that %s', (_who, worldMs, machineMs, code) => {
    const directory = directoryOf();
    const authenticator = createAuthenticator({
      realms: realmsOf(() => directory, movableClock(worldMs)),
      machineClock: movableClock(machineMs),
      tokenKey: TOKEN_KEY,
      unsignedPayload: 'allow',
    });
    expect(refusal(wireRequest(vector('N1')), authenticator).code).toBe(code);
  });

  it('is refused once a reload has removed the key', () => {
    let directory = directoryOf();
    const authenticator = authenticatorOf(() => directory);
    expect(refusal(wireRequest(vector('N1')), authenticator).code).toBe('accepted');
    directory = directoryOf(IDENTITIES.replace(AK, 'REPLACED'));
    expect(refusal(wireRequest(vector('N1')), authenticator).message).toContain('ak not exist');
  });

  it('costs the same work with a wrong signature and with an unknown key', () => {
    const sent = vector('N1');
    const authenticator = authenticatorOf();
    const wrong = wireRequest(sent, { body: 'x' });
    const unknown = wireRequest(sent, {
      body: 'x',
      authorization: sent.authorization.replace(AK, 'CSMSTESTAK0000000002'),
    });
    const hashed = (request: RawRequest) => {
      vi.mocked(hash).mockClear();
      refusal(request, authenticator);
      return vi
        .mocked(hash)
        .mock.calls.map(([algorithm, bytes]) => [algorithm, Buffer.from(bytes as Uint8Array).length]);
    };
    // What is made of a key is kept from the first time on.
    for (const request of [wrong, unknown]) hashed(request);
    expect(hashed(wrong).length).toBeGreaterThan(2);
    expect(hashed(unknown)).toEqual(hashed(wrong));
  });
});
