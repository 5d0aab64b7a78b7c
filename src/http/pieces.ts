import type { FastifyReply } from 'fastify';
import type { Pause } from '../app/turns.ts';

/** Entries that become text between two pauses, each of some KiB. */
const STEP_ENTRIES = 32;

/** A long list on its way to being an answer: JSON around the texts of its entries. */
export interface Pieces<T> {
  readonly before: string;
  readonly entries: readonly T[];
  readonly toWire: (entry: T) => object;
  readonly after: string;
}

/**
 * Sends a list that may be long as one JSON text, made piece by piece so that others come in between. Shorter ones gain
 * nothing by it and lose nothing.
 */
export async function sendPieces<T>(reply: FastifyReply, pause: Pause, pieces: Pieces<T>) {
  const { after, before, entries, toWire } = pieces;
  const texts: Buffer[] = [Buffer.from(before)];
  for (let at = 0; at < entries.length; at += STEP_ENTRIES) {
    const others = at === 0 ? undefined : pause();
    if (others !== undefined) await others;
    const step = entries.slice(at, at + STEP_ENTRIES).map((entry) => JSON.stringify(toWire(entry)));
    texts.push(Buffer.from(`${at === 0 ? '' : ','}${step.join(',')}`));
  }
  texts.push(Buffer.from(after));
  return reply.type('application/json').send(await joined(texts, pause));
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
