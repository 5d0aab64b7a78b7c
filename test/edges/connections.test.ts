import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { CONNECTIONS, TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { createScratch, LAUNCHER, ROOT, shareDev, startServer } from '../e2e/process.ts';
import { requestText } from '../http/raw-socket.ts';
import {
  ask,
  holdConnections,
  openConnections,
  otherAddresses,
  releaseAll,
  residentMib,
  settle,
} from './peers.ts';

const dev = shareDev();
const FIXTURES = join(ROOT, 'test/e2e/fixtures');
const tls = shareDev({
  CSMS_TLS_CERT: join(FIXTURES, 'tls-one.crt'),
  CSMS_TLS_KEY: join(FIXTURES, 'tls-one.key'),
});
const ADDRESSES = otherAddresses(8);
/** Beyond the time that the server gives a peer: it may be late on a busy machine. */
const SECONDS = TIMEOUT_MS.request / 1_000 + 30;

function post(path: string, length: number): string {
  const lines = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${length}`];
  return requestText(`POST ${path} HTTP/1.1`, lines, '{');
}

/** As `npm start` runs it: settings of the memory are part of that. */
const AS_INSTALLED = [process.execPath, '--max-semi-space-size=16', LAUNCHER];

/** Has a process do so much that it collects what it no longer needs: an idle one has no reason to. */
async function stir(work: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < 300; count += 1) await work();
}

describe('2,000 connections of a peer that never closes', () => {
  // A process of its own for each: one that has grown before would hide what is left behind.
  it.each([
    ['and sends nothing', ''],
    ['and sends half of its headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'],
    ['and sends half of a body', post('/v1/a/secrets', 1_000)],
    ['and sends half of a long body', post('/v1/a/secrets', 500_000) + 'x'.repeat(4_000)],
    ['and sends half of a login', post('/v3/auth/tokens', 1_000)],
    ['and sends what is no HTTP', 'nonsense\r\n\r\n'],
  ])('%s take nothing from others, and leave nothing behind', async (_, text) => {
    const { process: child, baseUrl } = await startServer(
      ['dev'],
      { CSMS_DATA: createScratch() },
      AS_INSTALLED,
    );
    await stir(() => ask(baseUrl));
    const before = residentMib(child.pid);
    await holdConnections(baseUrl, { count: CONNECTIONS.max, from: ADDRESSES, text });
    expect(await ask(baseUrl)).toBe(200);
    expect(await ask(baseUrl, '/v3/projects')).toBe(401);
    expect(await settle(() => openConnections(child.pid, baseUrl), 0, SECONDS)).toBe(0);
    await stir(() => ask(baseUrl));
    expect(await settle(() => residentMib(child.pid), before + 30, 10)).toBeLessThanOrEqual(before + 30);
  });

  it('and that were used once make room for others', async () => {
    const text = requestText('GET /healthz HTTP/1.1', ['Host: localhost']);
    const { baseUrl } = dev.server;
    await holdConnections(baseUrl, { count: CONNECTIONS.max, from: ADDRESSES, text, reads: true });
    for (let count = 0; count < 20; count += 1) expect(await ask(baseUrl, '/v3/projects')).toBe(401);
  });

  it('has no more than 256 of one address, the newest', async () => {
    const { process: child, baseUrl } = dev.server;
    releaseAll();
    expect(await settle(() => openConnections(child.pid, baseUrl), 0, SECONDS)).toBe(0);
    const sockets = await holdConnections(baseUrl, { count: 400, from: ADDRESSES.slice(0, 1), reads: true });
    const limit = CONNECTIONS.perAddressMax;
    expect(await settle(() => openConnections(child.pid, baseUrl), limit, 30)).toBe(limit);
    expect(sockets.slice(-CONNECTIONS.perAddressMax).filter((socket) => socket.readableEnded)).toEqual([]);
    expect(await ask(baseUrl)).toBe(200);
  });
});

describe('with TLS, 2,000 connections of a peer that never closes', () => {
  /** A question by someone else; returns the first line of what came back. */
  async function askTls(): Promise<string> {
    const socket = await shakeHands();
    socket.write(requestText('GET /healthz HTTP/1.1', ['Host: localhost', 'Connection: close']));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return chunk.toString().split('\r\n', 1)[0] ?? '';
  }

  async function shakeHands(localAddress = '127.0.0.1'): Promise<TLSSocket> {
    const { port } = new URL(tls.server.baseUrl);
    // The socket below it decides that the server's end is not answered with its own.
    const below = connect({ host: '127.0.0.1', port: Number(port), localAddress, allowHalfOpen: true });
    const socket = connectTls({ socket: below, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return socket;
  }

  it.each([
    ['and says no hello', ''],
    ['and says half a hello', Buffer.from('16030100c8010000c403', 'hex').toString('latin1')],
    ['and speaks plain HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ])('%s take nothing from others, and are gone soon', async (_, text) => {
    const { process: child, baseUrl } = tls.server;
    await holdConnections(baseUrl, { count: CONNECTIONS.max, from: ADDRESSES, text });
    expect(await askTls()).toBe('HTTP/1.1 200 OK');
    expect(await settle(() => openConnections(child.pid, baseUrl), 0, SECONDS)).toBe(0);
  });

  it.each([
    ['and is silent after the handshake', ''],
    ['and sends half of a long body', post('/v1/a/secrets', 500_000) + 'x'.repeat(4_000)],
  ])('%s take nothing from others, and are gone soon', async (_, text) => {
    const { process: child, baseUrl } = tls.server;
    const sockets: TLSSocket[] = [];
    for (let count = 0; count < CONNECTIONS.max; count += 1) {
      const socket = await shakeHands(ADDRESSES[count % ADDRESSES.length]);
      socket.on('error', () => undefined);
      if (text !== '') socket.write(text);
      sockets.push(socket);
    }
    expect(await askTls()).toBe('HTTP/1.1 200 OK');
    expect(await settle(() => openConnections(child.pid, baseUrl), 0, SECONDS)).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});
