import { createServer, IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answerClientError } from '../../../src/http/connections/client-error.ts';
import { createPlaces } from '../../../src/http/connections/places.ts';
import { inTurn } from '../../../src/http/connections/turns.ts';
import { CHUNKS } from '../../../src/http/wire/limits.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** What Node has made of what came in. */
const made = { requests: 0, pieces: 0 };
class CountedRequest extends IncomingMessage {
  constructor(socket: Socket) {
    super(socket);
    made.requests += 1;
  }
}

/** Node's number of the callback for a piece of a body. */
const ON_BODY = 3;
type Parser = Record<number, (...given: unknown[]) => unknown>;
const counted = new WeakSet<Parser>();
/** Counts the pieces that a parser makes. Node keeps its parsers, so each is found again. */
function countPieces(parser: Parser): void {
  if (counted.has(parser)) return;
  counted.add(parser);
  const onBody = parser[ON_BODY]!;
  parser[ON_BODY] = function (this: unknown, ...given) {
    made.pieces += 1;
    return onBody.apply(this, given);
  };
}

interface Connected {
  readonly socket: Socket;
  /** Of the server. */
  readonly port: number;
  /** What came back. */
  answers(): string;
  /** Bytes that the server has read. */
  read(): number;
  /** Ends the connection as the server does. */
  end(): void;
}

/** A connection to a server with the handler behind turns. Without a parser that can be stopped, Node's own is hidden. */
async function connected(handler: RequestListener, { hasParser = true } = {}): Promise<Connected> {
  const places = createPlaces(() => false);
  const server = createServer({ IncomingMessage: CountedRequest }, inTurn(handler));
  server.on('clientError', (error, tcp) =>
    answerClientError(error, tcp as Socket, { refuse: () => undefined }),
  );
  server.on('connection', (tcp: Socket & { parser?: unknown }) => {
    const { parser } = tcp;
    countPieces(parser as Parser);
    if (!hasParser) tcp.parser = undefined;
    places.admit(tcp);
    tcp.parser = parser;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let came = '';
  socket.on('data', (chunk) => {
    came += String(chunk);
  });
  ends.push(
    () => socket.destroy(),
    () => server.close(),
  );
  return {
    socket,
    port,
    answers: () => came,
    read: () => places.all()[0]?.tcp.bytesRead ?? 0,
    end: () => places.all()[0]?.tcp.destroy(),
  };
}

const COUNT = 5_000;
const WAIT = 15_000;
const GET = (path: string) => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const LONG = GET('a').replace('\r\n\r\n', `${'\r\na:'.repeat(127)}\r\n\r\n`);

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

  it('leave the others their turns in between', async () => {
    const seen: string[] = [];
    const { socket, port } = await connected(({ url = '' }, response) => {
      seen.push(url);
      if (url === '/0') ends.push(() => other.destroy());
      if (url === '/0') other.write(GET('other'));
      response.end();
    });
    const other = connect(port, '127.0.0.1');
    await new Promise((resolve) => other.once('connect', resolve));
    socket.write(Array.from({ length: 60 }, (_, n) => GET(String(n))).join(''));
    await vi.waitFor(() => expect(seen).toHaveLength(61), WAIT);
    expect(seen.indexOf('/other')).toBeLessThan(50);
  });

  it.each([
    ['the 64th', 65, GET('a')],
    ['1,024 lines of headers', 9, LONG],
  ])('are answered up to %s that are sent ahead, and the next is not even made', async (_, count, one) => {
    const { socket, answers } = await connected(async (_request, response) => {
      await sleep(5);
      response.end();
    });
    const statuses = () => answers().match(/(?<=^HTTP\/1\.1 )\d+/gm);
    socket.write(one.repeat(count));
    await vi.waitFor(() => expect(statuses()).toHaveLength(count), WAIT);
    made.requests = 0;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(one.repeat(count * 10));
    await closed;
    expect(statuses()).toEqual([...Array(count * 2).fill('200'), '429']);
    expect(made.requests).toBe(count + 1);
  });

  it('are not kept by the thousand where Node has another parser: then the connection is ended', async () => {
    const beyond = await connected(() => undefined, { hasParser: false });
    const closed = new Promise((resolve) => beyond.socket.once('close', resolve));
    beyond.socket.on('error', () => undefined).write(Array.from({ length: 66 }, () => GET('a')).join(''));
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

describe('chunks of bodies', () => {
  /** Bodies of so many chunks, sent at once; returns what came back when the connection has ended. */
  async function send(chunk: string, count: number, bodies = 1): Promise<string> {
    const { socket } = await connected(async (request, response) => {
      response.end(String((await text(request).catch(() => '')).length));
    });
    made.pieces = 0;
    const last = bodies === 1 ? 'Connection: close\r\n' : '';
    const head = `POST / HTTP/1.1\r\nHost: a\r\n${last}Transfer-Encoding: chunked\r\n\r\n`;
    const one = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    socket.write(`${head}${one.repeat(count)}0\r\n\r\n`.repeat(bodies));
    return text(socket).catch(() => '');
  }

  it.each([1, 40])(
    'that are crumbs of %i bodies are refused with their connection, and few are made',
    async (bodies) => {
      const answers = await send('a', 10_000 / bodies, bodies);
      expect(answers.split('200 OK').length).toBeLessThanOrEqual(bodies === 1 ? 1 : 2);
      expect(answers).toContain('HTTP/1.1 413 ');
      expect(answers.split('HTTP/1.1 413 ')).toHaveLength(2);
      expect(made.pieces).toBeGreaterThan(CHUNKS.free);
      expect(made.pieces).toBeLessThan(CHUNKS.free * 1.1);
    },
  );

  it('may be any number that are worth one, on the same parser', async () => {
    await send('a', 10_000);
    expect(await send('a'.repeat(CHUNKS.bytesMin), 3_000)).toContain(`\r\n${3_000 * CHUNKS.bytesMin}`);
    expect(await send('a', CHUNKS.free)).toContain(`\r\n${CHUNKS.free}`);
  });
});
