import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Answer } from '../../support/exchange.ts';
import {
  ADMIN,
  ALPHA,
  BETA,
  GUEST,
  OUTSIDER,
  shareServer,
  startTestServer,
  type TestUser,
} from '../../support/server.ts';
import { loginBody, ok, problem, stopClock } from '../calls.ts';

const server = shareServer({ env: { CSMS_REGION: 'region-7' } });
afterEach(() => void vi.useRealTimers());

const login = (body: unknown, query = '') =>
  server.sendUnsigned({ method: 'POST', path: `/v3/auth/tokens${query}`, body });
const tokenOf = async (user: TestUser, scope?: object) =>
  (await login(loginBody(user, scope))).headers['x-subject-token'] ?? '';
const withToken = (token: string, path: string) =>
  server.sendUnsigned({ method: 'GET', path, headers: { 'x-auth-token': token } });

describe('KeystoneCreateUserTokenByPassword', () => {
  it('returns 201 with the token in a header, and a body of the documented form', async () => {
    const answer = await login(loginBody(ADMIN, { project: { id: ALPHA } }));
    const domain = { id: ADMIN.domainId, name: 'acme' };
    const endpoint = (region: string, path: string) => ({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      interface: 'public',
      region,
      region_id: region,
      url: `http://csms.test${path}`,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-subject-token']).toMatch(/^[\x21-\x7e]{20,}$/);
    expect(answer.json).toEqual({
      token: {
        methods: ['password'],
        issued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/),
        expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/),
        user: { id: ADMIN.id, name: 'admin', domain, password_expires_at: '' },
        project: { id: ALPHA, name: 'local-1', domain },
        roles: [{ id: '0', name: 'everything' }],
        catalog: [
          { id: expect.any(String), name: 'kms', type: 'kms', endpoints: [endpoint('region-7', '/v1.0')] },
          { id: expect.any(String), name: 'csms', type: 'csms', endpoints: [endpoint('region-7', '/v1')] },
          { id: expect.any(String), name: 'iam', type: 'iam', endpoints: [endpoint('*', '/v3')] },
          { id: expect.any(String), name: 'keystone', type: 'identity', endpoints: [endpoint('*', '/v3')] },
        ],
      },
    });
    const { issued_at, expires_at } = answer.json.token;
    expect(Date.parse(expires_at) - Date.parse(issued_at)).toBe(86_400_000);
  });

  it('leaves the catalogue empty with nocatalog, whatever its value', async () => {
    for (const query of ['?nocatalog', '?nocatalog=', '?nocatalog=true', '?nocatalog=0']) {
      expect((await login(loginBody(ADMIN), query)).json.token.catalog).toEqual([]);
    }
  });

  it.each([
    ['a wrong password', loginBody(ADMIN, undefined, 'wrong')],
    ['an unknown user', loginBody({ ...ADMIN, name: 'nobody' })],
    ['an unknown domain', loginBody({ ...ADMIN, domainName: 'nowhere' })],
    ['the domain of others', loginBody({ ...ADMIN, domainName: 'globex' })],
  ])('has one answer for %s', async (_, body) => {
    const answer = await login(body);
    expect(answer.status).toBe(401);
    expect(answer.headers['x-subject-token']).toBeUndefined();
    expect(answer.json).toEqual({
      error: { code: 401, message: 'The username or password is wrong.', title: 'Unauthorized' },
    });
  });

  it.each([
    ['a project of others', loginBody(OUTSIDER, { project: { id: ALPHA } })],
    ['a project that the user does not reach', loginBody(GUEST, { project: { id: BETA } })],
    ['a project that is none', loginBody(GUEST, { project: { name: 'cn-north-4' } })],
  ])('does not call the password wrong for %s, and the log says what there is', async (_, body) => {
    const answer = await login(body);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      error: {
        code: 401,
        message: 'The user does not reach the project or domain of the scope.',
        title: 'Unauthorized',
      },
    });
    const line = server.logged().find(({ requestId }) => requestId === answer.headers['x-request-id']);
    expect(line?.reason).toMatch(/^no project \S+ in this domain \(there is: local-1\)$/);
  });

  it.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['null', 'null'],
    ['malformed JSON', '{"auth":'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('refuses %s without telling where', async (_, body) => {
    const answer = await login(body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: { code: 400, message: 'The request body is invalid', title: 'Bad Request' },
    });
  });

  it('takes the content type of the documents, and refuses others', async () => {
    const send = (type: string) =>
      server.sendUnsigned({
        method: 'POST',
        path: '/v3/auth/tokens',
        body: loginBody(ADMIN),
        headers: { 'content-type': type },
      });
    expect((await send('application/json;charset=utf8')).status).toBe(201);
    const refused = await send('text/plain');
    expect(refused.status).toBe(415);
    expect(refused.json.error).toMatchObject({ code: 415, title: 'Unsupported Media Type' });
  });

  it('refuses a body without a content type, as a page of another site could send it', async () => {
    const { host } = new URL(server.baseUrl);
    const send = (headers: Record<string, string>) =>
      server.app.inject({
        method: 'POST',
        url: '/v3/auth/tokens',
        headers: { host, ...headers },
        payload: Buffer.from(JSON.stringify(loginBody(ADMIN))),
      });
    expect((await send({})).statusCode).toBe(415);
    expect((await send({ 'content-type': 'application/json' })).statusCode).toBe(201);
  });

  it('slows a user down after ten failures from this address, and says for how long', async () => {
    stopClock();
    const guess = () => login(loginBody(GUEST, undefined, 'wrong'));
    for (let count = 0; count < 10; count += 1) expect((await guess()).status).toBe(401);
    const slowed = await login(loginBody(GUEST));
    expect(slowed.status).toBe(429);
    expect(['5', '6']).toContain(slowed.headers['retry-after']);
    expect(slowed.json.error).toMatchObject({ code: 429, title: 'Too Many Requests' });
    expect((await login(loginBody(OUTSIDER))).status).toBe(201);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6_000 });
    expect((await login(loginBody(GUEST))).status).toBe(201);
  });
});

