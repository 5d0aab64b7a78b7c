import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPlaces } from '../../src/http/places.ts';
import { inTurn } from '../../src/http/turns.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

interface Connected {
  readonly socket: Socket;
  /** What came back. */
  answers(): string;
  /** Bytes that the server has read. */
  read(): number;
  /** Ends the connection as the server does. */
  end(): void;
}

/** A connection to a server with the handler behind turns. */
async function connected(handler: RequestListener): Promise<Connected> {
  const places = createPlaces(() => false);
  const server = createServer(inTurn(handler)).on('connection', (tcp) => places.admit(tcp));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  ends.push(
    () => socket.destroy(),
    () => server.close(),
  );
  return {
    socket,
    answers: () => text,
    read: () => places.all()[0]?.tcp.bytesRead ?? 0,
    end: () => places.all()[0]?.tcp.destroy(),
  };
}

const COUNT = 5_000;
const WAIT = 15_000;
const GET = (path: string) => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('requests of one connection', () => {
  it('are handled one at a time, in their order, whatever was sent ahead', async () => {
    let inProgress = 0;
    const seen: string[] = [];
    const { socket, answers } = await connected(async ({ url = '' }, response) => {
      inProgress += 1;
      seen.push(`${url} ${inProgress}`);
      await sleep(5);
      inProgress -= 1;
      response.end(url);
    });
    socket.write(Array.from({ length: 30 }, (_, n) => GET(String(n))).join(''));
    await vi.waitFor(() => expect(answers()).toContain('\r\n\r\n/29'), WAIT);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => `/${n} 1`));
  });

  it('are not even read while one waits', async () => {
    const responses: ServerResponse[] = [];
    const { socket, answers, read } = await connected((_request, response) => {
      responses.push(response);
    });
    const pad = `X-Pad: ${'p'.repeat(4_000)}\r\n`;
    const one = GET('a').replace('Host', `${pad}Host`);
    for (let count = 0; count < COUNT; count += 1) socket.write(one);
    await vi.waitFor(() => expect(responses).toHaveLength(1), WAIT);
    for (let before = -1; before !== read(); await sleep(300)) before = read();
    expect(read()).toBeLessThan(200_000);
    expect(responses).toHaveLength(1);
    responses[0]?.end('done');
    await vi.waitFor(() => expect(responses).toHaveLength(2), WAIT);
    expect(answers()).toContain('done');
  });

  it('are not kept by the thousand: a connection with more than 64 ahead is ended', async () => {
    const answered: ServerResponse[] = [];
    const many = (count: number) => Array.from({ length: count }, () => GET('a')).join('');
    const within = await connected(async (_request, response) => {
      answered.push(response);
      await sleep(5);
      response.end();
    });
    within.socket.write(many(65));
    await vi.waitFor(() => expect(answered).toHaveLength(65), WAIT);
    const beyond = await connected(() => undefined);
    const closed = new Promise((resolve) => beyond.socket.once('close', resolve));
    beyond.socket.on('error', () => undefined).write(many(66));
    await closed;
    expect(beyond.answers()).toBe('');
  });

  it('that wait are forgotten with their connection', async () => {
    const responses: ServerResponse[] = [];
    const { socket, end } = await connected((_request, response) => {
      responses.push(response);
    });
    socket.write(GET('a') + GET('b'));
    await vi.waitFor(() => expect(responses).toHaveLength(1), WAIT);
    const closed = new Promise((resolve) => responses[0]?.once('close', resolve));
    end();
    await closed;
    await sleep(20);
    expect(responses).toHaveLength(1);
  });
});
