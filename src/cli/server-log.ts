import { isatty } from 'node:tty';
import pino, { type Logger } from 'pino';
import { createLogDestination } from '../log/destination.ts';
import { readableLine } from '../log/readable.ts';

const STDERR = 2;
/** How long lines are gathered on a pipe or in a file. */
const GATHER_MS = 100;
/** How long the end of the process waits for the reader of the log. */
const FLUSH_MS = 1_000;

/** The log of a server, on stderr: readable lines on a terminal, JSON lines anywhere else. */
export function createServerLog(level: string): Logger {
  const isTerminal = isatty(STDERR);
  const destination = createLogDestination(
    STDERR,
    isTerminal ? { delayMs: 0, format: readableLine } : { delayMs: GATHER_MS },
  );
  process.on('exit', () => destination.flush(FLUSH_MS));
  return pino({ level, base: null }, destination);
}
