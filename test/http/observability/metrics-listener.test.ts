import { connect, Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSite } from '../../../src/http/connections/site.ts';
import type { Metrics } from '../../../src/http/observability/metrics.ts';
import { listenForMetrics, type MetricsListener } from '../../../src/http/observability/metrics-listener.ts';
import { exchange, exchangeOne, requestText } from '../raw-socket.ts';

let listener: MetricsListener | undefined;
afterEach(() => listener?.close());

/** Counts its readings. */
function fakeMetrics(): Metrics & { readings: number } {
  const metrics = {
    readings: 0,
    count: () => undefined,
    watch: () => undefined,
    async read() {
      metrics.readings += 1;
      return { text: `csms_reading ${metrics.readings}\n`, mediaType: 'text/plain; version=0.0.4' };
    },
  };
  return metrics;
}

const site = createSite({
  publicUrl: undefined,
  allowedHosts: '',
  listenAddress: () => '127.0.0.1',
  tls: false,
});

async function start(metrics: Metrics = fakeMetrics()): Promise<string> {
  listener = await listenForMetrics({ host: '127.0.0.1', port: 0 }, { metrics, site });
  return `http://127.0.0.1:${listener.port}`;
}

const send = (url: string, line: string, headers: readonly string[] = ['Host: localhost']) =>
  exchangeOne(url, requestText(`${line} HTTP/1.1`, headers));

describe('the listener for metrics', () => {
  it('answers GET and HEAD of /metrics', async () => {
    const url = await start();
    const answer = await send(url, 'GET /metrics');
    expect([answer.status, answer.body]).toEqual([200, 'csms_reading 1\n']);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect((await send(url, 'HEAD /metrics')).status).toBe(200);
    expect((await send(url, 'GET /metrics?debug=1')).status).toBe(200);
  });

  it.each([
    ['GET /', 404],
    ['GET /healthz', 404],
    ['GET /metrics/', 404],
    ['GET /v1/p/secrets', 404],
    ['POST /v3/auth/tokens', 404],
    ['POST /metrics', 405],
    ['OPTIONS /metrics', 405],
  ])('returns nothing else: %s is %i', async (line, status) => {
    const answer = await send(await start(), line);
    expect([answer.status, answer.body]).toEqual([status, '']);
  });

  it.each([['Host: evil.example'], ['Host: localhost', 'Origin: http://evil.example']])(
    'refuses what a browser sends for a foreign page: %s',
    async (...headers) => {
      expect((await send(await start(), 'GET /metrics', headers)).status).toBe(403);
    },
  );

  it('makes no new answer for everybody who asks', async () => {
    const metrics = fakeMetrics();
    const url = await start(metrics);
    for (let n = 0; n < 20; n += 1) await send(url, 'GET /metrics');
    expect(metrics.readings).toBeLessThan(20);
  });

  it('survives a figure that cannot be had, and tries again', async () => {
    const metrics = fakeMetrics();
    const { read } = metrics;
    metrics.read = async () => {
      metrics.read = read;
      throw new Error('none');
    };
    const url = await start({ ...metrics, read: () => metrics.read() });
    expect(await exchange(url, [requestText('GET /metrics HTTP/1.1', ['Host: localhost'])])).toEqual([]);
    expect((await send(url, 'GET /metrics')).status).toBe(200);
  });

  it('answers one request of a connection with the metrics, however many came at once', async () => {
    const url = await start();
    const requests = requestText('GET /metrics HTTP/1.1', ['Host: localhost']).repeat(50);
    const answers = await exchange(url, [requests], { answers: 51, waitMs: 1_000 });
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers[0]?.headers.get('connection') ?? answers[0]?.headers.get('Connection')).toBe('close');
  });

  it('lives on when a connection cannot be accepted', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    const url = await start();
    const [server] = listen.mock.contexts as Server[];
    listen.mockRestore();
    for (let n = 0; n < 3; n += 1) server?.emit('error', new Error('accept ENFILE'));
    expect((await send(url, 'GET /metrics')).status).toBe(200);
  });

  it('hangs up on what is no HTTP', async () => {
    expect(await exchange(await start(), ['\x16\x03\x01\x02\r\n\r\n'])).toEqual([]);
  });

  it('has few connections, and lets go of them when it ends', async () => {
    const { port } = new URL(await start());
    const sockets = Array.from({ length: 40 }, () => connect({ host: '127.0.0.1', port: Number(port) }));
    const closed = sockets.map(
      (socket) =>
        new Promise<void>((resolve) => socket.on('error', () => undefined).on('close', () => resolve())),
    );
    // All beyond the bound are closed at once; the rest when it ends.
    await Promise.race(closed);
    await listener?.close();
    await Promise.all(closed);
    for (const socket of sockets) socket.destroy();
  });

  it('says which setting is wrong when its port is taken', async () => {
    const { port } = new URL(await start());
    const second = listenForMetrics(
      { host: '127.0.0.1', port: Number(port) },
      { metrics: fakeMetrics(), site },
    );
    await expect(second).rejects.toMatchObject({
      kind: 'taken',
      message: `CSMS_METRICS: 127.0.0.1:${port} is in use`,
    });
  });
});
