import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SecretError } from '../core/errors.ts';
import type { LoadOutcome, Seen } from '../files/reloadable.ts';
import { RESOURCES } from '../std/resources.ts';
import type { FromLoader, LoaderInput, LoadingEnd, LoadingFailure, LoadingTask, Piece } from './loading.ts';

/** Reads files that may be long on separate threads. */
export interface LoadingThreads {
  /**
   * Does the task and hands over what was read, a few pieces in each turn of the event loop. Rejects when the thread is
   * ended or dies; what was wrong with a file is part of the result.
   */
  load(task: LoadingTask, take: (piece: Piece) => void): Promise<LoadingEnd>;
  /** Ends all threads, and starts no more. */
  stop(): void;
}

/**
 * Creates the threads: each lives for one task, since tasks are rare and what a parser leaves behind is large. None keeps
 * the process from ending. `warn` is called for each file that should not have been trusted.
 */
export function createLoadingThreads({
  environment: env,
  isStrict,
  warn,
}: {
  /** Variables that the files may name for a secret. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isStrict: boolean;
  warn(message: string): void;
}): LoadingThreads {
  const workers = new Set<Worker>();
  let isStopped = false;

  async function converse(worker: Worker, take: (piece: Piece) => void): Promise<LoadingEnd> {
    const ended = Promise.withResolvers<never>();
    worker.once('error', ended.reject);
    worker.once('exit', () => ended.reject(new Error('the thread that reads files has ended')));
    for (;;) {
      const answer = once(worker, 'message');
      worker.postMessage('next');
      const [message]: FromLoader[] = await Promise.race([answer, ended.promise]);
      for (const piece of message?.pieces ?? []) take(piece);
      if (message?.end !== undefined) return message.end;
    }
  }

  return {
    async load(task, take) {
      if (isStopped) throw new Error('the server stops');
      const workerData: LoaderInput = { task, isStrict };
      const worker = new Worker(RESOURCES.loader, { workerData, env, name: 'csms-loader' });
      worker.unref();
      workers.add(worker);
      try {
        const end = await converse(worker, take);
        for (const warning of end.warnings) warn(warning);
        return end;
      } finally {
        workers.delete(worker);
        await worker.terminate();
      }
    },
    stop() {
      isStopped = true;
      for (const worker of workers) void worker.terminate();
    },
  };
}

/** Reads something again: `take` gets each piece, `adopt` puts the result in force, at once. Never rejects. */
export async function loadAside(
  threads: LoadingThreads,
  task: LoadingTask,
  { take, adopt }: { take(piece: Piece): void; adopt(end: LoadingEnd): void },
): Promise<LoadOutcome> {
  const seen = new Map<string, Seen>();
  try {
    const end = await threads.load(task, (piece) => {
      if ('seen' in piece) seen.set(...piece.seen);
      else take(piece);
    });
    if (end.failure === undefined) adopt(end);
    return end.failure === undefined ? { seen } : { seen, error: errorOf(end.failure) };
  } catch (error) {
    return { seen, error };
  }
}

function errorOf({ code, message }: LoadingFailure): Error {
  return code === undefined ? new Error(message) : new SecretError(code, message);
}
