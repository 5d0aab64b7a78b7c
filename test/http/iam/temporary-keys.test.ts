import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ADMIN,
  ALPHA,
  BETA,
  eachServer,
  GUEST,
  shareServer,
  signedHeaders,
  startTestServer,
  type TestServer,
  type TestUser,
} from '../../support/server.ts';
import { loginBody, problem, stopClock } from '../calls.ts';

const KEYS = '/v3.0/OS-CREDENTIAL/securitytokens';
const SECRETS = `/v1/${ALPHA}/secrets`;
const NARROW = {
  Version: '5.0',
  Statement: [{ Effect: 'Allow', Action: ['csms:secret:list'] }],
};

interface Credential {
  readonly access: string;
  readonly secret: string;
  readonly securitytoken: string;
  readonly expires_at: string;
}

const shared = shareServer();
afterEach(() => void vi.useRealTimers());

const tokenOf = async (user: TestUser, scope: object | undefined, server: TestServer = shared) => {
  const answer = await server.sendUnsigned({
    method: 'POST',
    path: '/v3/auth/tokens',
    body: loginBody(user, scope),
  });
  return answer.headers['x-subject-token'] ?? '';
};
const bodyOf = (token?: object, policy?: object, methods: unknown = ['token']) => ({
  auth: { identity: { methods, ...(token && { token }), ...(policy && { policy }) } },
});
const byKey = (body: object = bodyOf(), user = ADMIN, server: TestServer = shared) =>
  server.send({ method: 'POST', path: KEYS, body }, user);
const byToken = (token: string, more: object = {}, policy?: object) =>
  shared.sendUnsigned({ method: 'POST', path: KEYS, body: bodyOf({ id: token, ...more }, policy) });
const credentialOf = async (answer: ReturnType<typeof byKey>): Promise<Credential> => {
  const { json, status } = await answer;
  expect(status, JSON.stringify(json)).toBe(201);
  return json.credential;
};
const asUser = ({ access, secret }: Credential): TestUser => ({
  ...ADMIN,
  accessKeyId: access,
  secretKey: secret,
});
/** A signed request with a temporary key; the token is signed with it. */
const use = (
  credential: Credential,
  request: { method?: 'GET' | 'POST'; path?: string; body?: object } = {},
  server: TestServer = shared,
) => {
  const { method = 'GET', path = SECRETS, body } = request;
  const headers = { 'x-security-token': credential.securitytoken };
  return server.send({ method, path, headers, ...(body && { body }) }, asUser(credential));
};
/** The same with other headers beside the signature, which does not cover them. */
const useBeside = (credential: Credential, headers: Record<string, string>) => {
  const request = { method: 'GET', path: SECRETS } as const;
  const signed = signedHeaders(shared.baseUrl, request, asUser(credential));
  return shared.sendUnsigned({ ...request, headers: { ...signed, ...headers } });
};
const secondsLeft = ({ expires_at }: Credential) => (Date.parse(expires_at) - Date.now()) / 1_000;

