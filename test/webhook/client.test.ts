import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WEBHOOK_BOUNDS } from '../../src/app/outbound/webhooks.ts';
import { parseAddressRules } from '../../src/webhook/address-rules.ts';
import { createWebhooks } from '../../src/webhook/client.ts';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A receiver on loopback; returns its port and what reached it. */
async function receiver(
  respond: (response: ServerResponse) => void = (response) => response.writeHead(200).end('{}'),
  host = '127.0.0.1',
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ method: request.method, url: request.url, headers: request.headers, body });
    respond(response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { port: (server.address() as AddressInfo).port, received };
}

const clientOf = (rules: string, addresses?: readonly string[]) =>
  createWebhooks(parseAddressRules(rules), addresses && (async () => addresses));
const post = (client: ReturnType<typeof clientOf>, url: string, bounds = WEBHOOK_BOUNDS) =>
  client.post(url, '{"é":1}', { 'content-type': 'application/json', 'x-own': 'yes' }, bounds);

describe('a call', () => {
  it('sends body and headers and returns status and body', async () => {
    const { port, received } = await receiver((response) => response.writeHead(202).end('taken'));
    const outcome = await post(clientOf('loopback'), `http://127.0.0.1:${port}/hook?a=b`);
    expect(outcome).toMatchObject({ kind: 'answered', status: 202 });
    expect('body' in outcome && Buffer.from(outcome.body).toString()).toBe('taken');
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: '/hook?a=b',
      body: '{"é":1}',
      headers: {
        host: `127.0.0.1:${port}`,
        'content-type': 'application/json',
        'content-length': '8',
        'x-own': 'yes',
        connection: 'close',
      },
    });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect with %i', async (status) => {
    const inner = await receiver();
    const { port } = await receiver((response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${inner.port}/` }).end();
    });
    expect(await post(clientOf('loopback'), `http://127.0.0.1:${port}/`)).toMatchObject({ status });
    expect(inner.received).toEqual([]);
  });

  it('connects to the address that was checked, under the name of the URL', async () => {
    const { port, received } = await receiver();
    const client = clientOf('loopback', ['127.0.0.1']);
    expect(await post(client, `http://localhost:${port}/`)).toMatchObject({ status: 200 });
    expect(received[0]?.headers.host).toBe(`localhost:${port}`);
  });
});

describe('a literal address', () => {
  it('is never looked up, so no resolver has a say in what it is', async () => {
    const { port, received } = await receiver();
    const client = clientOf('loopback', ['1.1.1.1']);
    expect(await post(client, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 });
    expect(received).toHaveLength(1);
  });
});

describe('nothing is sent', () => {
  const hidden = [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:127.0.0.1', '[::ffff:127.0.0.1]'],
    ['169.254.169.254', '169.254.169.254'],
    ['10.0.0.1', '10.0.0.1'],
    ['a decimal address', '2130706433'],
    ['a hexadecimal address', '0x7f000001'],
    ['a short address', '127.1'],
    ['circled digits', '①②⑦.⓪.⓪.①'],
  ] as const;

  it.each(hidden)('to %s', async (_, host) => {
    const { port, received } = await receiver();
    const outcome = await post(
      clientOf(`ops.example:${port}`),
      `https://${host.startsWith('::') ? `[${host}]` : host}:${port}/`,
    );
    expect(outcome).toEqual({ kind: 'failed', reason: 'not-allowed' });
    expect(received).toEqual([]);
  });

  it.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['::ffff:7f00:1']],
    [['169.254.169.254']],
    [['10.0.0.1']],
    [['192.168.0.1']],
    [['fd00::1']],
    [['1.1.1.1', '127.0.0.1']],
    [['127.0.0.1', '1.1.1.1']],
  ])('to an allowed name that leads to %j', async (addresses) => {
    const outcome = await post(clientOf('ops.example', addresses), 'https://ops.example/');
    expect(outcome).toEqual({ kind: 'failed', reason: 'not-allowed' });
  });

  it('to a name that leads nowhere', async () => {
    expect(await post(clientOf('ops.example', []), 'https://ops.example/')).toEqual({
      kind: 'failed',
      reason: 'unresolvable',
    });
  });

  it('over plain HTTP to a host that may be called with TLS', async () => {
    expect(await post(clientOf('ops.example', ['1.1.1.1']), 'http://ops.example/')).toMatchObject({
      reason: 'not-allowed',
    });
  });

  it('to a server whose certificate is not good', async () => {
    const fixture = (name: string) => readFileSync(new URL(`../e2e/fixtures/${name}`, import.meta.url));
    const received: string[] = [];
    const server = createTlsServer(
      { cert: fixture('tls-one.crt'), key: fixture('tls-one.key') },
      (request, response) => {
        received.push(request.url ?? '');
        response.end();
      },
    );
    servers.push(server as unknown as Server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await post(clientOf('loopback'), `https://127.0.0.1:${port}/`)).toEqual({
      kind: 'failed',
      reason: 'tls-failed',
    });
    expect(received).toEqual([]);
  });
});

