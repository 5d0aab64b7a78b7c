import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { nodeHttp } from '../../std/node-http.ts';
import { AHEAD, CHUNKS } from '../wire/limits.ts';

/** What Node has on a socket that speaks HTTP: not a documented interface, but the same in Node 20, 22 and 24. */
interface Parser {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => number) | null;
  /** Its callbacks, by numbers from its class. */
  [callback: number]: unknown;
  readonly constructor: { readonly kOnBody?: number };
}

/** Any value that Node itself never returns: the rest of the bytes is not parsed, and they count as a client's error. */
const REFUSED = -1;

/** The code of the error of a body in crumbs, beside those of Node. */
export const CHUNKS_OVERFLOW = 'CHUNKS_OVERFLOW';

/** The requests of one connection. */
interface Asked {
  /** The response to the request in progress. */
  readonly current: object | undefined;
  /** Those to requests that wait for it. */
  readonly waiting: readonly { readonly req: IncomingMessage }[];
}

/**
 * Bounds what Node's parser makes of the up to 64 KiB that it reads at once and always parses to their end. A request for
 * which the connection has no room stops it: creating two objects for each of 2,500, and an error with a stack when the
 * connection ends, is a hundred times the cost of parsing. Bodies in crumbs are a client's error too. Where Node has no
 * such parser, nothing is bounded.
 * @see docs/adr/0026-connections.md
 */
export function boundParser(socket: Socket, asked: Asked): void {
  const { parser } = socket as Socket & { readonly parser?: Parser | null };
  if (typeof parser?.onIncoming !== 'function') return;
  const { onIncoming } = parser;
  let chunksLeft: number = CHUNKS.free;
  let isRefused = false;

  function push(this: IncomingMessage, chunk: Buffer | null): boolean {
    if (chunk !== null && this.headers['transfer-encoding'] !== undefined) {
      chunksLeft += chunk.length / CHUNKS.bytesMin - 1;
    }
    if (chunksLeft >= 0) return nodeHttp.IncomingMessage.prototype.push.call(this, chunk);
    if (!isRefused) refuseBody(parser as Parser, socket);
    isRefused = true;
    return false;
  }

  parser.onIncoming = (request, keepAlive) => {
    if (asked.current === undefined) chunksLeft = CHUNKS.free;
    else if (!hasRoom(asked)) return REFUSED;
    request.push = push;
    return onIncoming(request, keepAlive);
  };
}

function hasRoom({ waiting }: Asked): boolean {
  let lines = 0;
  for (const { req } of waiting) lines += req.rawHeaders.length / 2;
  return waiting.length < AHEAD.requestsMax && lines < AHEAD.headersMax;
}

/** Each chunk costs a buffer and an event: without its callback the parser only skips its bytes. */
function refuseBody(parser: Parser, socket: Socket): void {
  const { kOnBody } = parser.constructor;
  if (kOnBody !== undefined) {
    const onBody = parser[kOnBody];
    parser[kOnBody] = undefined;
    // Node gives its parsers to one connection after the other.
    socket.once('close', () => {
      parser[kOnBody] = onBody;
    });
  }
  const { server } = socket as Socket & { readonly server?: Server };
  const error = Object.assign(new Error('a body in too many chunks'), { code: CHUNKS_OVERFLOW });
  if (server?.emit('clientError', error, socket) !== true) socket.destroy();
}
