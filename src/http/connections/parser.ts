import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CHUNKS } from '../wire/limits.ts';

/** What Node has on a socket that speaks HTTP: no documented interface, but the same in Node 20, 22 and 24. */
interface Parser {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => number) | null;
  /** Its callbacks, by numbers that stand in its class. */
  [callback: number]: unknown;
  readonly constructor: { readonly kOnBody?: number };
}

/** Any value that Node itself never returns: the rest of the bytes is not parsed, and they count as a client's error. */
const REFUSED = -1;

/**
 * Bounds what Node's parser makes of the up to 64 KiB that it reads at once and always parses to their end. A further request
 * while there is no room stops it: creating two objects for each of 2,500, and an error with a stack when the connection ends,
 * is a hundred times the cost of parsing. A body in crumbs ends its connection. Where Node has no such parser, nothing is
 * bounded.
 * @see docs/adr/0026-connections.md
 */
export function boundParser(socket: Socket, hasRoom: () => boolean): void {
  const { parser } = socket as Socket & { readonly parser?: Parser | null };
  if (typeof parser?.onIncoming !== 'function') return;
  const { onIncoming } = parser;
  parser.onIncoming = (request, keepAlive) => {
    if (!hasRoom()) return REFUSED;
    if (request.headers['transfer-encoding'] !== undefined) boundChunks(request, parser);
    return onIncoming(request, keepAlive);
  };
}

/** Each chunk costs a buffer and an event, whoever sends it: without its callback the parser only skips its bytes. */
function boundChunks(request: IncomingMessage, parser: Parser): void {
  const { socket } = request;
  const push = request.push.bind(request);
  let left = CHUNKS.free;
  request.push = (chunk: Buffer | null) => {
    if (chunk !== null) left += chunk.length / CHUNKS.bytesMin - 1;
    if (left >= 0) return push(chunk);
    const { kOnBody } = parser.constructor;
    if (kOnBody !== undefined && !socket.destroyed) {
      const onBody = parser[kOnBody];
      parser[kOnBody] = undefined;
      // Node gives its parsers to one connection after the other.
      socket.once('close', () => {
        parser[kOnBody] = onBody;
      });
    }
    socket.destroy();
    return false;
  };
}