describe('a token', () => {
  const secrets = (project: string) => `/v1/${project}/secrets`;

  it('opens the project that it was made for, and no other', async () => {
    const token = await tokenOf(ADMIN, { project: { id: ALPHA } });
    expect((await withToken(token, secrets(ALPHA))).status).toBe(200);
    expect(problem(await withToken(token, secrets(BETA)))).toEqual([403, 'APIGW.0302']);
  });

  it('is worth nothing in another installation with the same root key and identities', async () => {
    const token = await tokenOf(ADMIN, { project: { id: ALPHA } });
    const copy = await startTestServer({
      env: {
        CSMS_ROOT_KEY: `file:${join(server.directory, 'root.key')}`,
        CSMS_IDENTITIES: join(server.directory, 'identities.yaml'),
      },
    });
    const headers = { 'x-auth-token': token };
    const answer = await copy.sendUnsigned({ method: 'GET', path: secrets(ALPHA), headers });
    await copy.close();
    expect(problem(answer)).toEqual([401, 'APIGW.0301']);
  });

  it('ends after 24 hours', async () => {
    const token = await tokenOf(ADMIN, { project: { id: ALPHA } });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 + 1_000 });
    const answer = await withToken(token, secrets(ALPHA));
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      error_msg: 'The token must be updated.',
      error_code: 'APIGW.0307',
      request_id: answer.headers['x-request-id'],
    });
  });

  it('of another make is refused', async () => {
    const answer = await withToken('MIIEbwYJKoZIhvcNAQcCoIIEYDCCBFw', secrets(ALPHA));
    expect(problem(answer)).toEqual([401, 'APIGW.0301']);
    expect(answer.json.error_msg).toBe('Incorrect IAM authentication information: decrypt token fail');
  });
});

