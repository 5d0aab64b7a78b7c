import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { SecretError } from '../../../src/core/errors.ts';
import { type Chunks, sendPieces, textsOf } from '../../../src/http/connections/pieces.ts';
import { PiecewiseResponse } from '../../../src/http/connections/response.ts';

const MIB = 1_048_576;
/** What has been said to the log, and the bytes that were asked for. */
interface Told {
  readonly lines: object[];
  readonly kept: number[];
}
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server with one route, whose answer is of these chunks; the answer to one question, of which nothing is read yet. */
async function askFor(
  chunks: Chunks,
  {
    pause = () => undefined,
    room = Number.POSITIVE_INFINITY,
    told = { lines: [], kept: [] } as Told,
    onSend = (): void => undefined,
  } = {},
): Promise<IncomingMessage> {
  const app = Fastify({
    serverFactory: (handler) => createServer({ ServerResponse: PiecewiseResponse }, handler),
    genReqId: () => 'r1',
  });
  app.decorateRequest('refusal');
  app.decorateReply('keepBytes', (bytes: number) => {
    told.kept.push(bytes);
    if (bytes > room) throw new SecretError('unavailable');
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    request.log.error = (line: object) => told.lines.push(line);
  });
  // As there is in the server: something comes between the reply and its bytes.
  app.addHook('onSend', (_request, _reply, payload, done) => {
    setImmediate(() => {
      onSend();
      done(null, payload);
    });
  });
  app.addHook('onResponse', async ({ refusal }) => void told.lines.push({ answered: refusal ?? 'whole' }));
  app.setErrorHandler((error: Error, _request, reply) => {
    reply.code(500).send({ code: (error as SecretError).code });
  });
  app.get('/', (_request, reply) => sendPieces(reply, chunks, { pause, heldBytes: 7 }));
  await app.listen({ host: '127.0.0.1', port: 0, listenTextResolver: () => '' });
  const request = get({ host: '127.0.0.1', port: (app.server.address() as AddressInfo).port, agent: false });
  closing.push(
    () => app.close(),
    () => request.destroy(),
  );
  const [message] = (await once(request, 'response')) as [IncomingMessage];
  return message;
}

async function read(message: IncomingMessage): Promise<string> {
  const read: Buffer[] = [];
  for await (const chunk of message) read.push(chunk as Buffer);
  return Buffer.concat(read).toString();
}

function* listOf(entries: readonly object[]) {
  yield '{"all":[';
  yield* textsOf(entries, (entry) => entry);
  yield ']}';
}

async function toldIn(told: Told, lines: number): Promise<Told> {
  for (let tries = 0; told.lines.length < lines && tries < 100; tries += 1) await sleep(10);
  return told;
}

describe('a list', () => {
  it.each([0, 1, 3, 20_000, 100_000])('of %d entries is the JSON of all of them', async (count) => {
    const all = Array.from({ length: count }, (_, number) => ({ number, text: 'ü' }));
    const message = await askFor(listOf(all));
    expect(await read(message)).toBe(JSON.stringify({ all }));
    expect(message.headers['content-type']).toMatch(/^application\/json/);
    expect(message.rawHeaders).toContain('x-request-id'.replace(/(^|-)./g, (start) => start.toUpperCase()));
    // The length is known of what is made whole.
    expect('content-length' in message.headers).toBe(count < 100_000);
  });

  it('that is long is made some tens of KiB at a time, however long its entries are', async () => {
    const long = Array.from({ length: 100 }, () => ({ text: 'x'.repeat(50_000) }));
    let [made, most] = [0, 0];
    function* counted() {
      for (const piece of listOf(long)) {
        made += piece.length;
        most = Math.max(most, made);
        yield piece;
      }
    }
    const pause = () => {
      made = 0;
      return undefined;
    };
    await read(await askFor(counted(), { pause }));
    expect(most).toBeLessThan(65_536 + 60_000);
  });
});

