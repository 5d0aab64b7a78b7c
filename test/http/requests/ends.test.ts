import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TestRequest } from '../../support/exchange.ts';
import { ALPHA, shareServer } from '../../support/server.ts';
import { exchangeOne, requestText } from '../raw-socket.ts';

const server = shareServer({ listen: true, env: { CSMS_METRICS: 'on' } });
let isHolding = false;
/** Held open until the test says so. */
let release: (() => void) | undefined;

beforeAll(async () => {
  const { store } = server.composed;
  const change = store.change.bind(store);
  // The writer of a busy server: a change is on its way for as long as the test likes.
  Object.assign(store, {
    change: async (...asked: Parameters<typeof change>) => {
      // Not one that the server makes by itself meanwhile.
      if (isHolding && asked[0].kind === 'create-secret')
        await new Promise<void>((resolve) => (release = resolve));
      return change(...asked);
    },
  });
});

const create = (name: string): TestRequest => ({
  method: 'POST',
  path: `/v1/${ALPHA}/secrets`,
  body: { name, secret_string: 'x' },
});

/** A signed request as bytes. */
function wire(request: TestRequest): string {
  const headers = Object.entries(server.sign(request)).map(([name, value]) => `${name}: ${value}`);
  const body = JSON.stringify(request.body);
  const own = [`Host: ${new URL(server.baseUrl).host}`, `Content-Length: ${Buffer.byteLength(body)}`];
  return requestText(`${request.method} ${request.path} HTTP/1.1`, [...own, ...headers], body);
}

function open(bytes: string): Socket {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.baseUrl).port) });
  socket.on('error', () => undefined);
  socket.write(bytes);
  return socket;
}

const lines = () => server.logged().filter(({ msg }) => msg === 'request');

/** The lines since then, once there are so many and nothing more comes. */
async function linesSince(count: number, wanted = 1): Promise<Record<string, unknown>[]> {
  for (let tries = 0; tries < 400 && lines().length < count + wanted; tries += 1) await sleep(10);
  await sleep(100);
  return lines().slice(count);
}

async function counted(status: number): Promise<number> {
  const { text } = await server.composed.metrics!.read();
  const found = text.matchAll(
    new RegExp(`^csms_http_requests_total\\{.*status="${status}".*\\} (\\d+)$`, 'gm'),
  );
  return [...found].reduce((sum, [, figure]) => sum + Number(figure), 0);
}

describe('a request whose client has gone', () => {
  it('has one line and is counted once, also when its handler continues', async () => {
    const [before, countBefore] = [lines().length, await counted(499)];
    isHolding = true;
    const socket = open(wire(create('left')));
    for (let tries = 0; tries < 400 && release === undefined; tries += 1) {
      await sleep(10);
    }
    socket.destroy();
    const [line, ...others] = await linesSince(before);
    expect(line).toMatchObject({
      method: 'POST',
      route: '/v1/:project_id/secrets',
      secretName: 'left',
      user: 'admin',
      address: '127.0.0.1',
      status: 499,
      durationMs: expect.any(Number),
    });
    isHolding = false;
    release?.();
    await sleep(100);
    expect([others, lines().length, await counted(499)]).toEqual([[], before + 1, countBefore + 1]);
  });

  it('in the middle of its body has one line', async () => {
    const before = lines().length;
    const socket = open(wire(create('cut')).slice(0, -5));
    await sleep(50);
    socket.destroy();
    // Its other end has sent half of a request, and an end.
    expect(await linesSince(before)).toMatchObject([{ method: 'POST', status: 400 }]);
  });
});

describe('what is refused before there is a request', () => {
  it('has one line with the id that was answered, and is counted', async () => {
    const [before, countBefore] = [lines().length, await counted(400)];
    const answer = await exchangeOne(server.baseUrl, 'canary-of-the-bytes\r\n\r\n');
    const found = await linesSince(before);
    expect(found).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        requestId: answer.headers.get('X-Request-Id'),
        address: '127.0.0.1',
        status: 400,
        errorCode: 'APIGW.0201',
        reason: expect.stringMatching(/^HPE_/),
        msg: 'request',
      },
    ]);
    expect(await counted(400)).toBe(countBefore + 1);
  });

  it('has one line for all requests beyond those that a connection may have ahead', async () => {
    const before = lines().length;
    const socket = open('GET /healthz HTTP/1.1\r\nHost:a\r\n\r\n'.repeat(1_500)).resume();
    const found = await linesSince(before, 66);
    socket.destroy();
    expect(found.map(({ status }) => status)).toEqual([...Array(65).fill(200), 429]);
    expect(found.at(-1)).toMatchObject({ errorCode: 'APIGW.0308', address: '127.0.0.1' });
  });

  it.each(['/%zz', `/v1/${ALPHA}/secrets/${'a'.repeat(2_100)}`])('has one line: %.20s', async (path) => {
    const before = lines().length;
    const answer = await exchangeOne(server.baseUrl, requestText(`GET ${path} HTTP/1.1`, ['Host: a']));
    expect(await linesSince(before)).toMatchObject([
      { requestId: answer.headers.get('X-Request-Id'), status: answer.status, errorCode: 'APIGW.0201' },
    ]);
  });

  it.each(['EPIPE', 'ETIMEDOUT', 'ECONNRESET'])('has no line when it is the connection: %s', async (code) => {
    const [before, countBefore] = [lines().length, await counted(400)];
    const socket = new Socket();
    const error = Object.assign(new Error(code), { code, syscall: 'write' });
    server.app.server.emit('clientError', error, socket);
    expect(socket.destroyed).toBe(true);
    expect(await linesSince(before, 0)).toEqual([]);
    expect(await counted(400)).toBe(countBefore);
  });

  it('is the one line of the request whose rest it was', async () => {
    const before = lines().length;
    const head = ['Host: a', 'Transfer-Encoding: chunked'];
    const request = requestText(`POST /v1/${ALPHA}/secrets HTTP/1.1`, head, 'nonsense\r\n');
    const answer = await exchangeOne(server.baseUrl, request);
    expect(await linesSince(before)).toMatchObject([
      { route: '/v1/:project_id/secrets', status: answer.status, reason: expect.stringMatching(/^HPE_/) },
    ]);
  });
});

it('a request that is answered has one line', async () => {
  const before = lines().length;
  await exchangeOne(server.baseUrl, requestText('GET /healthz HTTP/1.1', ['Host: a']));
  expect(await linesSince(before)).toMatchObject([{ route: '/healthz', status: 200 }]);
});
