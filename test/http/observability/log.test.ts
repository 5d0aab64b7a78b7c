import Fastify, { LogController } from 'fastify';
import pino from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { SecretError } from '../../../src/core/errors.ts';
import { logRequest } from '../../../src/http/observability/log.ts';
import { createErrorHandler } from '../../../src/http/requests/error-handler.ts';
import { ADMIN, ALPHA, GAMMA, shareServer } from '../../support/server.ts';
import { callsOf } from '../calls.ts';

const server = shareServer();
beforeAll(async () => {
  await acme.create('db', { secret_string: 'x' });
});
const acme = callsOf(server);
const LIST = `/v1/${ALPHA}/secrets`;
const lastLine = () => server.logged().at(-1)!;

describe('the line of a request', () => {
  it('has the route’s pattern, the secret and the caller, and nothing else', async () => {
    const answer = await acme.get('/db/versions/v1');
    expect(lastLine()).toEqual({
      level: 30,
      time: expect.any(Number),
      requestId: answer.headers['x-request-id'],
      method: 'GET',
      route: '/v1/:project_id/secrets/:secret_name/versions/:version_id',
      projectId: ALPHA,
      secretName: 'db',
      user: ADMIN.name,
      userId: ADMIN.id,
      accessKeyId: ADMIN.accessKeyId,
      address: '127.0.0.1',
      status: 200,
      durationMs: expect.any(Number),
      msg: 'request',
    });
  });

  it('names the secret that is made', async () => {
    await acme.create('made', { secret_string: 'x' });
    expect(lastLine()).toMatchObject({ method: 'POST', secretName: 'made', status: 200 });
  });

  it('names no project, route or secret that only the caller has named', async () => {
    await server.send({ method: 'GET', path: '/v1/canary-of-the-url/secrets?canary-of-the-query=1' });
    await server.send({ method: 'GET', path: `/v1/${GAMMA}/secrets/canary-of-the-url` });
    await server.sendUnsigned({ method: 'GET', path: '/canary-of-the-url?canary-of-the-query=1' });
    await server.sendUnsigned({ method: 'DELETE', path: `${LIST}/canary-of-the-url` });
    const wrong = { ...ADMIN, secretKey: 'canary-of-the-key' };
    await server.send({ method: 'GET', path: `${LIST}/canary-of-the-url?marker=canary-of-the-query` }, wrong);
    await server.send({ method: 'GET', path: LIST }, { ...ADMIN, accessKeyId: 'canary-of-the-header' });
    const lines = server.logText().split('\n');
    expect(lines.filter((line) => line.includes('canary-of'))).toEqual([]);
  });

  it('names no secret that cannot be one, and no field that the caller has made up', async () => {
    await acme.get('/canary%0Aname');
    await acme.post('', { name: 'canary name', secret_string: 'x' });
    await acme.post('/checker/check', { type: '1', data: { 'canary-key': 1 } });
    expect(lastLine()).toMatchObject({ status: 400, errorCode: 'CSMS.0002' });
    expect(server.logText()).not.toContain('canary');
  });
});

describe('the line of a refusal', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    [
      'a missing secret',
      () => acme.get('/none'),
      { status: 404, errorCode: 'CSMS.0106', secretName: 'none' },
    ],
    [
      'a wrong field',
      () => acme.post('', { name: 'x', secret_string: 1 }),
      { status: 400, errorCode: 'CSMS.0002', reason: 'secret_string must be string or null.' },
    ],
    [
      'no credentials',
      () => server.sendUnsigned({ method: 'GET', path: LIST }),
      { status: 401, errorCode: 'APIGW.0301', reason: 'the request has no credentials' },
    ],
    [
      'an unknown access key',
      () => server.send({ method: 'GET', path: LIST }, { ...ADMIN, accessKeyId: 'AKNOBODY' }),
      { status: 401, reason: 'the access key is not known' },
    ],
    [
      'a wrong secret key',
      () => server.send({ method: 'GET', path: LIST }, { ...ADMIN, secretKey: 'wrong' }),
      { status: 401, reason: 'verify aksk signature fail' },
    ],
    [
      'no such path',
      () => server.sendUnsigned({ method: 'GET', path: '/no' }),
      { status: 404, errorCode: 'APIGW.0101' },
    ],
  ])('has the code and the reason: %s', async (_, send, wanted) => {
    await send();
    expect(lastLine()).toMatchObject(wanted);
  });
});

/** A server that answers with this error, and what it logs. */
async function linesFor(
  error: SecretError,
  { level = 'info', user = 'u' } = {},
): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const log = pino({ level, base: null }, stream);
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
  });
  app.setErrorHandler(createErrorHandler({ notFoundStatus: 404 }));
  app.addHook('onRequest', async (request) => {
    request.caller = {
      world: 'main',
      domainId: '',
      userId: '',
      userName: user,
      projectIds: new Set(),
      method: 'token',
      accessKeyId: undefined,
    };
  });
  app.addHook('onResponse', async (request, reply) => {
    const requestLog = { levelMin: log.levelVal, ...stream };
    logRequest(requestLog, request, {
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
      refusal: request.refusal,
      labels: {
        url: '/',
        operation: 'none',
        bodyBytesMax: undefined,
        isOpen: false,
        isBodyOptional: false,
        responseBytes: undefined,
        changeResponseBytes: undefined,
      },
    });
  });
  app.get('/', async () => {
    throw error;
  });
  await app.inject('/');
  await app.close();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a failure of the server', () => {
  it.each(['storage-full', 'unavailable'] as const)(
    'is one line and no stack when it is %s',
    async (code) => {
      const lines = await linesFor(new SecretError(code, '', { logReason: '1 MiB is left, 64 are needed' }));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ level: 40, msg: 'request', reason: '1 MiB is left, 64 are needed' });
      expect(lines[0]).not.toHaveProperty('stack');
    },
  );

  it('comes with a stack when nobody expected it', async () => {
    const lines = await linesFor(new SecretError('internal'));
    expect(lines.map(({ msg }) => msg)).toEqual(['request failed', 'request']);
    expect(lines[0]).toHaveProperty('stack');
  });
});

describe('what is logged', () => {
  it('is escaped, whatever it holds', async () => {
    const name = '"},{"level":60,"msg":"forged\n\u2028\u001b[31m\\';
    const [line] = await linesFor(new SecretError('secret-not-found', name), { user: name });
    expect(line).toMatchObject({ user: name, reason: name, status: 404 });
  });

  it('is what the level asks for', async () => {
    expect(await linesFor(new SecretError('secret-not-found'), { level: 'warn' })).toEqual([]);
    expect(await linesFor(new SecretError('unavailable'), { level: 'warn' })).toHaveLength(1);
  });
});
