import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ErrorCode, SecretError } from '../../core/errors.ts';
import { nodeHttp } from '../../std/node-http.ts';
import type { RequestEnds } from '../requests/ends.ts';
import { toWireError } from '../requests/error-handler.ts';
import { TIMEOUT_MS } from '../wire/limits.ts';
import { connectionOf } from './connection.ts';

/** What Node's parser refuses before there is a request, by its code; everything else is malformed. */
const PARSER_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  // More requests ahead than a connection may have.
  HPE_CB_HEADERS_COMPLETE: 'throttled',
});

/** What comes behind the bytes that were refused is refused in silence. */
const refused = new WeakSet<Socket>();

/**
 * Answers on a connection whose bytes are no HTTP request, once those before them that are requests have their answers: in
 * the usual shape, with a request id, then ends it.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  ends: Pick<RequestEnds, 'refuse'>,
): void {
  if (refused.has(socket)) return;
  if (error.code === 'ECONNRESET' || 'syscall' in error) {
    // The connection is broken: nobody is there to be answered, and no bytes were refused.
    socket.destroy();
    return;
  }
  refused.add(socket);
  // The error has the bytes too, which would be kept while others before them are answered.
  const { code } = error;
  whenAnswered(socket, () => refuse(code, socket, ends));
}

/** Calls back when no whole request is being answered: the peer would take what is sent before that for its answer. */
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
 * The other end gets a moment to read the refusal, and what it still sends is thrown away: closing at once would make its
 * kernel forget the answer. Nobody else would end the connection: it is no longer on Node's list.
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
