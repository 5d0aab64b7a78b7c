import type { RequestListener } from 'node:http';
import { AHEAD } from '../wire/limits.ts';
import { connectionOf, destroy, type PeerConnection, type Response, touch } from './connection.ts';

/**
 * Gives the requests of one connection their turns: each is handled when the response before it has been sent, and others
 * have theirs in between. Node would hand out all that a client sends ahead, and hold every response; here a connection
 * is not read while a request waits. What was read at once may still hold thousands, so the parser stops when as many
 * wait as any client sends ahead; where it cannot be stopped, the connection ends.
 */
export function inTurn(handler: RequestListener): RequestListener {
  function begin(connection: PeerConnection, response: Response): void {
    touch(connection);
    connection.current = response;
    response.on('close', end);
  }

  function handle(response: Response): void {
    if (!response.req.socket.destroyed) handler(response.req, response);
  }

  function end(this: Response): void {
    const { socket } = this.req;
    const connection = connectionOf(socket);
    if (connection === undefined) return;
    touch(connection);
    connection.current = undefined;
    const next = socket.destroyed ? undefined : connection.waiting.shift();
    if (next === undefined) return;
    if (connection.waiting.length === 0) socket.resume();
    begin(connection, next);
    setImmediate(handle, next);
  }

  return (request, response) => {
    const connection = connectionOf(request.socket);
    if (connection === undefined) {
      // It was refused a moment ago.
      request.socket.destroy();
    } else if (connection.current === undefined) {
      begin(connection, response);
      handler(request, response);
    } else if (connection.waiting.length >= AHEAD.requestsMax) {
      destroy(connection);
    } else {
      connection.waiting.push(response);
      if (connection.waiting.length === 1) process.nextTick(pauseNext, connection);
    }
  };
}

/** Node has its own resumption of reading run at the end of every request: ours comes behind that. */
function pauseNext(connection: PeerConnection): void {
  process.nextTick(pause, connection);
}

function pause({ waiting, socket }: PeerConnection): void {
  if (waiting.length > 0) socket.pause();
}
