import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mark, type PeerConnection } from '../../../src/http/connections/connection.ts';
import { createPlaces } from '../../../src/http/connections/places.ts';
import { endUnread } from '../../../src/http/connections/readers.ts';
import { PiecewiseResponse } from '../../../src/http/connections/response.ts';
import { inTurn } from '../../../src/http/connections/turns.ts';
import { TIMEOUT_MS } from '../../../src/http/wire/limits.ts';
import { ROOT } from '../../e2e/process.ts';

const LOOKS = TIMEOUT_MS.unread / TIMEOUT_MS.check;
/** More than any kernel keeps for one connection. */
const LONG = 64 * 1_048_576;
const FIXTURES = join(ROOT, 'test/e2e/fixtures');
const TLS = {
  cert: readFileSync(join(FIXTURES, 'tls-one.crt')),
  key: readFileSync(join(FIXTURES, 'tls-one.key')),
};

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Asked {
  /** The client's side; it reads nothing by itself. */
  readonly client: Socket;
  readonly connection: PeerConnection;
}

/** A connection that has sent one request to a server with the handler. */
async function ask(handler: RequestListener, isTls = false): Promise<Asked> {
  const places = createPlaces(() => false);
  const settings = { ServerResponse: PiecewiseResponse };
  const server = isTls
    ? (createTlsServer({ ...settings, ...TLS }, inTurn(handler)) as unknown as Server)
    : createServer(settings, inTurn(handler));
  server.on('connection', (tcp) => places.admit(tcp));
  server.on('secureConnection', (socket) => {
    const [connection] = places.all();
    if (connection !== undefined) mark(Object.assign(connection, { socket }).socket, connection);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const to = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
  const client = isTls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  client.on('error', () => undefined).pause();
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  ends.push(
    () => client.destroy(),
    () => server.close(),
  );
  await vi.waitFor(() => expect(places.all()[0]?.current).toBeDefined());
  return { client, connection: places.all()[0] as PeerConnection };
}

const answer: RequestListener = (_request, response) => response.end(Buffer.alloc(LONG));
/** What the kernel has taken. */
const taken = ({ socket }: PeerConnection) => socket.bytesWritten - socket.writableLength;

/** Waits until the kernel takes no more. */
async function stalled(connection: PeerConnection): Promise<void> {
  let before = -1;
  await vi.waitFor(
    () => {
      const now = taken(connection);
      const isStill = now === before && connection.socket.writableLength > 0;
      before = now;
      expect(isStill).toBe(true);
    },
    { timeout: 60_000, interval: 200 },
  );
}

/** Takes one chunk, and gives the server's side the time to notice. */
async function readOnce(client: Socket): Promise<void> {
  client.resume();
  await once(client, 'data');
  client.pause();
  await new Promise(setImmediate);
}

function look(connection: PeerConnection, times: number): void {
  for (let count = 0; count < times; count += 1) endUnread(connection);
}

describe.each([
  ['plain', false],
  ['with TLS', true],
])('on a connection that is %s, an answer', (_, isTls) => {
  it('that is not read ends it, whatever its peer sends meanwhile', async () => {
    const { client, connection } = await ask(answer, isTls);
    await stalled(connection);
    look(connection, LOOKS);
    client.write('\r\n'.repeat(10));
    const before = connection.socket.bytesRead;
    await vi.waitFor(() => expect(connection.socket.bytesRead).toBeGreaterThan(before));
    expect(connection.socket.destroyed).toBe(false);
    look(connection, 1);
    expect([connection.socket.destroyed, connection.tcp.destroyed]).toEqual([true, true]);
  });

  it('that is read slowly arrives', async () => {
    const { client, connection } = await ask(answer, isTls);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      await stalled(connection);
      look(connection, LOOKS - 1);
      const before = taken(connection);
      while (taken(connection) === before) await readOnce(client);
      look(connection, 1);
    }
    expect(connection.socket.destroyed).toBe(false);
  });
});

it('an answer that is still being made ends nothing', async () => {
  const { connection } = await ask(() => undefined);
  look(connection, 10 * LOOKS);
  expect(connection.socket.destroyed).toBe(false);
});

it('a long text is given to the connection as the peer takes it', async () => {
  const { connection } = await ask((_request, response) => response.end('ä'.repeat(LONG / 2)));
  await stalled(connection);
  expect(connection.socket.writableLength).toBeLessThan(1_048_576);
});