describe('a bad receiver', () => {
  it('that refuses the connection fails', async () => {
    const { port } = await receiver();
    servers.pop()?.close();
    await expect
      .poll(() => post(clientOf('loopback'), `http://127.0.0.1:${port}/`))
      .toEqual({ kind: 'failed', reason: 'unreachable' });
  });

  it('that cuts the connection fails', async () => {
    const { port } = await receiver((response) => response.destroy());
    expect(await post(clientOf('loopback'), `http://127.0.0.1:${port}/`)).toMatchObject({
      reason: 'unreachable',
    });
  });

  it.each([
    ['never answers', () => undefined],
    ['never ends its answer', (response: ServerResponse) => void response.writeHead(200).write('x')],
  ])('that %s is given up', async (_, respond) => {
    const { port } = await receiver(respond);
    const bounds = { ...WEBHOOK_BOUNDS, timeoutMs: 200 };
    expect(await post(clientOf('loopback'), `http://127.0.0.1:${port}/`, bounds)).toEqual({
      kind: 'failed',
      reason: 'timed-out',
    });
  });

  it('is cut off by a signal, also one that came before', async () => {
    const stopping = new AbortController();
    const { port } = await receiver(() => stopping.abort());
    const bounds = { ...WEBHOOK_BOUNDS, timeoutMs: 60_000, signal: stopping.signal };
    for (let calls = 0; calls < 2; calls += 1) {
      expect(await post(clientOf('loopback'), `http://127.0.0.1:${port}/`, bounds)).toEqual({
        kind: 'failed',
        reason: 'timed-out',
      });
    }
  });

  it('whose name is never resolved is given up', async () => {
    const client = createWebhooks(parseAddressRules('ops.example'), () => new Promise(() => undefined));
    const bounds = { ...WEBHOOK_BOUNDS, timeoutMs: 50 };
    expect(await post(client, 'https://ops.example/', bounds)).toMatchObject({ reason: 'timed-out' });
  });

  it.each([
    [4_096, { kind: 'answered', status: 200 }],
    [4_097, { kind: 'failed', reason: 'answer-too-large' }],
  ])('that answers %i bytes ends as %j', async (bytes, expected) => {
    const { port } = await receiver((response) => response.end('x'.repeat(bytes)));
    expect(await post(clientOf('loopback'), `http://127.0.0.1:${port}/`)).toMatchObject(expected);
  });
});

describe('a reading', () => {
  const BOUNDS = { timeoutMs: 30_000, responseBytesMax: 1_024 };

  it('sends no body, and returns what is there', async () => {
    const { port, received } = await receiver();
    const outcome = await clientOf('loopback').get(`http://127.0.0.1:${port}/jwks`, BOUNDS);
    expect('body' in outcome && Buffer.from(outcome.body).toString()).toBe('{}');
    expect(received[0]).toMatchObject({ method: 'GET', url: '/jwks', body: '' });
    expect(received[0]?.headers).toMatchObject({ accept: 'application/json', connection: 'close' });
  });

  it('ends at its bounds when the other end is silent or endless', async () => {
    const silent = await receiver(() => undefined);
    const drop = await receiver((response) => response.writeHead(200).write('{'));
    const flood = await receiver((response) => {
      const write = () => response.write('x'.repeat(65_536), (error) => error ?? write());
      write();
    });
    const read = ({ port }: { port: number }, timeoutMs: number) =>
      clientOf('loopback').get(`http://127.0.0.1:${port}/`, { ...BOUNDS, timeoutMs });
    expect(await read(silent, 100)).toEqual({ kind: 'failed', reason: 'timed-out' });
    expect(await read(drop, 100)).toEqual({ kind: 'failed', reason: 'timed-out' });
    expect(await read(flood, 30_000)).toEqual({ kind: 'failed', reason: 'answer-too-large' });
  });

  it('reaches no address that a webhook would not', async () => {
    const { port, received } = await receiver();
    expect(await clientOf('issuer.example', ['127.0.0.1']).get('https://issuer.example/', BOUNDS)).toEqual({
      kind: 'failed',
      reason: 'not-allowed',
    });
    expect(await clientOf('').get(`http://127.0.0.1:${port}/`, BOUNDS)).toMatchObject({
      reason: 'not-allowed',
    });
    expect(received).toEqual([]);
  });
});
