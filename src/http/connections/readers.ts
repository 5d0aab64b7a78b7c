import { TIMEOUT_MS } from '../wire/limits.ts';
import { destroy, type PeerConnection } from './connection.ts';

/** Looks in a row at which nothing more of an answer had been taken. */
const LOOKS_MAX = TIMEOUT_MS.unread / TIMEOUT_MS.check;

/**
 * Ends a connection whose other end takes nothing of its answer; to be called once in TIMEOUT_MS.check. What counts is what
 * the kernel has taken, in the pieces of answer.ts, and how often that was looked at: Node's own timer starts anew with every
 * byte that the peer sends, and a process that stood still has not waited for anybody.
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
