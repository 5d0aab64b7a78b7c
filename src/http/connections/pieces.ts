import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pause } from '../../app/turns.ts';
import { logCutOff } from '../requests/error-handler.ts';
import { WHOLE_RESPONSE_BYTES_MAX } from '../wire/limits.ts';
import { give } from './response.ts';

/** Characters that become bytes between two pauses; the text that reaches them may be some tens of KiB longer. */
const STEP_CHARACTERS = 65_536;
/** Of one step of a streamed response: its chunk, its bytes, and the connection's copy. */
const STEP_BYTES = 524_288;

/** The JSON of a long response, in chunks that are made on demand. A chunk may be wiped once the next is requested. */
export type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** The JSON of each entry, separated by commas; an entry has some KiB. */
export function* textsOf<T>(entries: Iterable<T>, toWire: (entry: T) => unknown): Generator<string> {
  let comma = '';
  for (const entry of entries) {
    yield `${comma}${JSON.stringify(toWire(entry))}`;
    comma = ',';
  }
}

/** Bytes that a response of any length holds at most, beside those of its producer. */
export const LONG_RESPONSE_BYTES_MAX = WHOLE_RESPONSE_BYTES_MAX + STEP_BYTES;

/** How a long response is sent. */
export interface Sending {
  readonly pause: Pause;
  /** Bytes that the producer of the chunks holds meanwhile. */
  readonly heldBytes: number;
}

/**
 * Sends JSON that may be long. Up to 1 MiB it is made whole first, so that its length is known and a failure becomes an
 * error response. What is longer is streamed as the peer takes it: the list may have any length, and the process holds a
 * part of it. When that fails the connection is cut, since a regular end would make a part look like the whole. Throws
 * what the chunks throw before anything is sent, and unavailable.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export async function sendPieces(reply: FastifyReply, chunks: Chunks, { pause, heldBytes }: Sending) {
  const steps = stepsOf(chunks, pause);
  const made: Buffer[] = [];
  let bytes = 0;
  try {
    while (bytes <= WHOLE_RESPONSE_BYTES_MAX) {
      const { done, value } = await steps.next();
      // Not awaited: a reply resolves once the peer has taken all of it, and the pieces are wiped before.
      if (done) return sendWhole(reply, await joined(made, pause));
      made.push(value);
      bytes += value.length;
    }
    reply.keepBytes(heldBytes + LONG_RESPONSE_BYTES_MAX);
    return await sendSteps(reply, { made, steps, pause });
  } finally {
    for (const piece of made) piece.fill(0);
    await steps.return(undefined);
  }
}

/** Joins chunks into steps of some tens of KiB, with a pause after each. The consumer owns the bytes. */
async function* stepsOf(chunks: Chunks, pause: Pause): AsyncGenerator<Buffer, undefined> {
  let text = '';
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') {
      text += chunk;
      if (text.length < STEP_CHARACTERS) continue;
    }
    if (text !== '') yield Buffer.from(text);
    text = '';
    if (typeof chunk !== 'string') yield Buffer.from(chunk);
    const others = pause();
    if (others !== undefined) await others;
  }
  if (text !== '') yield Buffer.from(text);
}

function sendWhole(reply: FastifyReply, whole: Buffer) {
  if (reply.raw.closed) whole.fill(0);
  else reply.raw.once('close', () => whole.fill(0));
  return reply.type('application/json').send(whole);
}

/**
 * One buffer of all pieces, which may be wiped afterwards. Memory is touched piece by piece too, which is what takes
 * time. Throws what the pause throws, after wiping what was copied.
 */
export async function joined(pieces: readonly Uint8Array[], pause: Pause): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  try {
    for (const piece of pieces) {
      const others = pause();
      if (others !== undefined) await others;
      whole.set(piece, at);
      at += piece.length;
    }
  } catch (error) {
    whole.fill(0, 0, at);
    throw error;
  }
  return whole;
}

/** Sends the finished pieces and the steps to come; from here on this function owns the response and its failures. */
async function sendSteps(
  reply: FastifyReply,
  sending: {
    readonly made: readonly Buffer[];
    readonly steps: AsyncGenerator<Buffer>;
    readonly pause: Pause;
  },
) {
  const { raw, request } = reply.type('application/json').hijack();
  try {
    raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
    for (const piece of sending.made) await give(raw, piece, sending.pause);
    for await (const piece of sending.steps) await give(raw, piece, sending.pause);
    raw.end();
  } catch (error) {
    cutOff(request, reply, error as Error);
  }
  return reply;
}

/** When the peer itself has gone, there is nothing to report. */
function cutOff(request: FastifyRequest, { raw }: FastifyReply, error: Error): void {
  const hasGone = raw.closed || request.raw.socket.destroyed;
  request.raw.socket.destroy();
  if (hasGone) return;
  logCutOff(request, error);
  // No end event will log its request; those who wait for one also wait for this.
  if (raw.listenerCount('error') > 0) raw.emit('error', error);
}
