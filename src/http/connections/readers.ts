import { TIMEOUT_MS } from '../wire/limits.ts';
import { destroy, type PeerConnection } from './connection.ts';

/** Checks in a row at which nothing more of a response had been taken. */
const LOOKS_MAX = TIMEOUT_MS.unread / TIMEOUT_MS.check;

/**
 * Ends a connection whose other end takes nothing of its response; to be called once in TIMEOUT_MS.check. It counts what
 * the kernel has taken, in the pieces of response.ts, and the checks: Node's own timer restarts with every byte that the
 * peer sends, and a process that was suspended has not waited for anyone.
 */
export function endUnread(connection: PeerConnection): void {
  const { current, socket } = connection;
  const left = socket.writableLength;
  const taken = socket.bytesWritten - left;
  if (current === undefined || left === 0 || taken !== connection.taken) {
    connection.taken = taken;
    connection.looks = 0;
    return;
  }
  connection.looks += 1;
  if (connection.looks >= LOOKS_MAX) destroy(connection);
}
