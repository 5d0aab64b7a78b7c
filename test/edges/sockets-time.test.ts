import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { exchangeOne, requestText, type WireAnswer } from '../http/raw-socket.ts';
import { ALPHA, shareServer, startTestServer } from '../support/server.ts';

const LIST = `/v1/${ALPHA}/secrets`;
const server = shareServer({ listen: true });

/** How late a limit may be noticed on a busy machine, beyond the server's own check; below what is between two limits. */
const GRACE_MS = 3_500;

/** Sends the pieces a second apart, and answers when the answer came. */
async function sendSlowly(pieces: readonly string[]): Promise<{ answer: WireAnswer; afterMs: number }> {
  const startMs = performance.now();
  const answer = await exchangeOne(server.baseUrl, pieces, {
    pauseMs: 1_000,
    waitMs: TIMEOUT_MS.request + 5_000,
  });
  return { answer, afterMs: performance.now() - startMs };
}

describe('a client that takes its time', () => {
  const drops = (text: string) => Array<string>(20).fill(text);
  const bodyHead = (method: string) =>
    requestText(
      `${method} ${LIST} HTTP/1.1`,
      ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000'],
      '{',
    );

  // All at once: each of them waits for a real limit to pass.
  it.concurrent.each([
    ['headers', TIMEOUT_MS.headers, ['GET /healthz HTTP/1.1\r\nHost: localhost\r\n', ...drops('X-A: 1\r\n')]],
    ['the request line', TIMEOUT_MS.headers, ['GET /heal', ...drops('t')]],
    ['a body', TIMEOUT_MS.request, [bodyHead('POST'), ...drops(' ')]],
    ['the body of a GET', TIMEOUT_MS.request, [bodyHead('GET'), ...drops(' ')]],
  ])('with %s gets 408 in the usual shape', { timeout: 30_000 }, async (_, limitMs, pieces) => {
    const { answer, afterMs } = await sendSlowly(pieces);
    expect(answer.status).toBe(408);
    expect(answer.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.parse(answer.body)).toEqual({
      error_msg: 'API request error.',
      error_code: 'APIGW.0201',
      request_id: answer.headers.get('X-Request-Id'),
    });
    expect(afterMs).toBeGreaterThan(limitMs - 100);
    expect(afterMs).toBeLessThan(limitMs + TIMEOUT_MS.check + GRACE_MS);
  });
});

describe('a server that stops', () => {
  it('lets open requests end, and answers those that still come on their connections in the usual shape', async () => {
    const stopping = await startTestServer({ listen: true });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = JSON.stringify({ name: 'late', secret_string: 'x' });
    const signed = stopping.sign({ method: 'POST', path: LIST, body });
    const first = call(agent, stopping.baseUrl, {
      method: 'POST',
      path: LIST,
      headers: signed,
      body,
      pauseMs: 300,
    });
    await sleep(100);
    const closing = stopping.app.close();
    const answer = await first;
    const next = await call(agent, stopping.baseUrl, { method: 'GET', path: '/healthz' }).catch(
      () => undefined,
    );
    await closing;
    agent.destroy();
    await stopping.close().catch(() => undefined);
    expect([answer.status, JSON.parse(answer.body).secret?.name]).toEqual([200, 'late']);
    // A refused connection is as good as an answer; a body of another shape is not.
    if (next !== undefined && next.status !== 200) {
      expect(next.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
      expect(JSON.parse(next.body)).toMatchObject({ error_code: 'APIGW.0201' });
    }
  });

  it('says so in the usual shape to a request that comes in while another is under way', async () => {
    const stopping = await startTestServer({ listen: true });
    const body = JSON.stringify({ name: 'late', secret_string: 'x' });
    const lines = Object.entries(stopping.sign({ method: 'POST', path: LIST, body })).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const host = `Host: ${new URL(stopping.baseUrl).host}`;
    const head = requestText(`POST ${LIST} HTTP/1.1`, [host, ...lines, `Content-Length: ${body.length}`]);
    const idle = exchangeOne(stopping.baseUrl, ['GET /healthz HTTP/1.1\r\n', 'Host: localhost\r\n\r\n'], {
      pauseMs: 400,
    });
    const busy = exchangeOne(stopping.baseUrl, [head, body], { pauseMs: 800 });
    await sleep(150);
    const closing = stopping.app.close();
    const [late, answer] = await Promise.all([idle.catch(() => undefined), busy]);
    await closing;
    await stopping.close().catch(() => undefined);
    expect(answer.status).toBe(200);
    if (late === undefined || late.status === 200) return;
    expect(late.status).toBe(503);
    expect(late.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.parse(late.body)).toMatchObject({ error_code: 'APIGW.0201' });
  });
});

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Between the headers and the body. */
  readonly pauseMs?: number;
}

async function call(
  agent: Agent,
  baseUrl: string,
  { method, path, headers = {}, body = '', pauseMs = 0 }: Call,
) {
  const request = httpRequest(`${baseUrl}${path}`, {
    agent,
    method,
    headers: { ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) },
  });
  const answered = new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      request.on('error', reject);
      request.on('response', async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    },
  );
  request.flushHeaders();
  if (pauseMs > 0) await sleep(pauseMs);
  request.end(body);
  return answered;
}
