import { beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../support/answers.ts';
import { familyOf } from '../support/requests.ts';
import {
  ADMIN,
  ALPHA,
  BETA,
  GAMMA,
  GUEST,
  OUTSIDER,
  shareServer,
  startTestServer,
} from '../support/server.ts';
import { BAD_BODY, callsOf, INVALID, ok, problem } from './calls.ts';

const server = shareServer();
beforeAll(async () => {
  await acme.create('db', { secret_string: 'x' });
});
const acme = callsOf(server);
const LIST = `/v1/${ALPHA}/secrets`;
const FORBIDDEN = [403, 'APIGW.0302'] as const;

/** The declared operations with their parameters filled in. */
async function operations() {
  const { paths } = await openapiDocument();
  const values: Readonly<Record<string, string>> = {
    project_id: ALPHA,
    secret_name: 'db',
    version_id: 'v1',
    stage_name: 's',
  };
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => ({
      operationId,
      template,
      method: method.toUpperCase(),
      path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name),
      isOpen: security?.length === 0,
    })),
  );
}

describe('who is calling', () => {
  it('is asked by every operation but health, the versions and login', async () => {
    const all = await operations();
    expect(all.filter(({ isOpen }) => isOpen).map(({ path }) => path)).toEqual([
      '/healthz',
      '/readyz',
      '/v3',
      '/v3.0/OS-AUTH/id-token/tokens',
      '/v3/auth/tokens',
    ]);
    // A token may be in its body.
    const isInBody = (path: string) => path === '/v3.0/OS-CREDENTIAL/securitytokens';
    for (const { method, path } of all.filter((one) => !one.isOpen && !isInBody(one.path))) {
      const body = method === 'GET' ? {} : { body: 'no JSON' };
      const answer = await server.sendUnsigned({ method, path, ...body });
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      // The identity service’s own shape is checked in its own test.
      if (path === '/v3/auth/tokens') continue;
      const { error, ...flat } = answer.json;
      expect(flat).toEqual({
        error_msg: 'Incorrect IAM authentication information: x-auth-token not found',
        error_code: 'APIGW.0301',
        request_id: answer.headers['x-request-id'],
      });
      expect(Object.keys(flat)).toEqual(['error_msg', 'error_code', 'request_id']);
      // Some families repeat it where their documents put it.
      const { error_code: code, error_msg: message } = flat;
      if (error !== undefined) expect(error).toEqual({ ...flat, code, message });
    }
  });

  it.each([
    ['an unknown scheme', { authorization: 'Bearer abc' }, 'APIGW.0301', 'decrypt token fail'],
    [
      'a scheme of ours that cannot be read',
      { authorization: 'SDK-HMAC-SHA256 Access=a' },
      'APIGW.0305',
      'missing',
    ],
    ['an unknown access key', undefined, 'APIGW.0301', 'Get secretKey failed,ak:AKNOBODY,err:ak not exist'],
  ])('is refused with %s', async (_, headers, code, text) => {
    const request = { method: 'GET', path: LIST };
    const answer = headers
      ? await server.sendUnsigned({ ...request, headers })
      : await server.send(request, { ...ADMIN, accessKeyId: 'AKNOBODY' });
    expect(problem(answer)).toEqual([401, code]);
    expect(answer.json.error_msg).toContain(text);
  });

  it('is refused with a wrong key, a changed body, query, path or method, and nothing is changed', async () => {
    const request = { method: 'POST', path: LIST, body: { name: 'forged', secret_string: 'x' } };
    const headers = server.sign(request);
    const sendAs = (change: object) => server.sendUnsigned({ ...request, headers, ...change });
    const answers = [
      await server.send(request, { ...ADMIN, secretKey: GUEST.secretKey }),
      await sendAs({ body: { name: 'forged', secret_string: 'y' } }),
      await sendAs({ path: `${LIST}?limit=1` }),
      await sendAs({ path: `/v1/${BETA}/secrets` }),
      await sendAs({ path: `${LIST}/db`, method: 'PUT' }),
    ];
    expect(answers.map(problem)).toEqual(answers.map(() => [401, 'APIGW.0301']));
    expect((await acme.get('/forged')).status).toBe(404);
    expect((await sendAs({})).status).toBe(200);
  });

  it('may leave the body out of the signature, unless the operator refuses that', async () => {
    const strict = await startTestServer({ env: { CSMS_UNSIGNED_PAYLOAD: 'refuse' } });
    const headers = { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' };
    const request = { method: 'POST', path: LIST, body: { name: 'unsigned', secret_string: 'x' }, headers };
    const [allowed, refused] = [await server.send(request), await strict.send(request)];
    await strict.close();
    expect(allowed.status).toBe(200);
    expect(problem(refused)).toEqual([401, 'APIGW.0301']);
    expect(refused.json.error_msg).toContain('UNSIGNED-PAYLOAD is refused');
  });
});

describe('the project', () => {
  it.each([
    ['of another domain', ADMIN, GAMMA],
    ['of the own domain that the user does not reach', GUEST, BETA],
    ['that does not exist', ADMIN, '9'.repeat(32)],
    ['in capitals', ADMIN, ALPHA.toUpperCase()],
    ['that is only a dash', ADMIN, '-'],
  ])('%s is forbidden, in every operation', async (_, user, project) => {
    for (const operation of (await operations()).filter((entry) => entry.path.includes(ALPHA))) {
      const { method, path } = operation;
      const answer = await server.send({ method, path: path.replace(ALPHA, project) }, user);
      expect([method, path, ...problem(answer)]).toEqual([method, path, ...FORBIDDEN]);
      expect(answer.json).toMatchObject({
        error_msg: 'The IAM user is not authorized to access the API.',
        error_code: 'APIGW.0302',
        request_id: answer.headers['x-request-id'],
      });
      const { error, ...flat } = answer.json;
      if (familyOf(operation) === 'flat') expect(error, path).toBeUndefined();
      else expect(error, path).toEqual({ ...flat, code: flat.error_code, message: flat.error_msg });
    }
  });

  it('keeps secrets apart, of one name too', async () => {
    const [beta, outsider] = [callsOf(server, ADMIN, BETA), callsOf(server, OUTSIDER, GAMMA)];
    await beta.create('db', { secret_string: 'of beta' });
    await outsider.create('db', { secret_string: 'of gamma' });
    const latestOf = async (calls: typeof acme) =>
      ok(await calls.get('/db/versions/latest')).version.secret_string;
    expect([await latestOf(acme), await latestOf(beta), await latestOf(outsider)]).toEqual([
      'x',
      'of beta',
      'of gamma',
    ]);
  });

  it('must be the one that X-Project-Id names', async () => {
    const withHeader = (id: string) =>
      server
        .send({ method: 'GET', path: LIST, headers: { 'x-project-id': id } })
        .then(({ status }) => status);
    expect(await withHeader(ALPHA)).toBe(200);
    expect(await withHeader('')).toBe(200);
    expect(await withHeader(BETA)).toBe(403);
    expect(await withHeader(ALPHA.toUpperCase())).toBe(403);
  });

  it('that was never filled in gives an error that names the cause', async () => {
    const answer = await server.send({ method: 'GET', path: '/v1/%7Bproject_id%7D/secrets' });
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain('the client was built without a project id');
  });
});

/** Methods of the templates that have parameters where this one has words: `/secrets/restore` is a secret too. */
function methodsReaching(paths: Readonly<Record<string, object>>, template: string): string[] {
  const words = template.split('/');
  return Object.entries(paths).flatMap(([other, methods]) => {
    const others = other.split('/');
    const fits = others.every((word, at) => word === words[at] || word.startsWith('{'));
    return fits && others.length === words.length ? Object.keys(methods) : [];
  });
}

describe('the route', () => {
  const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

  it('returns 405 with the allowed methods for every other method, with and without credentials', async () => {
    const { paths } = await openapiDocument();
    for (const [template, methods] of Object.entries(paths)) {
      const path = template.replace('{project_id}', ALPHA).replaceAll(/\{\w+\}/g, 'db');
      const isHealth = template === '/healthz' || template === '/readyz';
      const known = [
        ...Object.keys(methods),
        ...methodsReaching(paths, template),
        ...(isHealth ? ['head'] : []),
      ];
      const allowed = [...new Set(known)].map((method) => method.toUpperCase());
      for (const method of METHODS.filter((candidate) => !allowed.includes(candidate))) {
        for (const answer of [
          await server.sendUnsigned({ method, path }),
          await server.send({ method, path }),
        ]) {
          expect([method, path, answer.status]).toEqual([method, path, 405]);
          expect(answer.headers.allow).toBe(allowed.sort().join(', '));
          if (method === 'HEAD') continue;
          expect(answer.json).toEqual({
            error_msg: 'The API does not exist.',
            error_code: 'APIGW.0101',
            request_id: answer.headers['x-request-id'],
          });
        }
      }
    }
  });

  it.each([
    '/',
    '/v1',
    `/v1/${ALPHA}`,
    `/v2/${ALPHA}/secrets`,
    `/v1/${ALPHA}/SECRETS`,
    `/v1/${ALPHA}/secrets/db/versions/v1/value`,
    `/v1/${ALPHA}/secrets/db/scheduled-deleted-tasks`,
    '/v3/auth',
    '/favicon.ico',
    '/../etc/passwd',
  ])('%s does not exist', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await server.sendUnsigned({ method, path });
      expect(answer.status).toBe(404);
      expect(answer.json).toEqual({
        error_msg: 'The API does not exist or has not been published in the environment.',
        error_code: 'APIGW.0101',
        request_id: answer.headers['x-request-id'],
      });
    }
  });

  it.each([
    '/v1//secrets',
    `/v1/${ALPHA}/secrets/`,
    `/v1/${ALPHA}//secrets`,
    `${LIST}/db/versions//`,
    `${LIST}/db/`,
  ])('%s is refused in the usual shape, and not redirected', async (path) => {
    const answer = await server.send({ method: 'GET', path });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.location).toBeUndefined();
  });
});

