import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compose } from '../../../src/compose/server.ts';
import { REVOCATIONS_PER_USER_MAX } from '../../../src/core/identity/revocations.ts';
import { headersOf, inject } from '../../support/injection.ts';
import {
  ADMIN,
  ALPHA,
  BETA,
  createLog,
  GUEST,
  NO_PRESSURE,
  OUTSIDER,
  prepareFiles,
  shareServer,
  signedHeaders,
  type TestUser,
} from '../../support/server.ts';
import { loginBody, problem, stopClock } from '../calls.ts';

const TOKENS = '/v3/auth/tokens';
const SECRETS = `/v1/${ALPHA}/secrets`;
const server = shareServer();
afterEach(() => void vi.useRealTimers());

const login = (body: unknown) => server.sendUnsigned({ method: 'POST', path: TOKENS, body });
const tokenOf = async (user: TestUser, scope: object | undefined = { project: { id: ALPHA } }) =>
  (await login(loginBody(user, scope))).headers['x-subject-token'] ?? '';
const exchange = async (token: string, scope?: object) =>
  login({ auth: { identity: { methods: ['token'], token: { id: token } }, ...(scope && { scope }) } });
const use = (token: string, path = SECRETS) =>
  server.sendUnsigned({ method: 'GET', path, headers: { 'x-auth-token': token } });
const about = (method: 'GET' | 'DELETE', subject: string, by: string | TestUser = ADMIN) => {
  const headers = { 'x-subject-token': subject };
  return typeof by === 'string'
    ? server.sendUnsigned({ method, path: TOKENS, headers: { ...headers, 'x-auth-token': by } })
    : server.send({ method, path: TOKENS, headers }, by);
};
const INVALID = {
  error: { code: 404, message: 'X-Subject-Token is invalid in the request', title: 'Not Found' },
};

describe('KeystoneRevokeToken', () => {
  it('ends a token at once, whoever it is shown to, and says 204 without a body', async () => {
    const token = await tokenOf(ADMIN);
    expect((await use(token)).status).toBe(200);
    const answer = await about('DELETE', token);
    expect([answer.status, answer.text]).toEqual([204, '']);
    const refused = await use(token);
    expect(problem(refused)).toEqual([401, 'APIGW.0301']);
    expect(refused.json.error_msg).toBe('Incorrect IAM authentication information: decrypt token fail');
    expect((await exchange(token)).status).toBe(401);
    for (const method of ['GET', 'DELETE'] as const) {
      const asked = await about(method, token);
      expect([asked.status, asked.json]).toEqual([404, INVALID]);
    }
    expect((await about('GET', token, token)).status).toBe(401);
  });

  it('is open to who holds the token, and to its user with another', async () => {
    const [token, other] = [await tokenOf(GUEST), await tokenOf(GUEST)];
    expect(token).not.toBe(other);
    expect((await about('DELETE', token, token)).status).toBe(204);
    expect((await about('DELETE', other, GUEST)).status).toBe(204);
    expect([(await use(token)).status, (await use(other)).status]).toEqual([401, 401]);
  });

  it('is refused to other users, and another domain is not told that it is a token', async () => {
    const token = await tokenOf(GUEST);
    const refused = await about('DELETE', token, ADMIN);
    expect([refused.status, refused.json]).toEqual([
      403,
      {
        error: {
          code: 403,
          message: 'You are not authorized to perform the requested action.',
          title: 'Forbidden',
        },
      },
    ]);
    for (const method of ['GET', 'DELETE'] as const) {
      const foreign = await about(method, token, OUTSIDER);
      expect([foreign.status, foreign.json]).toEqual([404, INVALID]);
    }
    expect((await use(token)).status).toBe(200);
  });

  it.each(['', 'x', 'x'.repeat(5_000)])('says 404 for what is no token: %s', async (subject) => {
    expect((await about('DELETE', subject)).json).toEqual(INVALID);
  });

  it('ends that token alone: one that it was exchanged for lives, and so does the one that it came from', async () => {
    const first = await tokenOf(ADMIN, {});
    const second = (await exchange(first, { project: { id: ALPHA } })).headers['x-subject-token'] ?? '';
    const third = (await exchange(first, { project: { id: BETA } })).headers['x-subject-token'] ?? '';
    await about('DELETE', first);
    expect((await use(second)).status).toBe(200);
    expect((await exchange(first)).status).toBe(401);
    await about('DELETE', second);
    expect((await use(second)).status).toBe(401);
    expect((await use(third, `/v1/${BETA}/secrets`)).status).toBe(200);
  });

  it('holds when the clock is set back', async () => {
    stopClock();
    const token = await tokenOf(ADMIN);
    await about('DELETE', token);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    expect((await use(token)).status).toBe(401);
  });
});