describe('a token for a token', () => {
  const exchange = (token: string, scope?: object) =>
    login({ auth: { identity: { methods: ['token'], token: { id: token } }, ...(scope && { scope }) } });

  it('opens a project with one that has no scope', async () => {
    const answer = await exchange(await tokenOf(ADMIN), { project: { id: BETA } });
    expect(answer.status).toBe(201);
    expect(answer.json.token).toMatchObject({ methods: ['token'], project: { id: BETA } });
    const token = answer.headers['x-subject-token'] ?? '';
    expect((await withToken(token, `/v1/${BETA}/secrets`)).status).toBe(200);
    expect((await withToken(token, `/v1/${ALPHA}/secrets`)).status).toBe(403);
  });

  it('is refused in the family of the identity service', async () => {
    const refused = await exchange('MIIEbwYJKoZIhvcNAQcCoIIEYDCCBFw');
    expect(refused.status).toBe(401);
    expect(refused.json.error).toMatchObject({ code: 401, title: 'Unauthorized' });
    expect(refused.json.error.message).toContain('decrypt token fail');
    const other = await exchange(await tokenOf(ADMIN, { project: { id: ALPHA } }), { project: { id: BETA } });
    expect(other.status).toBe(401);
    expect(other.headers['x-subject-token']).toBeUndefined();
  });
});

describe('a project of others in the path', () => {
  const refuse = async (send: () => Promise<Answer>): Promise<unknown> => {
    const answer = await send();
    expect(problem(answer)).toEqual([403, 'APIGW.0302']);
    expect(answer.json.error_msg).toBe('The IAM user is not authorized to access the API.');
    return server.logged().find(({ requestId }) => requestId === answer.headers['x-request-id'])?.reason;
  };

  it('is logged, with those that there are', async () => {
    const path = `/v1/${BETA}/secrets`;
    expect(await refuse(() => server.send({ method: 'GET', path }, GUEST))).toBe(
      `project ${BETA} is none of the caller's; the user's: ${ALPHA}`,
    );
    const scoped = await tokenOf(ADMIN, { project: { id: ALPHA } });
    expect(await refuse(() => withToken(scoped, path))).toContain(`the token's: ${ALPHA}`);
    const unscoped = await tokenOf(ADMIN);
    expect(await refuse(() => withToken(unscoped, path))).toContain('the token has none');
    const headers = { 'x-project-id': ALPHA };
    expect(await refuse(() => server.send({ method: 'GET', path, headers }))).toBe(
      'X-Project-Id names another project than the path',
    );
  });
});

describe('KeystoneListProjects', () => {
  const listed = (id: string, name: string, domain: string) => ({
    id,
    name,
    domain_id: domain,
    parent_id: domain,
    is_domain: false,
    enabled: true,
    description: '',
    links: { self: `http://csms.test/v3/projects/${id}` },
  });

  it('lists the caller’s projects in the order of the identities file', async () => {
    const answer = await server.send({ method: 'GET', path: '/v3/projects' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      projects: [listed(ALPHA, 'local-1', ADMIN.domainId), listed(BETA, 'local-2', ADMIN.domainId)],
      links: { self: 'http://csms.test/v3/projects', next: null, previous: null },
    });
  });

  it('logs which there are, and tells the client by what to ask for the line', async () => {
    const answer = await server.send({ method: 'GET', path: '/v3/projects?name=local-3' });
    expect(answer.headers['x-iam-trace-id']).toBe(answer.headers['x-request-id']);
    const refused = await server.sendUnsigned({ method: 'GET', path: '/v3/projects' });
    expect(refused.headers['x-iam-trace-id']).toBe(refused.headers['x-request-id']);
    const lines = server.logged().filter(({ requestId }) => requestId === answer.headers['x-request-id']);
    expect(lines.find(({ projects }) => projects !== undefined)?.projects).toEqual(['local-1', 'local-2']);
  });

  it('logs a few of many, and nothing where none was asked for by name', async () => {
    const own = await startTestServer();
    const file = join(own.directory, 'identities.yaml');
    const named = async (path: string) => {
      const { headers } = await own.send({ method: 'GET', path }, GUEST);
      const lines = own.logged().filter(({ requestId }) => requestId === headers['x-request-id']);
      return lines.find(({ projects }) => projects !== undefined)?.projects;
    };
    const change = (edit: (guest: { projects: string[] }, acme: { projects: object[] }) => void) => {
      const text = parse(readFileSync(file, 'utf8'));
      edit(text.domains[0].users[1], text.domains[0]);
      writeFileSync(file, stringify(text));
      return own.composed.reload();
    };
    try {
      await change((guest, acme) => {
        for (let n = 10; n < 40; n += 1) {
          acme.projects.push({ id: `${n}`.repeat(16), name: `p${n}` });
          guest.projects.push(`p${n}`);
        }
      });
      expect(await named('/v3/projects?name=p9')).toEqual(['local-1', 'p10', 'p11', 'p12', 'p13']);
      await change((guest) => {
        guest.projects = [];
      });
      expect(await named('/v3/projects?name=p9')).toEqual([]);
      expect(await named('/v3/projects')).toBeUndefined();
    } finally {
      await own.close();
    }
  });

  it('is there under its other name', async () => {
    const token = await tokenOf(ADMIN);
    const answer = await withToken(token, '/v3/auth/projects');
    expect(ok(answer).projects).toEqual(ok(await withToken(token, '/v3/projects')).projects);
    expect(answer.json.links.self).toBe('http://csms.test/v3/auth/projects');
  });

  it('finds one by name in a signed GET with the body {}, as one SDK sends it', async () => {
    const answer = await server.send({ method: 'GET', path: '/v3/projects?name=local-2', body: {} });
    expect(answer.json.projects.map(({ id }: { id: string }) => id)).toEqual([BETA]);
  });

  it('refuses a name that is too long or doubled', async () => {
    for (const query of [`name=${'x'.repeat(65)}`, 'name=a&name=b']) {
      const answer = await server.send({ method: 'GET', path: `/v3/projects?${query}` });
      expect(answer.status).toBe(400);
      expect(answer.json.error_msg).toContain('name');
    }
  });
});

