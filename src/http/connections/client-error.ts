import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ErrorCode, SecretError } from '../../core/errors.ts';
import { nodeHttp } from '../../std/node-http.ts';
import type { RequestEnds } from '../requests/ends.ts';
import { toWireError } from '../requests/error-handler.ts';
import { TIMEOUT_MS } from '../wire/limits.ts';
import { connectionOf } from './connection.ts';
import { CHUNKS_OVERFLOW } from './parser.ts';

/** The parser's refusals before there is a request, by Node's code; all others mean malformed. */
const PARSER_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  [CHUNKS_OVERFLOW]: 'body-too-large',
  // More requests sent ahead than a connection may have.
  HPE_CB_HEADERS_COMPLETE: 'throttled',
});

/** What follows refused bytes is refused silently. */
const refused = new WeakSet<Socket>();

/**
 * Answers on a connection whose bytes are not an HTTP request, once the requests before them have their responses: in the
 * usual shape, with a request id; then ends it.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  ends: Pick<RequestEnds, 'refuse'>,
): void {
  if (refused.has(socket)) return;
  if (error.code === 'ECONNRESET' || 'syscall' in error) {
    // The connection is broken: nothing can be sent, and no bytes were refused.
    socket.destroy();
    return;
  }
  refused.add(socket);
  // The error holds the bytes, which would be kept in memory while earlier requests are answered.
  const { code } = error;
  whenAnswered(socket, () => refuse(code, socket, ends));
}

/** Calls back when no complete request is being answered: its peer would mistake what is sent now for its response. */
function whenAnswered(socket: Socket, ready: () => void): void {
  const current = connectionOf(socket)?.current;
  if (current?.req.complete !== true) {
    ready();
    return;
  }
  socket.pause();
  current.once('close', () => whenAnswered(socket, ready));
}

/**
 * The other end gets a moment to read the refusal, and what it still sends is discarded: closing at once would make its
 * kernel drop the response. Only this ends the connection: it is no longer on Node's list.
 */
function refuse(reason: string | undefined, socket: Socket, ends: Pick<RequestEnds, 'refuse'>): void {
  const timer = setTimeout(() => socket.destroy(), TIMEOUT_MS.refusal);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  const requestId = randomUUID().replaceAll('-', '');
  const refusal = new SecretError(PARSER_CODES[reason ?? ''] ?? 'request-malformed');
  const { status, body } = toWireError(refusal, { family: 'flat', requestId, notFoundStatus: 404 });
  ends.refuse(socket, { requestId, status, code: String(body.error_code), reason });
  socket.resume();
  if (!socket.writable) return;
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${nodeHttp.STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: application/json\r\n` +
      `X-Request-Id: ${requestId}\r\nCache-Control: no-store\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
