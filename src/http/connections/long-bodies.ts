import type { FastifyRequest } from 'fastify';
import type { Pause } from '../../app/turns.ts';
import { SecretError } from '../../core/errors.ts';
import { parseBody } from '../requests/hooks.ts';
import { BODY_VALUES_MAX } from '../wire/limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ARRAY = 0x5b;
const OBJECT = 0x7b;
/** Bytes that are scanned between two pauses: less than a millisecond. */
const STEP_BYTES = 262_144;

/** Puts the JSON of a long body on its authenticated request. Throws invalid-body. */
export async function readLongBody(request: FastifyRequest): Promise<void> {
  const { caller, deps, rawBody } = request;
  request.body = await parseLongBody(rawBody, deps.turns.pauseOf(caller.userId));
}

/**
 * Parses a body long enough to hold too many values. They are counted first, since a parser cannot be interrupted and its
 * cost grows with values rather than bytes. Throws invalid-body.
 */
export async function parseLongBody(bytes: Buffer, pause: Pause): Promise<unknown> {
  const scan: Scan = { at: 0, isText: false, values: 0 };
  while (scan.at < bytes.length) {
    await pause();
    countValues(bytes, scan);
    if (scan.values > BODY_VALUES_MAX) {
      throw new SecretError('invalid-body', `The body must hold at most ${BODY_VALUES_MAX} values.`);
    }
  }
  // The parser gets a turn of its own.
  await new Promise(setImmediate);
  return parseBody(bytes);
}

interface Scan {
  at: number;
  /** Inside a string. */
  isText: boolean;
  values: number;
}

/** Counts what precedes a value or a member, outside strings, for one step. */
function countValues(bytes: Buffer, scan: Scan): void {
  const end = Math.min(scan.at + STEP_BYTES, bytes.length);
  let { at, isText, values } = scan;
  while (at < end) {
    const byte = bytes[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA || byte === ARRAY || byte === OBJECT) values += 1;
    at += 1;
  }
  Object.assign(scan, { at, isText, values });
}