describe('CreateTemporaryAccessKeyByToken', () => {
  it('returns a key in the form of the documents, for a token in the body, in a header and for a signed request', async () => {
    stopClock();
    const token = await tokenOf(ADMIN, { project: { id: ALPHA } });
    const headers = { 'x-auth-token': token };
    const keys = [
      await credentialOf(byToken(token)),
      await credentialOf(shared.sendUnsigned({ method: 'POST', path: KEYS, headers, body: bodyOf() })),
      await credentialOf(byKey()),
    ];
    for (const key of keys) {
      expect(key).toEqual({
        access: expect.stringMatching(/^HST[A-Z0-9]{17}$/),
        secret: expect.stringMatching(/^[\w-]{40}$/),
        securitytoken: expect.stringMatching(/^[\w.-]{100,4000}$/),
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/),
      });
      expect(secondsLeft(key)).toBe(900);
      expect((await use(key)).status).toBe(200);
    }
    expect(new Set(keys.flatMap(({ access, secret }) => [access, secret])).size).toBe(6);
  });

  it.each([
    [900, 900],
    ['900', 900],
    [86_400, 86_400],
  ])('lasts as long as is asked for: %j', async (duration, seconds) => {
    stopClock();
    expect(secondsLeft(await credentialOf(byKey(bodyOf({ duration_seconds: duration }))))).toBe(seconds);
  });

  it('ends with the token that it came from', async () => {
    stopClock();
    const token = await tokenOf(ADMIN, {});
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 23 * 3_600_000 });
    expect(secondsLeft(await credentialOf(byToken(token, { duration_seconds: 86_400 })))).toBe(3_600);
  });

  it.each([
    ['a duration that is too short', bodyOf({ duration_seconds: 899 }), 'duration_seconds'],
    ['a duration that is too long', bodyOf({ duration_seconds: 86_401 }), 'duration_seconds'],
    ['a duration that is no whole number', bodyOf({ duration_seconds: 900.5 }), 'duration_seconds'],
    ['a duration that is no number', bodyOf({ duration_seconds: '15m' }), 'duration_seconds'],
    ['another method', bodyOf(undefined, undefined, ['hw_assume_role']), 'methods'],
    ['no method', bodyOf(undefined, undefined, 7), 'methods'],
    ['a policy that is none', bodyOf(undefined, { Version: '5.0' }), 'policy: Statement'],
    ['a policy with an unknown member', bodyOf(undefined, { ...NARROW, More: 1 }), 'policy: More'],
    [
      'a policy that is too long',
      bodyOf(undefined, {
        Version: '5.0',
        Statement: [{ Effect: 'Allow', Action: ['csms:*:*'], Sid: 'x'.repeat(2_048) }],
      }),
      'policy must have at most 2048 bytes',
    ],
    ['a policy that is a text', bodyOf(undefined, 'x' as never), ''],
    ['a policy that is a list', bodyOf(undefined, [] as never), ''],
    ['no body', {}, ''],
  ])('refuses %s', async (_, body, hint) => {
    const { json, status } = await byKey(body);
    expect([status, json.error.code, json.error.title]).toEqual([400, 400, 'Bad Request']);
    expect(json.error.message).toContain('The request body is invalid');
    expect(json.error.message).toContain(hint);
  });

  it('refuses what proves nobody', async () => {
    const send = async (headers: Record<string, string>, token?: object) =>
      (await shared.sendUnsigned({ method: 'POST', path: KEYS, headers, body: bodyOf(token) })).status;
    expect(await send({})).toBe(401);
    expect(await send({}, { id: 'x' })).toBe(401);
    expect(await send({ 'x-auth-token': 'x' }, { id: await tokenOf(ADMIN, {}) })).toBe(401);
    expect(await send({ authorization: 'SDK-HMAC-SHA256 x' }, { id: await tokenOf(ADMIN, {}) })).toBe(401);
    const revoked = await tokenOf(ADMIN, {});
    await shared.send({ method: 'DELETE', path: '/v3/auth/tokens', headers: { 'x-subject-token': revoked } });
    expect(await send({}, { id: revoked })).toBe(401);
  });

  it('gives temporary credentials no further ones', async () => {
    const first = await credentialOf(byKey());
    const answer = await use(first, { method: 'POST', path: KEYS, body: bodyOf() });
    expect([answer.status, answer.json.error.title]).toEqual([403, 'Forbidden']);
    // Nor does a security token count as a token.
    expect((await byToken(first.securitytoken)).status).toBe(401);
  });
});

