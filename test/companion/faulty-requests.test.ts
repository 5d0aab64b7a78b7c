import { once } from 'node:events';
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestRequest } from '../support/exchange.ts';
import { headersOf, payloadOf } from '../support/injection.ts';
import {
  ALPHA,
  GUEST,
  shareServer,
  signedHeaders,
  startTestServer,
  type TestServer,
} from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const FIXTURES = join(import.meta.dirname, '../e2e/fixtures');
const SECRETS = `/v1/${ALPHA}/secrets`;
const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

const add = async (fault: object, on: Pick<TestServer, 'baseUrl'> = server): Promise<string> => {
  const { status, json } = await control(on, 'POST', '/main/faults', { body: fault });
  expect([status, json]).toEqual([201, expect.objectContaining({ hits: 0, ...fault })]);
  return json.id;
};
const hitsOf = async (id: string) => {
  const { json } = await control(server, 'GET', '/main/faults');
  return json.faults.find((fault: { id: string }) => fault.id === id)?.hits;
};
const create = (name: string, more: object = {}) =>
  server.send({ method: 'POST', path: SECRETS, body: { name, secret_string: 'one', ...more } });
const addVersion = (name: string): TestRequest => ({
  method: 'POST',
  path: `${SECRETS}/${name}/versions`,
  body: { secret_string: 'two' },
});
const show = (name: string): TestRequest => ({ method: 'GET', path: `${SECRETS}/${name}` });
const versionsOf = async (name: string) => {
  const { json } = await server.send({ method: 'GET', path: `${SECRETS}/${name}/versions` });
  return json.version_metadatas.length;
};

interface Sent {
  readonly status: number;
  readonly body: string;
  readonly fault: string | undefined;
}

/** Sends a signed request on a connection; rejects when that is reset. */
async function sendOver(
  baseUrl: string,
  request: TestRequest,
  options: { readonly agent?: Agent; readonly signal?: AbortSignal; readonly host?: string } = {},
): Promise<Sent> {
  const { method, path, body } = request;
  const open = baseUrl.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = signedHeaders(baseUrl, request);
  const outgoing = open(`${baseUrl}${path}`, { method, headers, rejectUnauthorized: false, ...options });
  outgoing.end(body === undefined ? undefined : payloadOf(body));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const fault = response.headers['x-csms-fault'];
  return { status: response.statusCode ?? 0, body: await text(response), fault: fault?.toString() };
}

async function startTlsServer(): Promise<Pick<TestServer, 'baseUrl' | 'close'>> {
  const { baseUrl, close } = await startTestServer({
    mode: 'dev',
    listen: true,
    env: {
      CSMS_CONTROL_TOKEN: TOKEN,
      CSMS_TLS_CERT: join(FIXTURES, 'tls-one.crt'),
      CSMS_TLS_KEY: join(FIXTURES, 'tls-one.key'),
    },
  });
  return { baseUrl: baseUrl.replace('http:', 'https:'), close };
}

/** The bytes of a signed request, to be sent ahead. */
function bytesOf(baseUrl: string, request: TestRequest): string {
  const body = request.body === undefined ? '' : String(payloadOf(request.body));
  const headers = {
    ...headersOf(request),
    ...signedHeaders(baseUrl, request),
    Host: new URL(baseUrl).host,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${request.method} ${request.path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** What came back for bytes until the connection ended, and how it ended. */
async function exchangeUntilEnd(baseUrl: string, bytes: string) {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(bytes);
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
  });
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.on('error', resolve).on('end', () => resolve(undefined));
  });
  socket.destroy();
  return {
    statuses: [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
    error,
  };
}

beforeAll(async () => {
  for (const name of ['db-1', 'db-2', 'web']) expect((await create(name)).status).toBe(200);
});

