import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PiecewiseResponse } from '../../../src/http/connections/response.ts';

const MIB = 1_048_576;
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
let close: () => void = () => undefined;
afterEach(() => close());

/** One answer of these bytes, with its server's side and the client's, which does not read yet. */
async function answerOf(body: Buffer): Promise<{ response: PiecewiseResponse; message: IncomingMessage }> {
  const server = createServer({ ServerResponse: PiecewiseResponse }, (_request, response) => {
    response.writeHead(200, { 'content-length': String(body.length) });
    response.end(body);
    server.emit('answered', response);
  });
  const answered = once(server, 'answered');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  close = () => {
    request.destroy();
    server.close();
  };
  const [[response], [message]] = await Promise.all([answered, once(request, 'response')]);
  return { response, message };
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('a long answer', () => {
  it.each([0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 5 * MIB + 7])(
    'of %i bytes arrives whole',
    async (length) => {
      const body = randomBytes(length);
      const { message } = await answerOf(body);
      const got = await read(message);
      expect([got.length, digest(got)]).toEqual([length, digest(body)]);
    },
  );

  it('is given to the connection as the peer takes it, and not all at once', async () => {
    const body = Buffer.alloc(64 * MIB, 1);
    const { message, response } = await answerOf(body);
    message.pause();
    await new Promise((resume) => setTimeout(resume, 100));
    expect(response.writableLength).toBeLessThanOrEqual(2 * MIB);
    message.resume();
    expect(await read(message)).toHaveLength(body.length);
  });
});
