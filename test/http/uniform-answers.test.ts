import { beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument } from '../support/answers.ts';
import { ALPHA, shareServer } from '../support/server.ts';
import { callsOf, ok, problem } from './calls.ts';

const PATH_VALUES: Readonly<Record<string, string>> = { project_id: ALPHA, secret_name: 'db' };

const operations = Object.entries((await openapiDocument()).paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    operation,
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => PATH_VALUES[name] ?? 'x1'),
  })),
);

const server = shareServer();
beforeAll(async () => {
  await acme.create('db');
});
const acme = callsOf(server);
const reasonOf = (requestId: string | undefined) =>
  server.logged().find((line) => line.requestId === requestId)?.reason;

describe('every operation', () => {
  it('returns JSON with each success but 204, which has no body', () => {
    const wrong = operations.flatMap(({ operation, operationId }) =>
      Object.entries(operation.responses)
        .filter(([status]) => status.startsWith('2'))
        .filter(([status, { content }]) => (content === undefined) !== (status === '204'))
        .map(([status]) => `${operationId} ${status}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('a number in a query', () => {
  const cases = operations.flatMap((target) =>
    (target.operation.parameters ?? [])
      .filter(({ in: place, schema }) => place === 'query' && [schema.type].flat().includes('integer'))
      .map(({ name }) => ({ ...target, name })),
  );
  const GOOD = '10';

  const ask = ({ method, path, operation }: (typeof cases)[number], name: string, value: string) => {
    const required = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && parameter.required && parameter.name !== name)
      .map((parameter) => `${parameter.name}=${GOOD}`);
    return server.send({ method, path: `${path}?${[...required, `${name}=${value}`].join('&')}` });
  };

  it('is there to be read', () => expect(cases.length).toBeGreaterThan(5));

  it.each(cases)('is made of decimal digits alone: $operationId, $name', async (target) => {
    for (const value of [
      '1e1',
      '0xa',
      '0b11',
      '0o17',
      '+10',
      '%2B10',
      '-10',
      '10.0',
      '%2010',
      '10%20',
      '%20',
      '',
      '1_0',
      '10n',
      '%EF%BC%91',
      'Infinity',
      '9'.repeat(16),
      '9'.repeat(400),
    ]) {
      const answer = await ask(target, target.name, value);
      expect([answer.status, value]).toEqual([400, value]);
      expect(answer.json.error_msg, value).toContain(target.name);
    }
    for (const value of [GOOD, '0010']) {
      expect((await ask(target, target.name, value)).status, value).not.toBe(400);
    }
  });
});

describe('a path with a slash at its end', () => {
  it.each([
    ['POST', `/v1/${ALPHA}/secrets/`],
    ['POST', `/v1/${ALPHA}/secrets/?limit=10`],
    ['GET', `/v1/${ALPHA}/secrets/db/`],
    ['GET', '/healthz/'],
    ['POST', '/v3/auth/tokens/'],
  ])('is no path, and the answer says why: %s %s', async (method, path) => {
    const answer = await server.sendUnsigned({ method, path });
    expect(answer.status).toBe(404);
    expect(answer.json.error_code).toBe('APIGW.0101');
    expect(answer.json.error_msg).toContain('ends with a slash');
  });

  it.each([
    ['GET', '/', 'secret_name'],
    ['GET', '/?limit=10', 'secret_name'],
    ['DELETE', '/', 'secret_name'],
    ['GET', '/db/versions/', 'version_id'],
    ['PUT', '/db/stages/', 'stage_name'],
  ])('has an empty parameter, and the answer says so: %s %s', async (method, path, name) => {
    const answer = await server.send({ method, path: `/v1/${ALPHA}/secrets${path}` });
    expect(problem(answer)).toEqual([400, 'CSMS.0002']);
    expect(answer.json.error_msg).toContain(`${name} is empty: the path ends with a slash`);
  });

  it('is one when the slash belongs to a parameter', async () => {
    expect((await acme.get('/db%2F')).status).toBe(400);
  });
});

describe('an operation that clients know and this server has not', () => {
  it.each([
    [`/v1.0/${ALPHA}/kms/sign`, 'sign'],
    [`/v1.0/${ALPHA}/kms/get-publickey`, 'get-publickey'],
    [`/v1.0/${ALPHA}/keystores`, 'dedicated keystores'],
    ['/v5/users', 'version 5 of the identity service'],
    ['/v1.0', 'the list of API versions'],
  ])('is named in the log: %s', async (path, name) => {
    const answer = await server.send({ method: 'POST', path, body: {} });
    expect(answer.status).toBe(404);
    expect(reasonOf(answer.headers['x-request-id'])).toContain(`this server does not: ${name}`);
  });

  it('is distinguished from an unknown path', async () => {
    const answer = await server.send({ method: 'POST', path: `/v1.0/${ALPHA}/kms/canary` });
    expect(reasonOf(answer.headers['x-request-id'])).toBeUndefined();
  });
});

describe('what is missing', () => {
  it.each([
    ['GET', '/db/versions/v99', undefined, 'There is no such version.'],
    ['PUT', '/db/stages/blue', { version_id: 'v9' }, 'There is no such version.'],
    ['DELETE', '/db/stages/nope', undefined, 'There is no such stage.'],
    ['GET', '/db/stages/nope', undefined, 'There is no such stage.'],
  ])('is named: %s %s', async (method, path, body, sentence) => {
    const answer = await server.send({ method, path: `/v1/${ALPHA}/secrets${path}`, ...(body && { body }) });
    expect(answer.status).toBe(404);
    const error_msg = `The resource does not exist. ${sentence}`;
    expect(answer.json).toEqual({ error_code: 'CSMS.0005', error_msg });
  });
});

describe('an expiry in seconds', () => {
  it('is taken as it stands, with a warning in the log', async () => {
    const seconds = 1_893_456_000;
    ok(await acme.put('/db/versions/v1', { expire_time: seconds }));
    ok(await acme.post('/db/versions', { secret_string: 'x', expire_time: seconds }));
    ok(await acme.put('/db/versions/v1', { expire_time: seconds * 1_000 }));
    const warnings = server.logged().filter(({ level }) => level === 40);
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) {
      expect(warning).toMatchObject({ secretName: 'db', expireTimeMs: seconds });
      expect(warning.msg).toContain('before the year 2000');
    }
  });
});
