import type { FastifyReply } from 'fastify';
import type { Pause } from '../app/turns.ts';

/** Characters that become bytes between two pauses; the text that reaches them may be some tens of KiB longer. */
const STEP_CHARACTERS = 65_536;

/** A long list on its way to being an answer: JSON around the texts of its entries, which are made when they are asked for. */
export interface Pieces {
  readonly before: string;
  readonly texts: Iterable<string>;
  readonly after: string;
}

/** The JSON of each entry, with commas between them; an entry has some KiB. */
export function* textsOf<T>(entries: readonly T[], toWire: (entry: T) => unknown): Generator<string> {
  for (const [at, entry] of entries.entries()) yield `${at === 0 ? '' : ','}${JSON.stringify(toWire(entry))}`;
}

/**
 * Sends a list that may be long as one JSON text, made piece by piece so that others come in between. Shorter ones gain
 * nothing by it and lose nothing.
 */
export async function sendPieces(reply: FastifyReply, pause: Pause, { after, before, texts }: Pieces) {
  const pieces: Buffer[] = [];
  let text = before;
  for (const next of texts) {
    text += next;
    if (text.length < STEP_CHARACTERS) continue;
    pieces.push(Buffer.from(text));
    text = '';
    const others = pause();
    if (others !== undefined) await others;
  }
  pieces.push(Buffer.from(text + after));
  return reply.type('application/json').send(await joined(pieces, pause));
}

/**
 * One buffer of all; the pieces may be wiped afterwards. Memory is touched piece by piece too, which is what takes time.
 * Throws what the pause throws, and leaves nothing of the pieces behind then.
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