describe('missing things', () => {
  it('get the published table’s 400 when the operator wants that', async () => {
    const published = await startTestServer({ env: { CSMS_NOT_FOUND_STATUS: '400' } });
    const calls = callsOf(published);
    await calls.create('db');
    const answers = [
      await calls.get('/absent'),
      await calls.get('/db/versions/v9'),
      await calls.get('/db/stages/none'),
      await calls.remove('/absent'),
      await published.sendUnsigned({ method: 'GET', path: '/nowhere' }),
    ];
    await published.close();
    expect(answers.map(problem)).toEqual([
      [400, 'CSMS.0106'],
      [400, 'CSMS.0005'],
      [400, 'CSMS.0005'],
      [400, 'CSMS.0106'],
      [404, 'APIGW.0101'],
    ]);
  });
});

describe('the order of checks', () => {
  const body = '{"name":';

  it('is media type, credentials, project, body, fields, secret', async () => {
    const at = `${LIST}/absent/versions`;
    const text = { 'content-type': 'text/plain' };
    const json = { 'content-type': 'application/json' };
    const send = (request: object, user = ADMIN) =>
      server.send({ method: 'POST', path: at, ...request }, user);
    const outcomes = [
      await server.sendUnsigned({ method: 'POST', path: at, body, headers: text }),
      await server.sendUnsigned({ method: 'POST', path: at, body, headers: json }),
      await send({ body, path: at.replace(ALPHA, GAMMA) }),
      await send({ body }),
      await send({ body: { secret_string: 1 } }),
      await send({ body: { secret_string: 'x' } }),
    ];
    expect(outcomes.map(({ status }) => status)).toEqual([415, 401, 403, 400, 400, 404]);
    expect(problem(outcomes[3]!)).toEqual(BAD_BODY);
    expect(problem(outcomes[4]!)).toEqual(INVALID);
  });
});

describe('request ids', () => {
  it('are the server’s own, and never the client’s', async () => {
    const request = {
      method: 'GET',
      path: LIST,
      headers: { 'x-request-id': 'f'.repeat(32), 'request-id': 'mine' },
    };
    const ids = [await server.send(request), await server.send(request)].map(
      ({ headers }) => headers['x-request-id'],
    );
    expect(new Set([...ids, 'f'.repeat(32)]).size).toBe(3);
  });
});