describe('the lifetime of tokens', () => {
  it('is what the setting says, also for one that is exchanged', async () => {
    const short = await start({ CSMS_TOKEN_LIFETIME: '90m' });
    const body = loginBody(ADMIN, {});
    const { headers, json } = await short.send({ method: 'POST', path: TOKENS, body });
    const lifetimeMs = (token: { issued_at: string; expires_at: string }) =>
      Date.parse(token.expires_at) - Date.parse(token.issued_at);
    expect(lifetimeMs(json.token)).toBe(90 * 60_000);
    const identity = { methods: ['token'], token: { id: headers['x-subject-token'] } };
    const exchanged = await short.send({ method: 'POST', path: TOKENS, body: { auth: { identity } } });
    expect(exchanged.json.token.expires_at).toBe(json.token.expires_at);
    await short.close();
    short.remove();
  });
});

describe('a revocation', () => {
  it('survives a restart, and other tokens do too', async () => {
    const first = await start();
    const make = async () => {
      const body = loginBody(ADMIN, { project: { id: ALPHA } });
      return (await first.send({ method: 'POST', path: TOKENS, body })).headers['x-subject-token'] ?? '';
    };
    const [token, other] = [await make(), await make()];
    const identity = { methods: ['token'], token: { id: other } };
    const path = '/v3.0/OS-CREDENTIAL/securitytokens';
    const issued = await first.send({ method: 'POST', path, body: { auth: { identity } } });
    const { access: accessKeyId, secret: secretKey, securitytoken } = issued.json.credential;
    const headers = { 'x-auth-token': other, 'x-subject-token': token };
    expect((await first.send({ method: 'DELETE', path: TOKENS, headers })).status).toBe(204);
    await first.close();
    const second = await first.again();
    const get = (value: string) =>
      second.send({ method: 'GET', path: SECRETS, headers: { 'x-auth-token': value } });
    expect([(await get(token)).status, (await get(other)).status]).toEqual([401, 200]);
    // Temporary access keys are stored nowhere, and are known all the same.
    const signed = { method: 'GET', path: SECRETS, headers: { 'x-security-token': securitytoken } } as const;
    const user = { ...ADMIN, accessKeyId, secretKey };
    const again = { ...signed, headers: signedHeaders('http://csms.test', signed, user) };
    expect((await second.send(again)).status).toBe(200);
    await second.close();
    first.remove();
  });
});

it('the number of revocations is bounded far above what a job needs that logs in each minute', () => {
  expect(REVOCATIONS_PER_USER_MAX).toBeGreaterThan(24 * 60 * 2);
});

/** A server whose directory stays when it is closed. */
async function start(env: Readonly<Record<string, string>> = {}) {
  const { config, directory } = await prepareFiles('serve', env);
  const open = async () => {
    const composed = await compose(config, createLog('silent', []), {
      pressure: NO_PRESSURE,
      onFatal: () => {},
    });
    await composed.app.ready();
    composed.setBaseUrl('http://csms.test');
    return {
      send: (request: Parameters<typeof inject>[2]) =>
        inject(composed.app, 'http://csms.test', request, headersOf(request)),
      async close() {
        await composed.app.close();
        await composed.close();
      },
    };
  };
  return {
    ...(await open()),
    again: open,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