describe('KeystoneListAuthDomains', () => {
  it('lists the domain of the caller alone', async () => {
    const answer = await server.send({ method: 'GET', path: '/v3/auth/domains' }, OUTSIDER);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      domains: [
        {
          id: OUTSIDER.domainId,
          name: 'globex',
          enabled: true,
          description: '',
          links: { self: `http://csms.test/v3/domains/${OUTSIDER.domainId}` },
        },
      ],
      links: { self: 'http://csms.test/v3/auth/domains', next: null, previous: null },
    });
  });
});

describe('KeystoneListUsers', () => {
  it('lists the caller alone, by name or not at all', async () => {
    const list = (query = '') => server.send({ method: 'GET', path: `/v3/users${query}` }, GUEST);
    const users = [
      {
        id: GUEST.id,
        name: 'guest',
        domain_id: GUEST.domainId,
        password_expires_at: '',
        enabled: true,
        description: '',
        links: { self: `http://csms.test/v3/users/${GUEST.id}` },
      },
    ];
    const links = { self: 'http://csms.test/v3/users', next: null, previous: null };
    expect((await list()).json).toEqual({ users, links });
    expect((await list('?name=guest')).json).toEqual({ users, links });
    expect((await list('?name=admin')).json).toEqual({ users: [], links });
  });
});

describe('KeystoneValidateToken', () => {
  const show = (subject: string | undefined, query = '') =>
    server.send({
      method: 'GET',
      path: `/v3/auth/tokens${query}`,
      ...(subject !== undefined && { headers: { 'x-subject-token': subject } }),
    });

  it('returns what the login returned, with the token in a header', async () => {
    const issued = await login(loginBody(GUEST, { project: { id: ALPHA } }));
    const token = issued.headers['x-subject-token'] ?? '';
    const answer = await show(token);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-subject-token']).toBe(token);
    expect(answer.json).toEqual(issued.json);
    expect((await show(token, '?nocatalog')).json.token.catalog).toEqual([]);
  });

  it.each([undefined, '', 'x', 'x'.repeat(5_000)])(
    'has one answer for what is no token: %s',
    async (subject) => {
      const answer = await show(subject);
      expect(answer.status).toBe(404);
      expect(answer.headers['x-subject-token']).toBeUndefined();
      expect(answer.json).toEqual({
        error: { code: 404, message: 'X-Subject-Token is invalid in the request', title: 'Not Found' },
      });
    },
  );

  it('needs credentials of its own', async () => {
    const answer = await server.sendUnsigned({ method: 'GET', path: '/v3/auth/tokens' });
    expect(answer.status).toBe(401);
    expect(answer.json.error).toMatchObject({ code: 401, title: 'Unauthorized' });
  });
});