describe('a temporary access key', () => {
  it('reaches what its token reaches', async () => {
    const key = await credentialOf(byToken(await tokenOf(ADMIN, { project: { id: ALPHA } })));
    const beta = { path: `/v1/${BETA}/secrets` };
    expect([(await use(key)).status, (await use(key, beta)).status]).toEqual([200, 403]);
    for (const wide of [await credentialOf(byToken(await tokenOf(ADMIN, {}))), await credentialOf(byKey())])
      expect([(await use(wide)).status, (await use(wide, beta)).status]).toEqual([200, 200]);
    const guest = await credentialOf(byKey(bodyOf(), GUEST));
    expect([(await use(guest)).status, (await use(guest, beta)).status]).toEqual([200, 403]);
  });

  it('takes its token signed or beside the signature, as Terraform sends it', async () => {
    const key = await credentialOf(byKey());
    expect((await useBeside(key, { 'x-security-token': key.securitytoken })).status).toBe(200);
  });

  it('is nothing without its token, with another’s, with a changed one, and with another secret', async () => {
    const [key, other] = [await credentialOf(byKey()), await credentialOf(byKey())];
    const without = await useBeside(key, {});
    expect(problem(without)).toEqual([401, 'APIGW.0301']);
    expect(without.json.error_msg).toContain(`Get secretKey failed,ak:${key.access},err:ak not exist`);
    for (const token of [other.securitytoken, `${key.securitytoken}A`, await tokenOf(ADMIN, {}), 'x']) {
      const answer = await useBeside(key, { 'x-security-token': token });
      expect(problem(answer)).toEqual([401, 'APIGW.0301']);
      expect(answer.json.error_msg).toBe('Incorrect IAM authentication information: decrypt token fail');
    }
    const stolen = await use({ ...key, secret: other.secret });
    expect(problem(stolen)).toEqual([401, 'APIGW.0301']);
    expect(stolen.json.error_msg).toContain('verify aksk signature fail');
    expect(stolen.json.error_msg).not.toContain(key.securitytoken);
    const asToken = { 'x-auth-token': key.securitytoken };
    expect((await shared.sendUnsigned({ method: 'GET', path: SECRETS, headers: asToken })).status).toBe(401);
  });

  it('leaves permanent keys without a token of any kind', async () => {
    const { securitytoken } = await credentialOf(byKey());
    const answer = await shared.send({
      method: 'GET',
      path: SECRETS,
      headers: { 'x-security-token': securitytoken },
    });
    expect(problem(answer)).toEqual([401, 'APIGW.0301']);
  });

  it('is good until the millisecond before it expires', async () => {
    stopClock();
    const key = await credentialOf(byKey());
    const at = async (afterMs: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(key.expires_at) + afterMs });
      return use(key);
    };
    expect((await at(-1)).status).toBe(200);
    expect(problem(await at(0))).toEqual([401, 'APIGW.0307']);
  });

  it('outlives a revocation of the token that it came from', async () => {
    const token = await tokenOf(ADMIN, {});
    const key = await credentialOf(byToken(token));
    await shared.send({ method: 'DELETE', path: '/v3/auth/tokens', headers: { 'x-subject-token': token } });
    expect((await use(key)).status).toBe(200);
  });

  it('may do what both its user’s policies and its own allow', async () => {
    const key = await credentialOf(byKey(bodyOf({}, NARROW)));
    expect((await use(key)).status).toBe(200);
    const body = { name: 'narrow', secret_string: 'x' };
    expect(problem(await use(key, { method: 'POST', body }))).toEqual([403, 'CSMS.0302']);
    const wide = {
      Version: '1.1',
      Statement: [{ Effect: 'Allow', Action: ['cts:*:*', 'csms:*:*', 'kms:*:*'] }],
    };
    const other = await credentialOf(byToken(await tokenOf(ADMIN, {}), {}, wide));
    expect((await use(other, { method: 'POST', body })).status).toBe(200);
    const traces = { Version: '5.0', Statement: [{ Effect: 'Allow', Action: ['cts:trace:list'] }] };
    expect((await use(await credentialOf(byKey(bodyOf({}, traces))))).status).toBe(403);
  });

  it('is worth nothing in another installation with the same root key and identities', async () => {
    const key = await credentialOf(byKey());
    const copy = await startTestServer({
      env: {
        CSMS_ROOT_KEY: `file:${join(shared.directory, 'root.key')}`,
        CSMS_IDENTITIES: join(shared.directory, 'identities.yaml'),
      },
    });
    const answer = await use(key, {}, copy);
    await copy.close();
    expect(problem(answer)).toEqual([401, 'APIGW.0301']);
  });
});

describe('what a temporary access key was obtained with', () => {
  const server = eachServer();
  const edit = async (change: (text: string) => string) => {
    const file = join(server.directory, 'identities.yaml');
    const text = readFileSync(file, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(file, change(text));
    await server.composed.reload();
  };
  const both = async () => {
    const [signed, byPassword] = [
      await credentialOf(byKey(bodyOf(), ADMIN, server)),
      await credentialOf(
        server.sendUnsigned({
          method: 'POST',
          path: KEYS,
          body: bodyOf({ id: await tokenOf(ADMIN, { project: { id: ALPHA } }, server) }),
        }),
      ),
    ];
    return async () => [(await use(signed, {}, server)).status, (await use(byPassword, {}, server)).status];
  };

  it('ends it: the access key, its secret, the password, the user', async () => {
    const statuses = await both();
    await edit((text) => text.replace(ADMIN.secretKey, 'AnotherSecretKeyOfAdmin0000000000000000'));
    expect(await statuses()).toEqual([401, 200]);
    await edit((text) => text.replace('AnotherSecretKeyOfAdmin0000000000000000', ADMIN.secretKey));
    expect(await statuses()).toEqual([200, 200]);
    await edit((text) => text.replace(ADMIN.accessKeyId, 'AKOTHER000000000001'));
    expect(await statuses()).toEqual([401, 200]);
    await edit((text) =>
      text.replace(/\$scrypt\$ln=10,r=8,p=1\$[^$]*/, '$scrypt$ln=10,r=8,p=1$c29kaXVtY2hsb3JpZGU'),
    );
    expect(await statuses()).toEqual([401, 401]);
  });

  it('ends it when the user or the access key is disabled', async () => {
    const statuses = await both();
    const key = `- ak: ${ADMIN.accessKeyId}\n`;
    await edit((text) => text.replace(key, `${key}            disabled: true\n`));
    expect(await statuses()).toEqual([401, 200]);
    await edit((text) =>
      text.replace('        name: admin\n', '        name: admin\n        disabled: true\n'),
    );
    expect(await statuses()).toEqual([401, 401]);
  });

  it('ends it when the user has another id, and when the project is not the user’s any more', async () => {
    const statuses = await both();
    await edit((text) => text.replace('          - local-1\n          - local-2\n', '          - local-2\n'));
    expect(await statuses()).toEqual([403, 401]);
    await edit((text) => text.replace(ADMIN.id, 'd5'.repeat(16)));
    expect(await statuses()).toEqual([401, 401]);
  });
});
