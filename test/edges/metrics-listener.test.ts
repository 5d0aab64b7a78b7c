import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSite } from '../../src/http/connections/site.ts';
import { listenForMetrics, type MetricsListener } from '../../src/http/observability/metrics-listener.ts';
import { METRICS } from '../../src/http/wire/limits.ts';
import { exchange, requestText } from '../http/raw-socket.ts';

/** Far beyond the time-outs: the machine may be busy. */
const WAIT_MS = 90_000;

let listener: MetricsListener | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

async function start(): Promise<number> {
  const site = createSite({
    publicUrl: undefined,
    allowedHosts: '',
    listenAddress: () => '127.0.0.1',
    tls: false,
  });
  // More than the buffers of a connection hold.
  const text = '# a comment of some length\n'.repeat(400_000);
  const metrics = {
    count: () => undefined,
    watch: () => undefined,
    read: async () => ({ text, mediaType: 'text/plain' }),
  };
  listener = await listenForMetrics({ host: '127.0.0.1', port: 0 }, { metrics, site });
  return listener.port;
}

/** Peers that never close, whatever the server does. */
async function holdAll(port: number, bytes: string): Promise<void> {
  await Promise.all(
    Array.from({ length: METRICS.connectionsMax }, () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      sockets.push(socket.on('error', () => undefined).pause());
      return new Promise<void>((resolve) => {
        socket.once('connect', () => socket.write(bytes, () => resolve()));
      });
    }),
  );
}

describe('the listener for metrics, when all its connections are taken', () => {
  it.each([
    ['say nothing', ''],
    ['stop in the middle of a request', 'GET /metrics HTTP/1.1\r\nHost: local'],
    ['do not send their body', 'POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n'],
    ['do not read their answer', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20)],
  ])('by peers that %s, serves others again', async (_claim, bytes) => {
    const port = await start();
    await holdAll(port, bytes);
    const deadline = performance.now() + WAIT_MS;
    const request = requestText('GET /nothing HTTP/1.1', ['Host: localhost', 'Connection: close']);
    let answers: { readonly status: number }[] = [];
    while (answers.length === 0 && performance.now() < deadline) {
      answers = await exchange(`http://127.0.0.1:${port}`, [request], { waitMs: 2_000 });
      if (answers.length === 0) await new Promise((resume) => setTimeout(resume, 500));
    }
    expect(answers.map(({ status }) => status)).toEqual([404]);
  });
});
