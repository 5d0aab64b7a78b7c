import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { boundParser } from '../../src/http/connections/parser.ts';
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
  server = createServer((request: IncomingMessage, response) => {
    received = text(request).then(
      ({ length }) => [length, request.complete] as const,
      () => [0, false] as const,
    );
    received.then(() => response.end());
  });
  server.on('connection', (socket: Socket & { parser: Parser }) => {
    count(socket.parser);
    boundParser(socket, () => true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

/** Sends a body of so many chunks in one go; answers what came back when the connection has ended. */
function send(chunk: string, count: number): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const one = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
  socket.write(`${head}${one.repeat(count)}0\r\n\r\n`);
  return text(socket).catch(() => '');
}

it('a body in crumbs ends its connection, and no more of them are made than may be free', async () => {
  expect(await send('a', 10_000)).toBe('');
  expect(await received).toEqual([0, false]);
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
