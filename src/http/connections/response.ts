import type { ServerResponse } from 'node:http';
import type { Pause } from '../../app/turns.ts';
import { unavailable } from '../../core/errors.ts';
import { nodeHttp } from '../../std/node-http.ts';

/**
 * Bytes that are written to a connection at a time. TLS encrypts all of them at once, and a peer that does not take a
 * whole piece in time counts as not reading.
 */
const PIECE_BYTES = 65_536;

/** A peer that takes a piece at least so often is reading; `all`: for how long that counts while others wait. */
const READING_MS = Object.freeze({ piece: 2_000, all: 30_000 });

/** When the peer took its first and its latest piece of a response, by a monotonic clock. */
const readings = new WeakMap<ServerResponse, { readonly sinceMs: number; takenMs: number }>();

/** Whether the peer is taking the response at some pace: others who wait for its room wait for it, for half a minute. */
export function isBeingTaken(response: ServerResponse): boolean {
  const reading = readings.get(response);
  if (reading === undefined) return false;
  const nowMs = performance.now();
  return nowMs - reading.takenMs < READING_MS.piece && nowMs - reading.sinceMs < READING_MS.all;
}

function noteTaken(response: ServerResponse): void {
  const nowMs = performance.now();
  const reading = readings.get(response);
  if (reading === undefined) readings.set(response, { sinceMs: nowMs, takenMs: nowMs });
  else reading.takenMs = nowMs;
}

/**
 * A response whose head is written at once. Its request id header regains the spelling that one client looks for: Fastify
 * lower-cases all names, and a header set beside Fastify would make Node merge the two slowly for every response. A long
 * body is sent piece by piece, as the peer takes it.
 */
export class PiecewiseResponse extends nodeHttp.ServerResponse {
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1);
    if (typeof headers !== 'object' || headers === null) return super.writeHead(status);
    const list: string[] = [];
    for (const name of Object.keys(headers)) {
      list.push(
        name === 'x-request-id' ? 'X-Request-Id' : name,
        (headers as Record<string, string>)[name] ?? '',
      );
    }
    return super.writeHead(status, list);
  }

  override end(...given: readonly unknown[]): this {
    const [whole] = given;
    const body = typeof whole === 'string' && whole.length > PIECE_BYTES ? Buffer.from(whole) : whole;
    if (Buffer.isBuffer(body) && body.length > PIECE_BYTES) {
      sendFrom(this, body, { start: 0, end: (last) => super.end(last) });
      return this;
    }
    // The overloads of the one method cannot be named together.
    return super.end(...(given as [unknown]));
  }
}

/**
 * Writes bytes to the connection piece by piece, each when the peer has taken the one before, and wipes them all. Throws
 * unavailable when the connection is gone, and what the pause throws.
 */
export async function give(response: ServerResponse, bytes: Buffer, pause: Pause): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const others = pause();
      if (others !== undefined) await others;
      await taken(response, bytes.subarray(at, at + PIECE_BYTES));
      noteTaken(response);
    }
  } finally {
    bytes.fill(0);
  }
}

function taken(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(unavailable('the client has gone'));
    if (response.closed) {
      onClose();
      return;
    }
    response.once('close', onClose);
    response.write(piece, (error) => {
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}

function sendFrom(
  response: ServerResponse,
  body: Buffer,
  { start, end }: { readonly start: number; readonly end: (last: Buffer) => void },
): void {
  let at = start;
  while (at + PIECE_BYTES < body.length) {
    const isTaken = response.write(body.subarray(at, at + PIECE_BYTES));
    at += PIECE_BYTES;
    if (isTaken) continue;
    response.once('drain', () => {
      noteTaken(response);
      sendFrom(response, body, { start: at, end });
    });
    return;
  }
  end(body.subarray(at));
}
