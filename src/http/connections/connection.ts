import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { REQUESTS_AHEAD_MAX } from '../wire/limits.ts';

/** An answer on its way; on the server's side it always knows its request. */
export type Response = ServerResponse<IncomingMessage>;

/** One connection, from the moment it is accepted. */
export interface PeerConnection {
  readonly tcp: Socket;
  /** What HTTP is spoken on: with TLS another socket than `tcp` once the handshake is over. */
  socket: Socket;
  /** The other end's, without a port; for IPv6 the /64 network, unless it is a trusted proxy. */
  readonly address: string;
  /** May only ask about health: all places of ordinary connections were taken. */
  readonly isReserved: boolean;
  /** Has carried a request with good credentials. */
  isKnown: boolean;
  /** The answer to the request in progress. */
  current: Response | undefined;
  /** The answers to requests that were sent before it was their turn. */
  readonly waiting: Response[];
  /** Of two connections, the lower one has been at what it does now for longer. */
  order: number;
  /** Bytes that the kernel had taken for the other end when that was last looked at. */
  taken: number;
  /** How often in a row nothing more had been taken of an answer. */
  looks: number;
}

const CONNECTION = Symbol('connection');
type Marked = Socket & { [CONNECTION]?: PeerConnection; readonly parser?: Parser | null };
/** What Node has on a socket that speaks HTTP; no part of its documented interface. */
interface Parser {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => number) | null;
}
/** Any answer that Node itself never gives: what follows in the same bytes is not parsed, and they are a client's error. */
const REFUSED = -1;
let lastOrder = 0;

/**
 * Has the connection found by its socket, and Node's parser stop at a request for whose answer nothing is kept. It would
 * make two objects for every further request of a piece, and an error with a trace for each when the connection is ended:
 * a hundred times what the parsing takes.
 */
export function mark(socket: Socket, connection: PeerConnection): void {
  const marked: Marked = socket;
  marked[CONNECTION] = connection;
  const { parser } = marked;
  if (typeof parser?.onIncoming !== 'function') return;
  const { onIncoming } = parser;
  parser.onIncoming = (request, keepAlive) =>
    connection.waiting.length < REQUESTS_AHEAD_MAX ? onIncoming(request, keepAlive) : REFUSED;
}

/** The connection of a request's socket; undefined for a request that came over none, as in tests. */
export function connectionOf(socket: Socket): PeerConnection | undefined {
  return (socket as Marked)[CONNECTION];
}

/** Notes that the connection begins something new. */
export function touch(connection: PeerConnection): void {
  lastOrder += 1;
  connection.order = lastOrder;
}

/**
 * True while ending it would undo nothing: no request is there, or one that is still being sent, whose sender nobody has
 * authenticated yet.
 */
export function isUnused({ current }: PeerConnection): boolean {
  return current === undefined || !current.req.complete;
}

/** Ends it without a word, whatever its other end does. */
export function destroy({ socket, tcp }: PeerConnection): void {
  socket.destroy();
  tcp.destroy();
}