describe('an answer of more than 1 MiB', () => {
  const chunk = Buffer.alloc(65_536, 'x');

  it('is made as the peer takes it', async () => {
    const told: Told = { lines: [], kept: [] };
    let made = 0;
    function* endless() {
      for (; made < 1_024; made += 1) yield Buffer.from(chunk);
    }
    const message = await askFor(endless(), { told });
    message.pause();
    let before = -1;
    while (before !== made) {
      before = made;
      await sleep(200);
    }
    // As much as the kernel takes, of the 64 MiB that there would be.
    expect(made).toBeLessThan(512);
    expect(told.kept).toHaveLength(1);
    expect(told.kept[0]).toBeLessThan(2 * MIB);
    expect((await read(message)).length).toBe(1_024 * 65_536);
    expect((await toldIn(told, 1)).lines).toEqual([{ answered: 'whole' }]);
  });

  it('that fails on its way is cut off, and the log says so', async () => {
    const told: Told = { lines: [], kept: [] };
    async function* failing() {
      for (let made = 0; made < 32; made += 1) yield Buffer.from(chunk);
      throw new SecretError('damaged', 'A stored tag has been changed.');
    }
    const message = await askFor(failing(), { told });
    expect(message.statusCode).toBe(200);
    await expect(read(message)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const { lines } = await toldIn(told, 2);
    expect(lines[0]).toMatchObject({ requestId: 'r1', code: 'damaged' });
    expect(lines[1]).toMatchObject({ answered: { reason: 'A stored tag has been changed.' } });
  });

  it('that fails before anything of it is sent is answered as ever', async () => {
    async function* failing() {
      for (let made = 0; made < 8; made += 1) yield Buffer.from(chunk);
      throw new SecretError('damaged');
    }
    const message = await askFor(failing());
    expect([message.statusCode, await read(message)]).toEqual([500, '{"code":"damaged"}']);
  });

  it('for which there is no room is refused, and its producer is ended', async () => {
    let isEnded = false;
    function* long() {
      try {
        for (;;) yield Buffer.from(chunk);
      } finally {
        isEnded = true;
      }
    }
    const message = await askFor(long(), { room: MIB });
    expect([message.statusCode, await read(message), isEnded]).toEqual([500, '{"code":"unavailable"}', true]);
  });

  it('ends without a word in the log when its peer goes', async () => {
    const told: Told = { lines: [], kept: [] };
    const ended = Promise.withResolvers<void>();
    async function* long() {
      try {
        for (;;) yield Buffer.from(chunk);
      } finally {
        ended.resolve();
      }
    }
    const message = await askFor(long(), { told });
    message.destroy();
    await ended.promise;
    expect(told.lines).toEqual([]);
  });

  it('leaves none of its bytes behind', async () => {
    const given = copiesOf(chunk);
    const text = await read(await askFor(Array.from({ length: 40 }, () => chunk)));
    expect(text.length).toBe(40 * chunk.length);
    expect(given).toHaveLength(40);
    expect(given.every(isWiped)).toBe(true);
  });
});

it('an answer that is made whole is there once when it is sent, and its pieces are wiped', async () => {
  const chunk = Buffer.alloc(65_536, 'x');
  const given = copiesOf(chunk);
  let wiped: readonly boolean[] = [];
  const onSend = () => {
    wiped = given.map(isWiped);
  };
  expect((await read(await askFor([chunk, chunk, chunk], { onSend }))).length).toBe(3 * chunk.length);
  expect(wiped).toEqual([true, true, true]);
});

/** Every copy that is made of these bytes from now on. */
function copiesOf(original: Buffer): readonly Buffer[] {
  const copies: Buffer[] = [];
  const from = Buffer.from;
  Buffer.from = ((...all: Parameters<typeof from>) => {
    const bytes = from(...all);
    if (bytes.length === original.length) copies.push(bytes);
    return bytes;
  }) as typeof from;
  closing.push(() => {
    Buffer.from = from;
  });
  return copies;
}

function isWiped(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
