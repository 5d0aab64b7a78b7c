import { StartError } from '../app/start-error.ts';
import { RootKeyError } from '../crypto/root-key.ts';
import { FileFault } from '../files/guarded-file.ts';
import { systemCode } from '../std/system-code.ts';
import { FileError } from '../yaml/file-error.ts';
import { ControlRefusal } from './control.ts';
import { UsageError } from './flags.ts';
import { printToStderr } from './standard-streams.ts';

/** How the process ended. @see sysexits.h, where the numbers are from */
export const EXIT = Object.freeze({
  ok: 0,
  checkFailed: 1,
  usage: 64,
  unavailable: 69,
  damaged: 74,
  configuration: 78,
});

const START_CODES = {
  taken: EXIT.unavailable,
  damaged: EXIT.damaged,
  configuration: EXIT.configuration,
} as const;
/** Errors of the operating system that mean "something needed is in use or cannot be reached". */
const UNAVAILABLE = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'ECONNREFUSED', 'ENOTFOUND']);

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof StartError) return START_CODES[error.kind];
  if (error instanceof ControlRefusal) {
    return error.code === 'seed-invalid' ? EXIT.configuration : EXIT.checkFailed;
  }
  if (isFaultOfFile(error)) return EXIT.configuration;
  const isRefusedPort = causeCode(error) === 'EACCES' && systemCall(error) === 'listen';
  return isRefusedPort || UNAVAILABLE.has(causeCode(error)) ? EXIT.unavailable : EXIT.damaged;
}

/** Says in one line on stderr why a command ended; a stack only for unexpected errors. */
export function printFailure(error: unknown): void {
  const isExpected =
    error instanceof UsageError ||
    error instanceof StartError ||
    error instanceof ControlRefusal ||
    isFaultOfFile(error) ||
    causeCode(error) !== '';
  const text =
    error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  printToStderr(`csms-server: ${text}\n`);
}

function isFaultOfFile(error: unknown): boolean {
  return error instanceof RootKeyError || error instanceof FileError || error instanceof FileFault;
}

function systemCall(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? error.syscall : undefined;
}

function causeCode(error: unknown): string {
  return systemCode(error instanceof TypeError ? (error.cause ?? error) : error);
}
