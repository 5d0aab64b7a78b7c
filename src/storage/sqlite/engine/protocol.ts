import type { RoomFigures } from '../../../app/health/storage-status.ts';
import type { Actor } from '../../../core/actor.ts';
import type { Command } from '../../../core/commands.ts';
import { type ErrorCode, SecretError } from '../../../core/errors.ts';

/** One command on its way to the writer thread. */
export interface Request {
  readonly id: number;
  readonly command: Command;
  readonly actor: Actor;
}

/** An error on its way back: classes do not cross threads. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly parameter?: string | undefined;
  /** For the log only. */
  readonly logReason?: string | undefined;
  /** Where an unexpected error happened; for the log only. */
  readonly stack?: string;
}

/**
 * The outcome of one command; `removed`: it removed sealed values or keys, whose bytes must leave the log as well;
 * `damage`: the addresses of damaged rows that it skipped or replaced.
 */
export type Outcome =
  | {
      readonly id: number;
      readonly result: unknown;
      readonly removed: boolean;
      readonly damage: readonly string[];
    }
  | { readonly id: number; readonly error: SentError };

/** From the main thread to the writer: commands, or a request to stop. */
export type ToWriter = { readonly requests: readonly Request[] } | { readonly stop: true };

/** What the writer knows about its files, and what prevents work on them. */
export interface WriterStatus extends RoomFigures {
  readonly isWritable: boolean;
  readonly isLocked: boolean;
  readonly checkpointOwedMs: number;
}

/** From the writer to the main thread. After `fatal` nothing else comes: the process has to end. */
export type FromWriter =
  | { readonly ready: true; readonly status: WriterStatus }
  | { readonly status: WriterStatus }
  | { readonly outcomes: readonly Outcome[] }
  | { readonly fatal: string }
  | { readonly stopped: true };

/** What the writer thread starts with. */
export interface WriterSettings {
  readonly directory: string;
  readonly databaseFile: string;
  /** The operator's limit in bytes below which changes are refused. */
  readonly freeBytesMin?: number | undefined;
  /** The memory of the store's ChangeCounters. */
  readonly changes: SharedArrayBuffer;
}

/** Flattens an error; the text of a foreign one stays out of responses. */
export function toSentError(error: unknown): SentError {
  if (error instanceof SecretError) {
    const { code, message, parameter, logReason } = error;
    return { code, message, parameter, logReason };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return { code: 'internal', message: '', ...(stack !== undefined && { stack }) };
}

/** The error that `toSentError` flattened. */
export function fromSentError(error: SentError): SecretError {
  const { parameter, logReason } = error;
  if (error.stack === undefined) return new SecretError(error.code, error.message, { parameter, logReason });
  const cause = new Error('unexpected error in the writer thread');
  cause.stack = error.stack;
  return new SecretError(error.code, error.message, { cause });
}
