import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestRequest } from '../../support/exchange.ts';
import { ADMIN, ALPHA, BETA, shareServer } from '../../support/server.ts';
import { callsOf } from '../calls.ts';
import { exchange, exchangeOne, requestText, type WireAnswer } from '../raw-socket.ts';

const LIST = `/v1/${ALPHA}/secrets`;
/** Stands in every refused request where it must not come back from: path, query, header and body. */
const CANARY = 'canary-of-the-request';
const server = shareServer({ listen: true, env: { CSMS_METRICS: 'on' } });
const acme = callsOf(server);
beforeAll(() => acme.create('db', { secret_string: 'x' }));
// After all of them: none has left a trace in the log.
afterAll(() => {
  expect(
    server
      .logText()
      .split('\n')
      .filter((line) => line.includes(CANARY)),
  ).toEqual([]);
});

const send = (text: string | Buffer | readonly (string | Buffer)[]) => exchangeOne(server.baseUrl, text);
/** The headers of a signed request as lines, with Host. */
function signedLines(request: TestRequest): string[] {
  const headers = Object.entries(server.sign(request)).map(([name, value]) => `${name}: ${value}`);
  return [`Host: ${new URL(server.baseUrl).host}`, ...headers];
}

/** Status and code of an answer, after the checks that every answer has to pass. */
function outcome(answer: WireAnswer): readonly [number, string] {
  expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
  const headers = new Map([...answer.headers].map(([name, value]) => [name.toLowerCase(), value]));
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).not.toContain(CANARY);
  const { error_code, error_msg, request_id } = JSON.parse(answer.body);
  expect(error_msg).toMatch(/\w/);
  if (request_id !== undefined) expect(request_id).toBe(answer.headers.get('X-Request-Id'));
  return [answer.status, error_code];
}

const MALFORMED = [400, 'APIGW.0201'] as const;
const TOO_LARGE = [413, 'APIGW.0201'] as const;
const HEADERS_TOO_LARGE = [431, 'APIGW.0201'] as const;

