import type { RequestListener } from 'node:http';
import { REQUESTS_AHEAD_MAX } from '../wire/limits.ts';
import { connectionOf, destroy, type PeerConnection, type Response, touch } from './connection.ts';

/**
 * Gives the requests of one connection their turns: each is handled when the answer before it is out. Node would hand out
 * all that a client sends ahead, and hold every answer; here a connection is not read while a request waits, so that what
 * waits has come in one piece. Of the shortest requests that piece holds thousands, each of which takes a hundred times its
 * bytes: a connection with more of them than any client sends ahead is ended.
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
    // Other connections have their turns in between.
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
    } else if (connection.waiting.length >= REQUESTS_AHEAD_MAX) {
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
