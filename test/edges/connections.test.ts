import { expect, it } from 'vitest';
import { CONNECTIONS, TIMEOUT_MS } from '../../src/http/limits.ts';
import { shareDev } from '../e2e/process.ts';
import { requestText } from '../http/raw-socket.ts';
import { ask, holdConnections, openDescriptors, otherAddresses, releaseAll, settle } from './peers.ts';

const dev = shareDev();
const ADDRESSES = otherAddresses(8);
const POST = (length: number) =>
  requestText(
    'POST /v1/a/secrets HTTP/1.1',
    ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${length}`],
    '{',
  );
/** After what the server gives a peer, it may be late on a busy machine. */
const GRACE_SECONDS = 30;

it.each([
  ['send nothing', ''],
  ['send half of their headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'],
  ['send half of a body', POST(1_000)],
  ['send half of a large body', POST(500_000) + 'x'.repeat(4_000)],
  ['send half of a login', POST(1_000).replace('/v1/a/secrets', '/v3/auth/tokens')],
])(
  '2,000 connections that %s and are never closed take nothing from others, and are gone soon',
  async (_, text) => {
    const { process: child, baseUrl } = dev.server;
    const before = openDescriptors(child.pid);
    await holdConnections(baseUrl, { count: CONNECTIONS.max, from: ADDRESSES, text });
    expect(await ask(baseUrl)).toBe(200);
    expect(await ask(baseUrl, '/v3/projects')).toBe(401);
    const limit = before + 5;
    const seconds = TIMEOUT_MS.request / 1_000 + GRACE_SECONDS;
    expect(await settle(() => openDescriptors(child.pid), limit, seconds)).toBeLessThanOrEqual(limit);
  },
);

it('2,000 connections that were used once and are kept make room for others', async () => {
  const text = requestText('GET /healthz HTTP/1.1', ['Host: localhost']);
  await holdConnections(dev.server.baseUrl, { count: CONNECTIONS.max, from: ADDRESSES, text, reads: true });
  for (let count = 0; count < 20; count += 1) expect(await ask(dev.server.baseUrl)).toBe(200);
});

it('one address has 256 places, and its newer connections take those of the longest idle', async () => {
  const { process: child, baseUrl } = dev.server;
  releaseAll();
  const before = await settle(() => openDescriptors(child.pid), 0, 2);
  const sockets = await holdConnections(baseUrl, { count: 400, from: ADDRESSES.slice(0, 1), reads: true });
  const limit = before + CONNECTIONS.perAddressMax;
  expect(await settle(() => openDescriptors(child.pid), limit, 5)).toBeLessThanOrEqual(limit);
  expect(sockets.slice(-CONNECTIONS.perAddressMax).filter((socket) => socket.readableEnded)).toEqual([]);
  expect(await ask(baseUrl)).toBe(200);
});
