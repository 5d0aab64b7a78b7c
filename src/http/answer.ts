import { ServerResponse } from 'node:http';

/**
 * Bytes that are given to a connection at one go. TLS encrypts all of them at once, and a peer that takes no whole piece in
 * the time that is given to it counts as one that does not read.
 */
const PIECE_BYTES = 65_536;

/**
 * An answer whose head is written in one go. The request id gets back the spelling that one client looks for: Fastify
 * lowers all names, and a header set beside Fastify would put every answer on Node's slow way of merging the two. A long body
 * goes out piece by piece, as the peer takes it.
 */
export class Answer extends ServerResponse {
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1);
    if (typeof headers !== 'object' || headers === null) return super.writeHead(status);
    const list: string[] = [];
    for (const [name, value] of Object.entries(headers as Record<string, string>)) {
      list.push(name === 'x-request-id' ? 'X-Request-Id' : name, value);
    }
    return super.writeHead(status, list);
  }

  override end(...given: readonly unknown[]): this {
    const [whole] = given;
    const body = typeof whole === 'string' && whole.length > PIECE_BYTES ? Buffer.from(whole) : whole;
    // The overloads of the one method cannot be named together.
    const end = super.end.bind(this) as (...all: readonly unknown[]) => unknown;
    if (Buffer.isBuffer(body) && body.length > PIECE_BYTES) sendFrom(this, body, { start: 0, end });
    else end(...given);
    return this;
  }
}

function sendFrom(
  answer: ServerResponse,
  body: Buffer,
  { start, end }: { readonly start: number; readonly end: (last: Buffer) => void },
): void {
  let at = start;
  while (at + PIECE_BYTES < body.length) {
    const isTaken = answer.write(body.subarray(at, at + PIECE_BYTES));
    at += PIECE_BYTES;
    if (isTaken) continue;
    answer.once('drain', () => sendFrom(answer, body, { start: at, end }));
    return;
  }
  end(body.subarray(at));
}
