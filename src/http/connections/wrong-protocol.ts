import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';

/** Reports clients that speak HTTPS to a plain HTTP port, or the other way round. */
export interface WrongProtocol {
  /** Checks what the HTTP parser has refused. */
  watchPlain(error: { readonly rawPacket?: unknown }, socket: Socket): void;
  /** Checks a failed handshake; on the bare connection, plain HTTP gets the one response that it can read. */
  answerOnTls(error: { readonly code?: string }, tcp: Socket): void;
}

/** Between two log lines about the same: any peer can cause them. */
const LOG_EVERY_MS = 60_000;
/** The beginning of a TLS connection: a handshake record of any version. */
const TLS_HELLO = [0x16, 0x03] as const;
const SPEAK_HTTPS = 'This port speaks HTTPS: call it with https://\n';
const ANSWER =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n' +
  `Connection: close\r\nContent-Length: ${Buffer.byteLength(SPEAK_HTTPS)}\r\n\r\n${SPEAK_HTTPS}`;

/** Creates the watch; each direction has one log line a minute. */
export function createWrongProtocol(log: Pick<FastifyBaseLogger, 'warn'>): WrongProtocol {
  const dueMs = new Map<string, number>();

  function warn(message: string, { remoteAddress: address }: Socket): void {
    const nowMs = performance.now();
    if (nowMs < (dueMs.get(message) ?? 0)) return;
    dueMs.set(message, nowMs + LOG_EVERY_MS);
    log.warn({ address }, message);
  }

  return {
    watchPlain({ rawPacket }, socket) {
      if (!(rawPacket instanceof Uint8Array) || TLS_HELLO.some((byte, at) => rawPacket[at] !== byte)) return;
      warn('a client spoke TLS to this port, which speaks plain HTTP', socket);
    },
    answerOnTls({ code }, tcp) {
      if (code !== 'ERR_SSL_HTTP_REQUEST') return;
      warn('a client spoke plain HTTP to this port, which speaks TLS', tcp);
      tcp.end(ANSWER);
    },
  };
}