describe('headers', () => {
  it('of 20 KB are read, and of more than 32 KiB refused', async () => {
    const withHeader = (bytes: number) =>
      send(requestText('GET /healthz HTTP/1.1', ['Host: a', `X-Pad: ${'p'.repeat(bytes)}`]));
    expect((await withHeader(20_000)).status).toBe(200);
    expect((await withHeader(32_000)).status).toBe(200);
    expect(outcome(await withHeader(33_000))).toEqual(HEADERS_TOO_LARGE);
  });

  it('may be 100, and not 101, and no more of them are kept', async () => {
    let kept = 0;
    server.app.server.on('request', ({ rawHeaders }) => {
      kept = Math.max(kept, rawHeaders.length / 2);
    });
    const withHeaders = (count: number) =>
      send(
        requestText('GET /healthz HTTP/1.1', [
          'Host: a',
          ...Array.from({ length: count - 1 }, (_, n) => `X-${n}: 1`),
        ]),
      );
    expect((await withHeaders(100)).status).toBe(200);
    expect(outcome(await withHeaders(101))).toEqual(HEADERS_TOO_LARGE);
    expect(outcome(await withHeaders(1_500))).toEqual(HEADERS_TOO_LARGE);
    expect(kept).toBe(101);
  });

  it.each([
    ['Authorization', 'SDK-HMAC-SHA256 a'],
    ['X-Auth-Token', 'token'],
    ['X-Project-Id', ALPHA],
    ['X-Sdk-Date', '20260101T000000Z'],
    ['X-Sdk-Content-Sha256', 'UNSIGNED-PAYLOAD'],
    ['X-Security-Token', 'token'],
    ['Content-Type', 'application/json'],
    ['Host', 'a'],
  ])('%s may not come twice, in whatever case, with the same value or another', async (name, value) => {
    for (const second of [value, `${value}2`]) {
      const lines = [
        ...(name === 'Host' ? [] : ['Host: a']),
        `${name}: ${value}`,
        `${name.toUpperCase()}: ${second}`,
      ];
      expect(outcome(await send(requestText(`GET ${LIST} HTTP/1.1`, lines)))).toEqual(MALFORMED);
    }
  });

  it('a second Authorization is refused also behind a valid one', async () => {
    const lines = signedLines({ method: 'GET', path: LIST });
    expect((await send(requestText(`GET ${LIST} HTTP/1.1`, lines))).status).toBe(200);
    expect(outcome(await send(requestText(`GET ${LIST} HTTP/1.1`, [...lines, 'authorization: x'])))).toEqual(
      MALFORMED,
    );
  });

  it.each([
    ['no Host', ['X-A: 1']],
    ['a blank before the colon', ['Host: a', 'X-A : 1']],
    ['a folded line', ['Host: a', 'X-A: 1', ' 2']],
    ['a NUL', ['Host: a', 'X-A: 1\0']],
    ['no colon', ['Host: a', CANARY]],
    ['Content-Length and Transfer-Encoding', ['Host: a', 'Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['two lengths', ['Host: a', 'Content-Length: 2', 'Content-Length: 3']],
    ['two equal lengths', ['Host: a', 'Content-Length: 2', 'Content-Length: 2']],
    ['a negative length', ['Host: a', 'Content-Length: -1']],
    ['a length in hex', ['Host: a', 'Content-Length: 0x2']],
    ['an unknown transfer encoding', ['Host: a', 'Transfer-Encoding: gzip']],
    ['chunked that is not last', ['Host: a', 'Transfer-Encoding: chunked, gzip']],
  ])('with %s are malformed', async (_, lines) => {
    expect(outcome(await send(requestText(`POST /${CANARY} HTTP/1.1`, lines, '{}')))).toEqual(MALFORMED);
  });

  it('with an expectation that nobody can meet are answered in the usual shape', async () => {
    const answer = await send(requestText('GET /nowhere HTTP/1.1', ['Host: a', 'Expect: the-impossible']));
    // RFC 9110, 10.1.1: 417, or as if the expectation was not there.
    expect([404, 417]).toContain(answer.status);
    outcome(answer);
  });

  it('with an expectation of 100-continue get 100 Continue', async () => {
    const request = { method: 'PUT', path: `${LIST}/db`, body: '{"description":"expected"}' };
    const lines = [...signedLines(request), 'Expect: 100-continue', `Content-Length: ${request.body.length}`];
    const head = requestText(`PUT ${LIST}/db HTTP/1.1`, lines);
    expect((await exchangeOne(server.baseUrl, [head, request.body], { pauseMs: 50 })).status).toBe(200);
  });
});

describe('a request line', () => {
  it.each([
    ['a bare line feed', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
    ['a version of its own', `GET /${CANARY} HTTP/9.9\r\nHost: a\r\n\r\n`],
    ['an unknown method', `FETCH /${CANARY} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a blank in the path', `GET /${CANARY} b HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['TLS', Buffer.from('16030100c8010000c403', 'hex')],
    ['raw bytes', Buffer.from(`GET /${CANARY}\x01 HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('with %s is malformed', async (_, text) => {
    expect(outcome(await send(text))).toEqual(MALFORMED);
  });

  it.each([
    [`/v1/${ALPHA}/secrets/%`, MALFORMED],
    [`/v1/${ALPHA}/secrets/%zz-${CANARY}`, MALFORMED],
    [`/v1/${ALPHA}/secrets/%ff`, MALFORMED],
    [`/v1/${ALPHA}/secrets/%c0%af${CANARY}`, MALFORMED],
    [`/%ff?${CANARY}=1`, MALFORMED],
    ['*', [404, 'APIGW.0101'] as const],
    [`/${CANARY}?${CANARY}=1`, [404, 'APIGW.0101'] as const],
    [`/${CANARY}%00`, [404, 'APIGW.0101'] as const],
  ])('for %s is refused without an echo', async (target, refusal) => {
    expect(outcome(await send(requestText(`GET ${target} HTTP/1.1`, ['Host: a'])))).toEqual(refusal);
  });

  it('with a path parameter beyond any that could exist is refused', async () => {
    const target = `${LIST}/${'x'.repeat(2_049)}`;
    const answer = await send(requestText(`GET ${target} HTTP/1.1`, ['Host: a']));
    expect(outcome(answer)[0]).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    const longer = await send(requestText(`GET ${LIST}/${'x'.repeat(40_000)} HTTP/1.1`, ['Host: a']));
    expect([414, 431]).toContain(outcome(longer)[0]);
  });

  it.each(['%00', '.', '..', '%2e', '%2E%2E', 'a%2fb', '%F0%9F%94%91', '+', 'a;b'])(
    'for the secret %s names the parameter',
    async (name) => {
      const token = `X-Auth-Token: ${server.composed.issueToken(ADMIN.id, ALPHA)}`;
      for (const rest of ['', '/versions', '/versions/v1', '/stages/s']) {
        const answer = await send(requestText(`GET ${LIST}/${name}${rest} HTTP/1.1`, ['Host: a', token]));
        expect(outcome(answer)).toEqual([400, 'CSMS.0002']);
        expect(answer.body).toContain('secret_name');
      }
    },
  );

  it('in absolute form does not get around the signature or the project', async () => {
    const absolute = (project: string) => `http://${CANARY}.example/v1/${project}/secrets`;
    const lines = signedLines({ method: 'GET', path: LIST });
    for (const project of [ALPHA, BETA]) {
      const answer = await send(requestText(`GET ${absolute(project)} HTTP/1.1`, lines));
      expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
      expect([400, 401, 404]).toContain(answer.status);
    }
  });

  it.each(['HEAD', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND'])('with %s is refused', async (method) => {
    const answer = await send(requestText(`${method} ${LIST} HTTP/1.1`, ['Host: a']));
    expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
    expect([404, 405]).toContain(answer.status);
    expect(answer.body).not.toContain(CANARY);
  });

  it('with CONNECT ends the connection', async () => {
    const answers = await exchange(server.baseUrl, [
      requestText('CONNECT example.com:443 HTTP/1.1', ['Host: a']),
    ]);
    expect(answers).toEqual([]);
  });

  it('of HTTP/1.0 is answered, and the connection closed', async () => {
    const answer = await send('GET /healthz HTTP/1.0\r\n\r\n');
    expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}']);
    expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('a body', () => {
  const post = (lines: readonly string[], body = '') =>
    requestText(`POST ${LIST} HTTP/1.1`, ['Host: a', ...lines], body);

  it('of 50 MB is refused before it is sent', async () => {
    const startMs = performance.now();
    expect(outcome(await send(post(['Content-Type: application/json', 'Content-Length: 52428800'])))).toEqual(
      TOO_LARGE,
    );
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  it.each(['POST', 'GET'])('that is chunked is refused when it grows too large, with %s', async (method) => {
    const head = requestText(`${method} ${LIST} HTTP/1.1`, [
      'Host: a',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]);
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
    const outcomes = outcome(
      await exchangeOne(server.baseUrl, [head, ...Array(9).fill(chunk)], { pauseMs: 2 }),
    );
    expect(outcomes).toEqual(TOO_LARGE);
  });

  it('that is chunked is read like any other', async () => {
    const request = { method: 'POST', path: LIST, body: '{"name":"chunked","secret_string":"x"}' };
    const chunks = [
      '5\r\n{"nam\r\n',
      `${(request.body.length - 5).toString(16)}\r\n${request.body.slice(5)}\r\n0\r\n\r\n`,
    ];
    const head = requestText(`POST ${LIST} HTTP/1.1`, [
      ...signedLines(request),
      'Transfer-Encoding: chunked',
    ]);
    expect((await exchangeOne(server.baseUrl, [head, ...chunks], { pauseMs: 20 })).status).toBe(200);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/xml',
    'application/json-patch+json',
    'application/jsonp',
    'text/json',
    '',
  ])('of the type %j is refused before it is read, with a hint', async (type) => {
    const answer = await send(post([`Content-Type: ${type}`, 'Content-Length: 1000000']));
    expect(outcome(answer)).toEqual([415, 'CSMS.0003']);
    expect(answer.body).toContain('Content-Type: application/json');
  });

  it.each([
    'application/json',
    'application/json;charset=utf8',
    'application/json; charset=UTF-8',
    'Application/JSON',
    undefined,
  ])('of the type %j is taken', async (type) => {
    const request = {
      method: 'PUT',
      path: `${LIST}/db`,
      body: '{"description":"typed"}',
      headers: { 'content-type': type! },
    };
    const lines = signedLines(
      type === undefined ? { ...request, headers: { 'x-pad': '1' } } : request,
    ).filter((line) => type !== undefined || !line.startsWith('content-type'));
    const wire = type === undefined ? unsignedType(request) : lines;
    const length = `Content-Length: ${request.body.length}`;
    const answer = await send(requestText(`PUT ${LIST}/db HTTP/1.1`, [...wire, length], request.body));
    expect([answer.status, answer.body.includes('typed')]).toEqual([200, true]);
  });

  it('of a GET is part of what is signed', async () => {
    const request = { method: 'GET', path: `${LIST}/db`, body: '{}' };
    const lines = [...signedLines(request), 'Content-Length: 2'];
    expect((await send(requestText(`GET ${LIST}/db HTTP/1.1`, lines, '{}'))).status).toBe(200);
    expect((await send(requestText(`GET ${LIST}/db HTTP/1.1`, lines, '[]'))).status).toBe(401);
  });

  /** A request that is authenticated by token, since a signed one always has a content type here. */
  function unsignedType(_request: TestRequest): string[] {
    return ['Host: a', `X-Auth-Token: ${server.composed.issueToken(ADMIN.id, ALPHA)}`];
  }
});

describe('a connection', () => {
  it('carries pipelined requests, answered in their order', async () => {
    const paths = [`${LIST}/db`, '/healthz', `${LIST}/absent`, `${LIST}/db/versions/latest`, '/nowhere'];
    const text = paths
      .map((path) => requestText(`GET ${path} HTTP/1.1`, signedLines({ method: 'GET', path })))
      .join('');
    const answers = await exchange(server.baseUrl, [text], { answers: paths.length });
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 200, 404]);
    expect(new Set(answers.map(({ headers }) => headers.get('X-Request-Id'))).size).toBe(paths.length);
  });

  it('gives requests their own answers when the bytes behind them are no HTTP', async () => {
    const body = JSON.stringify({ name: 'before-no-http', secret_string: 'x' });
    const create = requestText(
      `POST ${LIST} HTTP/1.1`,
      [...signedLines({ method: 'POST', path: LIST, body }), `Content-Length: ${body.length}`],
      body,
    );
    const path = `${LIST}/db/versions/latest`;
    const read = requestText(`GET ${path} HTTP/1.1`, signedLines({ method: 'GET', path }));
    const answers = await exchange(server.baseUrl, [`${create}${read}${CANARY}\r\n\r\n`], { answers: 3 });
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
    expect(answers[0]?.body).toContain('before-no-http');
  });

  it('survives a client that goes away in the middle of a body', async () => {
    const text = requestText(
      `POST ${LIST} HTTP/1.1`,
      ['Host: a', 'Content-Type: application/json', 'Content-Length: 100'],
      '{',
    );
    await exchange(server.baseUrl, [text], { waitMs: 50 });
    await exchange(server.baseUrl, [text.replace('POST', 'GET')], { waitMs: 50 });
    expect((await send(requestText('GET /healthz HTTP/1.1', ['Host: a']))).status).toBe(200);
  });

  it('that cannot be accepted ends nothing else, and is counted', async () => {
    const lost = Object.assign(new Error('accept ENFILE'), { code: 'ENFILE', syscall: 'accept' });
    for (let n = 0; n < 3; n += 1) server.app.server.emit('error', lost);
    const { body } = await send(requestText('GET /metrics HTTP/1.1', ['Host: localhost']));
    expect(body).toContain('csms_connections_refused_total 3\n');
  });

  it('has the exact spelling of X-Request-Id that one client looks for, on every kind of answer', async () => {
    const answers = [
      await send(requestText('GET /healthz HTTP/1.1', ['Host: a'])),
      await send(requestText('GET /nowhere HTTP/1.1', ['Host: a'])),
      await send(requestText(`DELETE ${LIST} HTTP/1.1`, ['Host: a'])),
      await send(requestText(`GET ${LIST}/db HTTP/1.1`, signedLines({ method: 'GET', path: `${LIST}/db` }))),
      await send('nonsense\r\n\r\n'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 405, 200, 400]);
    for (const { headers } of answers) expect([...headers.keys()]).toContain('X-Request-Id');
  });
});
