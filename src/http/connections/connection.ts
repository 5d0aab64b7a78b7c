import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientCertificate } from '../../app/ports/deps.ts';
import { boundParser } from './parser.ts';

/** A response; on the server's side it always has its request. */
export type Response = ServerResponse<IncomingMessage>;

/** One connection, from the moment it is accepted. */
export interface PeerConnection {
  readonly tcp: Socket;
  /** The socket that carries HTTP: with TLS not `tcp` once the handshake is over. */
  socket: Socket;
  /** The other end's, without a port; for IPv6 the /64 network, unless it is a trusted proxy. */
  readonly address: string;
  /** May only ask about health: all places for ordinary connections were in use. */
  readonly isReserved: boolean;
  /** What the client has shown in the handshake. */
  certificate: ClientCertificate | undefined;
  /** From before the authorities of client certificates changed: what it has shown counts no more. */
  isOutdated: boolean;
  /** Has carried a request with valid credentials. */
  isKnown: boolean;
  /** The response to the request in progress. */
  current: Response | undefined;
  /** The responses to requests that were sent ahead. */
  readonly waiting: Response[];
  /** Of two connections, the one with the lower order has been in its present state for longer. */
  order: number;
  /** Bytes that the kernel had taken for the other end at the last check. */
  taken: number;
  /** Checks in a row at which nothing more of a response had been taken. */
  looks: number;
}

const CONNECTION = Symbol('connection');
type Marked = Socket & { [CONNECTION]?: PeerConnection };
let lastOrder = 0;

/** Lets the connection be found by its socket, and stops the parser when it has no room for more. */
export function mark(socket: Socket, connection: PeerConnection): void {
  (socket as Marked)[CONNECTION] = connection;
  boundParser(socket, connection);
}

/** The connection of a request's socket; undefined for a request without one, as in tests. */
export function connectionOf(socket: Socket): PeerConnection | undefined {
  return (socket as Marked)[CONNECTION];
}

/** Records that the connection begins something new. */
export function touch(connection: PeerConnection): void {
  lastOrder += 1;
  connection.order = lastOrder;
}

/**
 * True while ending it loses nothing: it has no request, or one that is still being sent and is not authenticated yet.
 */
export function isUnused({ current }: PeerConnection): boolean {
  return current === undefined || !current.req.complete;
}

/** Ends it at once, whatever its other end does. */
export function destroy({ socket, tcp }: PeerConnection): void {
  socket.destroy();
  tcp.destroy();
}

/**
 * Ends it with a reset, so that its other end gets an error in place of an end. What was sent and has not arrived is lost.
 * With TLS the connection below is reset: the socket above would say a regular farewell first.
 */
export function reset({ socket, tcp }: PeerConnection): void {
  tcp.resetAndDestroy();
  socket.destroy();
}