afterAll(() => {
  expect(server.logged().filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

afterEach(async () => {
  expect((await control(server, 'DELETE', '/main/faults')).status).toBe(204);
});

describe('a fault with a status', () => {
  it('answers in the place of the operation, so many times', async () => {
    const id = await add({ operation: 'CreateSecretVersion', name: 'db-*', status: 503, times: 2 });
    const before = await versionsOf('db-1');
    for (const _ of [1, 2]) {
      const { status, headers, json } = await server.send(addVersion('db-1'));
      expect(status).toBe(503);
      expect(headers).toMatchObject({ 'x-csms-fault': id, 'retry-after': '1' });
      expect(json).toEqual({
        error_code: 'APIGW.0201',
        error_msg: 'Backend unavailable.',
        request_id: headers['x-request-id'],
      });
    }
    expect(await versionsOf('db-1')).toBe(before);
    const third = await server.send(addVersion('db-1'));
    expect([third.status, third.headers['x-csms-fault']]).toEqual([200, undefined]);
    expect(await hitsOf(id)).toBe(2);
  });

  it.each([
    [
      'a flat one',
      'GET',
      `${SECRETS}/db-1`,
      { error_code: 'CSMS.0001', error_msg: 'An internal error occurred.' },
    ],
    [
      'a nested one',
      'GET',
      `/v1/${ALPHA}/csms/events`,
      {
        error: { error_code: 'CSMS.0001', code: 'CSMS.0001' },
        error_code: 'CSMS.0001',
      },
    ],
    [
      'that of the key service',
      'POST',
      `/v1.0/${ALPHA}/kms/list-keys`,
      { error: { error_code: 'CSMS.0001', error_msg: 'An internal error occurred.' } },
    ],
    [
      'that of the identity service',
      'GET',
      '/v3/auth/tokens',
      { error: { code: 500, title: 'Internal Server Error' } },
    ],
  ] as const)('has the form of the operation: %s', async (_form, method, path, body) => {
    await add({ status: 500 });
    const answer = await server.send({ method, path, ...(method === 'POST' && { body: {} }) });
    expect(answer.status).toBe(500);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toMatchObject(body);
  });

  it('has the code and the text that are given', async () => {
    await add({ status: 404, code: 'CSMS.0106' });
    expect((await server.send(show('db-1'))).json).toEqual({
      error_code: 'CSMS.0106',
      error_msg: 'The secret name not found int the db.',
    });
    await control(server, 'DELETE', '/main/faults');
    await add({ status: 418, code: 'APIGW.0999', message: 'a teapot' });
    const { status, json } = await server.send(show('db-1'));
    expect([status, json]).toEqual([
      418,
      { error_code: 'APIGW.0999', error_msg: 'a teapot', request_id: expect.any(String) },
    ]);
  });

  it('comes before the body is checked, and finds a name in it', async () => {
    await add({ name: 'new-*', status: 503 });
    const ask = (body: unknown) => server.send({ method: 'POST', path: SECRETS, body });
    expect((await ask({ name: 'new-1' })).status).toBe(503);
    expect((await ask({ name: 'new-1', secret_string: 7 })).status).toBe(503);
    expect((await ask({ name: 'other', secret_string: 7 })).status).toBe(400);
    expect((await ask('{"name": "new-1"')).status).toBe(400);
    expect((await ask([])).status).toBe(400);
    expect((await ask('null')).status).toBe(400);
  });

  it('is for the users, methods and paths that it names', async () => {
    const id = await add({ user: 'guest', method: 'GET', path: '*/secrets/db-?', status: 503 });
    expect((await server.send(show('db-1'), GUEST)).status).toBe(200);
    await control(server, 'DELETE', `/main/faults/${id}`);
    await add({ user: 'guest', method: 'GET', path: '*/secrets/db-*', status: 503 });
    expect((await server.send(show('db-1'), GUEST)).status).toBe(503);
    expect((await server.send({ ...show('db-1'), path: `${SECRETS}/db-1?x=y` }, GUEST)).status).toBe(503);
    expect((await server.send(show('db-1'))).status).toBe(200);
    expect((await server.send(show('web'), GUEST)).status).toBe(200);
    expect(
      (await server.send({ method: 'PUT', path: `${SECRETS}/db-1`, body: { description: '' } }, GUEST))
        .status,
    ).toBe(200);
  });

  it('sees no request without good credentials', async () => {
    const id = await add({ status: 503 });
    expect((await server.sendUnsigned(show('db-1'))).status).toBe(401);
    expect((await server.sendUnsigned({ method: 'GET', path: '/readyz' })).status).toBe(200);
    expect(await hitsOf(id)).toBe(0);
  });

  it('is named in the line of its request', async () => {
    const id = await add({ status: 503 });
    const { headers } = await server.send(show('db-1'));
    const line = server.logged().find((entry) => entry.requestId === headers['x-request-id']);
    expect(line).toMatchObject({ status: 503, errorCode: 'APIGW.0201', reason: `fault ${id}` });
  });
});

describe('a fault after the operation', () => {
  it('answers although it was carried out', async () => {
    const id = await add({ operation: 'CreateSecretVersion', status: 503, when: 'after', times: 1 });
    const before = await versionsOf('db-2');
    const { status, headers, json } = await server.send(addVersion('db-2'));
    expect([status, headers['x-csms-fault'], json.error_code]).toEqual([503, id, 'APIGW.0201']);
    expect(await versionsOf('db-2')).toBe(before + 1);
  });

  it('comes whatever came of the operation', async () => {
    await add({ status: 502, when: 'after' });
    const isSpoiled = async (request: TestRequest) => {
      const { status, headers, json } = await server.send(request);
      expect(headers['x-csms-fault']).toMatch(/^f\d+$/);
      expect(json.error_code).toBe('CSMS.0001');
      return status === 502;
    };
    expect(await isSpoiled(show('absent'))).toBe(true);
    expect(
      await isSpoiled({ method: 'POST', path: SECRETS, body: { name: 'db-1', secret_string: 'x' } }),
    ).toBe(true);
    expect(await isSpoiled({ method: 'POST', path: SECRETS, body: { name: 7 } })).toBe(true);
    expect(await isSpoiled({ method: 'POST', path: SECRETS, body: '{' })).toBe(true);
    expect(await isSpoiled({ method: 'GET', path: `${SECRETS}/db-1/versions/latest` })).toBe(true);
  });

  it('has a body in place of none', async () => {
    expect((await create('leaving')).status).toBe(200);
    await add({ operation: 'DeleteSecret', status: 500, when: 'after' });
    const { status, json } = await server.send({ method: 'DELETE', path: `${SECRETS}/leaving` });
    expect([status, json]).toEqual([
      500,
      { error_code: 'CSMS.0001', error_msg: 'An internal error occurred.' },
    ]);
    expect((await server.send(show('leaving'))).status).toBe(404);
  });

  it('replaces a value, of which nothing is sent', async () => {
    await add({ operation: 'ShowSecretVersion', status: 500, when: 'after' });
    const answer = await server.send({ method: 'GET', path: `${SECRETS}/db-1/versions/v1` });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('one');
    expect(answer.headers['content-length']).toBe(String(answer.bytes.length));
  });
});

describe('a fault on a long list', () => {
  const list: TestRequest = { method: 'GET', path: `${SECRETS}?limit=1000` };

  beforeAll(async () => {
    const secrets = Array.from({ length: 600 }, (_, index) => ({
      name: `long-${index}`,
      secret_string: 'x',
      description: 'd'.repeat(2_048),
    }));
    const answer = await server.send({ method: 'POST', path: `${SECRETS}/batch-import`, body: { secrets } });
    expect(answer.status).toBe(200);
    const whole = await sendOver(server.baseUrl, list);
    expect(whole.status).toBe(200);
    expect(whole.body.length).toBeGreaterThan(1_200_000);
  });

  it('replaces it whole', async () => {
    const id = await add({ operation: 'ListSecrets', status: 503, when: 'after' });
    const { status, body, fault } = await sendOver(server.baseUrl, list);
    expect([status, fault, JSON.parse(body).error_code]).toEqual([503, id, 'APIGW.0201']);
    expect(body.length).toBeLessThan(300);
  });

  it('resets its connection before anything of it is sent', async () => {
    await add({ operation: 'ListSecrets', reset: true, when: 'after' });
    await expect(sendOver(server.baseUrl, list)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it.each(['before', 'after'])('makes it late and no other (%s)', async (when) => {
    const id = await add({ operation: 'ListSecrets', latency: '300ms', when });
    const startMs = performance.now();
    const { status, body, fault } = await sendOver(server.baseUrl, list);
    expect(performance.now() - startMs).toBeGreaterThan(295);
    expect([status, fault, JSON.parse(body).secrets.length >= 600]).toEqual([200, id, true]);
  });
});

describe('a reset', () => {
  it('is one of the connection, and nothing was carried out', async () => {
    const id = await add({ operation: 'CreateSecretVersion', reset: true, times: 1 });
    const before = await versionsOf('web');
    const bytes = bytesOf(server.baseUrl, addVersion('web'));
    expect(await exchangeUntilEnd(server.baseUrl, bytes)).toMatchObject({
      statuses: [],
      error: { code: 'ECONNRESET' },
    });
    expect(await versionsOf('web')).toBe(before);
    expect(await hitsOf(id)).toBe(1);
  });

  it('after the operation leaves it carried out', async () => {
    await add({ operation: 'CreateSecretVersion', when: 'after', reset: true, times: 1 });
    const before = await versionsOf('web');
    await expect(sendOver(server.baseUrl, addVersion('web'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await versionsOf('web')).toBe(before + 1);
  });

  it('takes along what was sent ahead on the connection, and not what was answered before', async () => {
    await add({ operation: 'CreateSecretVersion', name: 'web', reset: true });
    const before = await versionsOf('db-1');
    const requests = [show('db-1'), addVersion('web'), addVersion('db-1')];
    const bytes = requests.map((request) => bytesOf(server.baseUrl, request)).join('');
    const { statuses, error } = await exchangeUntilEnd(server.baseUrl, bytes);
    expect([statuses, error?.code]).toEqual([[200], 'ECONNRESET']);
    expect(await versionsOf('db-1')).toBe(before);
  });

  it('is one over TLS too', async () => {
    const tls = await startTlsServer();
    try {
      const { baseUrl } = tls;
      expect((await sendOver(baseUrl, { method: 'GET', path: SECRETS })).status).toBe(200);
      await add({ operation: 'ListSecrets', reset: true, times: 1 }, { baseUrl });
      await add({ operation: 'ListSecrets', reset: true, times: 1, when: 'after' }, { baseUrl });
      for (const _ of [1, 2]) {
        const sent = sendOver(baseUrl, { method: 'GET', path: SECRETS });
        await expect(sent).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
      }
      expect((await sendOver(baseUrl, { method: 'GET', path: SECRETS })).status).toBe(200);
    } finally {
      await tls.close();
    }
  });
});

describe('latency', () => {
  it('makes one request late, and no other', async () => {
    await add({ operation: 'ShowSecret', name: 'db-1', latency: '400ms', times: 1 });
    const order: string[] = [];
    const late = server.send(show('db-1')).then(({ status }) => order.push(`late ${status}`));
    for (const _ of [1, 2, 3]) {
      const { status } = await server.send(show('db-2'));
      order.push(`other ${status}`);
    }
    await late;
    expect(order).toEqual(['other 200', 'other 200', 'other 200', 'late 200']);
  });

  it('comes before a status, and before a reset', async () => {
    await add({ operation: 'ShowSecret', name: 'db-1', latency: '200ms', status: 503 });
    await add({ operation: 'ShowSecret', name: 'db-2', latency: '200ms', reset: true });
    const startMs = performance.now();
    expect((await sendOver(server.baseUrl, show('db-1'))).status).toBe(503);
    expect(performance.now() - startMs).toBeGreaterThan(195);
    await expect(sendOver(server.baseUrl, show('db-2'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(performance.now() - startMs).toBeGreaterThan(390);
  });

  it('keeps those behind it on the connection waiting, in their order', async () => {
    await add({ operation: 'ShowSecret', name: 'db-1', latency: '200ms', times: 1 });
    const close = { ...show('absent'), headers: { Connection: 'close' } };
    const bytes = [show('db-1'), close].map((request) => bytesOf(server.baseUrl, request)).join('');
    expect(await exchangeUntilEnd(server.baseUrl, bytes)).toEqual({ statuses: [200, 404], error: undefined });
  });

  /** Sends a request and goes once a rule has decided on it. */
  async function sendAndGo(baseUrl: string, request: TestRequest, id: string): Promise<void> {
    const going = new AbortController();
    const sent = sendOver(baseUrl, request, { signal: going.signal });
    const hits = async () => {
      const { json } = await control({ baseUrl }, 'GET', '/main/faults');
      return json.faults.find((fault: { id: string }) => fault.id === id).hits;
    };
    const gone = sent.catch(() => undefined);
    await expect.poll(hits, { timeout: 30_000 }).toBe(1);
    going.abort();
    await gone;
  }

  it('alone carries out the request of a client that has gone, and with a status does not', async () => {
    const latency = '1s';
    const spoiled = await add({ operation: 'CreateSecretVersion', name: 'db-1', latency, status: 503 });
    const late = await add({ operation: 'CreateSecretVersion', name: 'db-2', latency });
    const before = [await versionsOf('db-1'), await versionsOf('db-2')];
    await Promise.all([
      sendAndGo(server.baseUrl, addVersion('db-1'), spoiled),
      sendAndGo(server.baseUrl, addVersion('db-2'), late),
    ]);
    await expect.poll(() => versionsOf('db-2'), { timeout: 30_000 }).toBe(before[1]! + 1);
    expect(await versionsOf('db-1')).toBe(before[0]);
  });

  it('may end when nobody waits any more, whatever comes then', async () => {
    const tls = await startTlsServer();
    try {
      const ends = { status: { status: 503 }, reset: { reset: true }, nothing: {} };
      const gone = [server, tls].flatMap(({ baseUrl }) =>
        Object.entries(ends).flatMap(([name, end]) =>
          ['before', 'after'].map(async (when) => {
            const path = `${SECRETS}/${name}-${when}`;
            const id = await add({ path, latency: '1s', when, ...end }, { baseUrl });
            await sendAndGo(baseUrl, { method: 'GET', path }, id);
          }),
        ),
      );
      await Promise.all(gone);
      await new Promise((resume) => setTimeout(resume, 1_000));
      for (const { baseUrl } of [server, tls]) {
        expect((await sendOver(baseUrl, { method: 'GET', path: SECRETS })).status).toBe(200);
      }
    } finally {
      await tls.close();
    }
  });

  it('does not keep the server from stopping', async () => {
    const own = await startTestServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });
    await add({ latency: '60s' }, own);
    const late = [1, 2, 3].map(() => sendOver(own.baseUrl, { method: 'GET', path: SECRETS }));
    await expect
      .poll(async () => (await control(own, 'GET', '/main/faults')).json.faults[0].hits, { timeout: 30_000 })
      .toBe(3);
    const startMs = performance.now();
    await own.close();
    expect(performance.now() - startMs).toBeLessThan(5_000);
    for (const { status } of await Promise.all(late)) expect(status).toBe(200);
  });
});

describe('the faults of a world', () => {
  it('are listed, and removed one by one or all', async () => {
    const one = await add({ status: 503, times: 1 });
    const two = await add({ latency: '1ms', probability: 0.25 });
    expect(await control(server, 'GET', '/main/faults')).toMatchObject({
      status: 200,
      json: {
        faults: [
          { id: one, hits: 0, status: 503, times: 1, when: 'before' },
          { id: two, hits: 0, latency: '1ms', probability: 0.25, seed: expect.any(Number) },
        ],
      },
    });
    expect((await control(server, 'DELETE', `/main/faults/${one}`)).status).toBe(204);
    expect(await control(server, 'DELETE', `/main/faults/${one}`)).toMatchObject({
      status: 404,
      json: { error_code: 'not-found' },
    });
    await control(server, 'DELETE', '/main/faults');
    expect((await control(server, 'GET', '/main/faults')).json).toEqual({ faults: [] });
  });

  it('are at most 100', async () => {
    for (let count = 0; count < 100; count += 1) await add({ status: 503, times: 1 });
    const { status, json } = await control(server, 'POST', '/main/faults', { body: { status: 503 } });
    expect([status, json.error_code, json.error_msg]).toEqual([
      400,
      'invalid',
      expect.stringMatching(/^faults /),
    ]);
  });

  it.each([
    [{}, /^status /],
    [{ status: 399 }, /^status /],
    [{ status: 600 }, /^status /],
    [{ status: '503' }, /^status /],
    [{ status: 503, operation: 'Creat' }, /^operation /],
    [{ status: 503, when: 'later' }, /^when /],
    [{ status: 503, times: 0 }, /^times /],
    [{ status: 503, probability: 1.1 }, /^probability /],
    [{ status: 503, code: 'a b' }, /^code /],
    [{ status: 503, seed: 1.5, probability: 1 }, /^seed /],
    [{ latency: '61s' }, /^latency /],
    [{ latency: 5 }, /^latency /],
    [{ reset: 'yes' }, /^reset /],
    [{ status: 503, extra: 1 }, /^extra /],
  ])('are refused by the name of the wrong member: %j', async (body, message) => {
    const { status, json } = await control(server, 'POST', '/main/faults', { body });
    expect([status, json.error_code, json.error_msg]).toEqual([
      400,
      'invalid',
      expect.stringMatching(message),
    ]);
  });
});
