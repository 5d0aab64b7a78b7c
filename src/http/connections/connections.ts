import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import { watchStart } from '../../app/jobs/rest.ts';
import type { ServerOptions } from '../server-options.ts';
import { CONNECTIONS, TIMEOUT_MS } from '../wire/limits.ts';
import { readClientCertificate } from './client-certificate.ts';
import { destroy, mark } from './connection.ts';
import { watchCrowd } from './crowd.ts';
import { createPlaces, type Places } from './places.ts';
import { endUnread } from './readers.ts';
import { createWrongProtocol, type WrongProtocol } from './wrong-protocol.ts';

/** Outcomes of connections since the start. */
export interface ConnectionCounts {
  readonly open: number;
  /** Closed at once, for lack of a place. */
  readonly refused: number;
  /** Closed while unused, to make room for others. */
  readonly evicted: number;
}

/** The connections of one server. */
export interface Connections {
  counts(): ConnectionCounts;
  /** Ends those without a request, and each other one when its response is sent; after TIMEOUT_MS.drain all. */
  drain(): void;
  /**
   * Ends those without a request, and lets what others have shown in their handshake count no more: the authorities of
   * client certificates have changed.
   */
  renew(): void;
  stop(): void;
}

/** Between two log lines about refused connections. */
const LOG_EVERY_MS = 60_000;

/**
 * Watches a server's connections: gives them places, ends those whose other end does not read its response, and ends all
 * when the server stops. Nothing here waits for the other end.
 */
export function watchConnections(
  server: Server,
  options: Pick<ServerOptions, 'connectionsAllowed' | 'giveMemoryBack' | 'isTrustedProxy' | 'log'>,
): Connections {
  const places = createPlaces(options.isTrustedProxy, Math.min(CONNECTIONS.max, options.connectionsAllowed));
  let refused = 0;
  const counts = () => ({ open: places.all().length, refused, evicted: places.evicted() });
  const logRefusals = createRefusalLog(options.log);

  server.on('connection', (tcp: Socket) => {
    const connection = places.admit(tcp);
    if (connection === undefined) {
      refused += 1;
      tcp.destroy();
      return;
    }
    tcp.once('close', () => places.leave(connection));
  });
  // The machine lacks memory or descriptors: one connection is lost, not the process.
  server.on('error', ({ syscall }: Error & { syscall?: string }) => {
    if (syscall === 'accept') refused += 1;
  });
  watchHandshakes(server, places, createWrongProtocol(options.log));

  const afterCrowd = watchCrowd(options.giveMemoryBack);
  const afterStart = watchStart(options.giveMemoryBack);
  const watch = setInterval(() => {
    const all = places.all();
    for (const connection of all) endUnread(connection);
    afterCrowd(all.length);
    afterStart(all.some(({ current }) => current !== undefined));
    logRefusals(counts());
  }, TIMEOUT_MS.check);
  watch.unref();
  let sweep: NodeJS.Timeout | undefined;
  return {
    counts,
    drain() {
      const endMs = performance.now() + TIMEOUT_MS.drain;
      const endUnused = () => {
        const isOver = performance.now() >= endMs;
        for (const connection of places.all()) {
          if (isOver || connection.current === undefined) destroy(connection);
        }
      };
      sweep ??= setInterval(endUnused, TIMEOUT_MS.sweep);
    },
    renew() {
      for (const connection of places.all()) {
        connection.isOutdated = true;
        if (connection.current === undefined) destroy(connection);
      }
    },
    stop() {
      clearInterval(watch);
      clearInterval(sweep);
    },
  };
}

/** Finds the connection of each TLS socket again, and ends those whose handshake fails. */
function watchHandshakes(server: Server, places: Places, wrongProtocol: WrongProtocol): void {
  server.on('secureConnection', (socket: Socket) => {
    const connection = places.all().find(({ tcp }) => isSame(tcp, socket));
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    connection.socket = socket;
    connection.certificate = readClientCertificate(socket);
    mark(socket, connection);
  });
  // After a failed handshake nothing can be answered, except plain HTTP, and only this ends the connection.
  server.on('tlsClientError', (error: Error & { code?: string }, socket: Socket) => {
    const connection = places.all().find(({ tcp }) => isSame(tcp, socket));
    if (connection !== undefined) wrongProtocol.answerOnTls(error, connection.tcp);
    socket.destroy();
  });
}

/** A TLS socket has the same addresses as the TCP connection below it. */
function isSame(tcp: Socket, socket: Socket): boolean {
  return (
    tcp.remotePort === socket.remotePort &&
    tcp.remoteAddress === socket.remoteAddress &&
    tcp.localAddress === socket.localAddress
  );
}

function createRefusalLog(log: FastifyBaseLogger): (counts: ConnectionCounts) => void {
  let logged = { refused: 0, evicted: 0 };
  let nextMs = 0;
  return ({ open, refused, evicted }) => {
    const news = { refused: refused - logged.refused, evicted: evicted - logged.evicted };
    if (news.refused + news.evicted === 0 || performance.now() < nextMs) return;
    nextMs = performance.now() + LOG_EVERY_MS;
    logged = { refused, evicted };
    log.warn({ open, ...news }, 'no place for all connections');
  };
}
