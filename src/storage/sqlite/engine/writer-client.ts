import type { Worker } from 'node:worker_threads';
import type { StorageStatus, WriteRefusal } from '../../../app/health/storage-status.ts';
import type { OnNews } from '../../../app/ports/deps.ts';
import type { Actor } from '../../../core/actor.ts';
import type { Command, ResultOf } from '../../../core/commands.ts';
import { type SecretError, unavailable } from '../../../core/errors.ts';
import { commandBytes } from '../../kinds.ts';
import {
  type FromWriter,
  fromSentError,
  type Outcome,
  type Request,
  type ToWriter,
  type WriterStatus,
} from './protocol.ts';
import type { StoreOptions } from './store-options.ts';

/** Commands that may wait for the writer, and the bytes of their values; beyond that they are refused. */
const WAITING_MAX = 1_000;
const WAITING_BYTES_MAX = 33_554_432;

/** How long a caller waits for the writer before the outcome is unknown, checked once a second. */
const RESPONSE_MS_MAX = 20_000;
const CHECK_MS = 1_000;

interface Waiting {
  readonly bytes: number;
  readonly sinceMs: number;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The main thread's side of the writer thread. */
export interface WriterClient {
  change<C extends Command>(command: C, actor: Actor): Promise<ResultOf<C>>;
  status(): StorageStatus;
  /** Lets the writer finish its work; settles when the thread has ended, for whatever reason. */
  stop(): Promise<void>;
}

/** Commands sent to the writer, with their promises. */
function createWaitingRoom() {
  const waiting = new Map<number, Waiting>();
  let [nextId, waitingBytes] = [1, 0];

  function settle(outcome: Outcome): void {
    const entry = waiting.get(outcome.id);
    if (entry === undefined) return;
    waiting.delete(outcome.id);
    waitingBytes -= entry.bytes;
    if ('error' in outcome) entry.reject(fromSentError(outcome.error));
    else entry.resolve(outcome.result);
  }

  return {
    settle,
    /** Undefined when there is no room: too many wait, or too many bytes. */
    admit(command: Command) {
      const bytes = commandBytes(command);
      if (waiting.size >= WAITING_MAX || waitingBytes + bytes > WAITING_BYTES_MAX) return undefined;
      const id = nextId;
      nextId += 1;
      waitingBytes += bytes;
      const result = new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { bytes, sinceMs: performance.now(), resolve, reject });
      });
      return { id, result };
    },
    /** The outcome of those that have waited since before then is unknown. */
    abandon(sinceMs: number): void {
      // In order of arrival: the first one recent enough ends the search.
      for (const [id, entry] of waiting) {
        if (entry.sinceMs >= sinceMs) break;
        settle({ id, error: { code: 'outcome-unknown', message: '' } });
      }
    },
  };
}

/**
 * Talks to the writer thread. Commands of one turn of the event loop are sent in one message. When the thread dies, every
 * waiting command fails with outcome-unknown, since its transaction may or may not have reached the disk, and `onFatal`
 * is called: only a restart can find out. `onNews` is called for results and for a changed status.
 */
export function createWriterClient(
  worker: Worker,
  first: WriterStatus,
  { onFatal, onDamage, onNews }: Pick<StoreOptions, 'onFatal' | 'onDamage'> & { readonly onNews: OnNews },
): WriterClient {
  const waiting = createWaitingRoom();
  let outgoing: Request[] = [];
  let [status, dead, stopping] = [first, false, false];
  const stopped = Promise.withResolvers<void>();
  const patience = setInterval(() => waiting.abandon(performance.now() - RESPONSE_MS_MAX), CHECK_MS);

  function die(reason: string): void {
    if (dead) return;
    dead = true;
    waiting.abandon(Number.POSITIVE_INFINITY);
    clearInterval(patience);
    stopped.resolve();
    if (!stopping) onFatal(reason);
    onNews('status');
  }

  function flush(): void {
    if (outgoing.length > 0) worker.postMessage({ requests: outgoing } satisfies ToWriter);
    outgoing = [];
  }

  worker.on('message', (message: FromWriter) => {
    if ('outcomes' in message) {
      message.outcomes.forEach(waiting.settle);
      for (const address of message.outcomes.flatMap(damageIn)) onDamage(address);
    } else if ('status' in message) status = message.status;
    else if ('fatal' in message) die(message.fatal);
    else if ('stopped' in message) stopped.resolve();
    onNews('outcomes' in message ? 'changes' : 'status');
  });
  worker.on('error', () => die('the writer thread failed'));
  worker.on('exit', () => die('the writer thread ended'));

  return {
    change<C extends Command>(command: C, actor: Actor) {
      const admitted = dead || stopping ? undefined : waiting.admit(command);
      if (admitted === undefined) return Promise.reject(notAdmitted(dead || stopping));
      if (outgoing.length === 0) setImmediate(flush);
      outgoing.push({ id: admitted.id, command, actor });
      // The writer returns for each command the result that its kind declares.
      return admitted.result as Promise<ResultOf<C>>;
    },
    status: () => toStorageStatus(status, dead),
    async stop() {
      if (!dead) {
        flush();
        stopping = true;
        worker.postMessage({ stop: true } satisfies ToWriter);
        await stopped.promise;
        clearInterval(patience);
      }
      await untilEnded(worker);
    },
  };
}

/**
 * Settles when the thread has ended by itself. It is never terminated: a thread terminated inside SQLite's binding, or
 * while that is being torn down, can crash the process. Its caller bounds how long its disk may take.
 */
export async function untilEnded(worker: Worker): Promise<void> {
  const hasEnded = worker.threadId === -1;
  if (hasEnded) return;
  await new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
}

function damageIn(outcome: Outcome): readonly string[] {
  return 'damage' in outcome ? outcome.damage : [];
}

function toStorageStatus(status: WriterStatus, isDead: boolean): StorageStatus {
  const { isWritable, isLocked, ...figures } = status;
  return { ...figures, refusal: refusalOf(isDead, status) };
}

function refusalOf(isDead: boolean, { isWritable, isLocked }: WriterStatus): WriteRefusal | undefined {
  if (isDead) return 'ended';
  if (isLocked) return 'locked';
  return isWritable ? undefined : 'no-room';
}

function notAdmitted(isOver: boolean): SecretError {
  const logReason = isOver ? 'the writer has ended' : 'too many changes wait for the writer';
  return unavailable(logReason);
}
