import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPlaces } from '../../src/http/connections/places.ts';
import { inTurn } from '../../src/http/connections/turns.ts';
import { CHUNKS } from '../../src/http/wire/limits.ts';

/** Node's number of the callback for a piece of a body. */
const ON_BODY = 3;
type Parser = Record<number, (...given: unknown[]) => unknown>;

const counted = new WeakSet<Parser>();
/** Counts the pieces that a parser makes. Node keeps its parsers, so each is found again. */
function count(parser: Parser): void {
  if (counted.has(parser)) return;
  counted.add(parser);
  const onBody = parser[ON_BODY]!;
  parser[ON_BODY] = function (this: unknown, ...given) {
    pieces += 1;
    return onBody.apply(this, given);
  };
}

let server: Server;
/** Pieces of bodies that Node's parser has made. */
let pieces: number;
/** How many bytes of a body have come, and whether that was all. */
let received: Promise<readonly [number, boolean]>;

beforeEach(async () => {
  pieces = 0;
  const places = createPlaces(() => false);
  server = createServer(
    inTurn((request, response) => {
      received = text(request).then(
        ({ length }) => [length, request.complete] as const,
        () => [0, false] as const,
      );
      received.then(() => response.end());
    }),
  );
  server.on('connection', (socket: Socket & { parser: Parser }) => {
    count(socket.parser);
    places.admit(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

/** Sends bodies of so many chunks in one go; answers what came back when the connection has ended. */
function send(chunk: string, count: number, bodies = 1): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const last = bodies === 1 ? 'Connection: close\r\n' : '';
  const head = `POST / HTTP/1.1\r\nHost: a\r\n${last}Transfer-Encoding: chunked\r\n\r\n`;
  const one = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  socket.write(`${head}${one.repeat(count)}0\r\n\r\n`.repeat(bodies));
  return text(socket).catch(() => '');
}

it.each([1, 40])('%i bodies in crumbs end their connection, and few of those are made', async (bodies) => {
  const answers = await send('a', 10_000 / bodies, bodies);
  expect(answers.split('200 OK').length).toBeLessThanOrEqual(bodies === 1 ? 1 : 2);
  expect(pieces).toBeGreaterThan(CHUNKS.free);
  expect(pieces).toBeLessThan(CHUNKS.free * 1.1);
});

it('a body may have any number of chunks that are worth one, on the same parser', async () => {
  await send('a', 10_000);
  expect(await send('a'.repeat(CHUNKS.bytesMin), 3_000)).toContain('200 OK');
  expect(await received).toEqual([3_000 * CHUNKS.bytesMin, true]);
  expect(await send('a', CHUNKS.free)).toContain('200 OK');
  expect(await received).toEqual([CHUNKS.free, true]);
});
