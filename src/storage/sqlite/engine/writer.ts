import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { watchStart } from '../../../app/jobs/rest.ts';
import { commandBytes } from '../../kinds.ts';
import type { RowMac } from '../../row-mac.ts';
import { createCheckpoints } from '../files/checkpoints.ts';
import { createLockGuard, refuseLocked } from '../files/lock-guard.ts';
import { createSpaceGuard } from '../files/space-guard.ts';
import { startUpkeep, type UpkeepParts } from '../files/upkeep.ts';
import { createVacuum } from '../files/vacuum.ts';
import { createChangeCounters } from './change-counters.ts';
import { createCommitBatch, FatalStorageError } from './group-commit.ts';
import { type Connection, openWriter } from './open.ts';
import type { FromWriter, Request, ToWriter, WriterSettings } from './protocol.ts';

const BATCH_REQUESTS_MAX = 64;
const BATCH_BYTES_MAX = 1_048_576;

/** What the thread gets from the program. */
export interface WriterTools {
  readonly mac: RowMac;
  /** Frees what the start has left behind. */
  giveMemoryBack(): void;
}

/**
 * The writer thread: the only connection that writes. Takes what is waiting, commits it together, then sends the results.
 * There is no delay timer: while one batch syncs, the next one gathers. However it ends, it closes its connection and
 * leaves nothing that would keep the thread alive. Throws what opening throws.
 */
export function runWriter(port: MessagePort, settings: WriterSettings, tools: WriterTools): void {
  const db = openWriter(settings.databaseFile);
  try {
    serve({ port, db, settings, tools });
  } catch (error) {
    db.close();
    throw error;
  }
}

interface Writing {
  readonly port: MessagePort;
  readonly db: Connection;
  readonly settings: WriterSettings;
  readonly tools: WriterTools;
}

function serve(writing: Writing): void {
  const { port, db } = writing;
  const parts = createParts(writing, guarded);
  const { guard, lock, checkpoints } = parts;
  const upkeep = startUpkeep(parts, (status) => send(port, { status }), guarded);
  const queue: Request[] = [];

  function receive(message: ToWriter): void {
    if (!('stop' in message)) return void queue.push(...message.requests);
    drain();
    checkpoints.stop();
    release();
    send(port, { stopped: true });
    port.close();
  }

  function drain(): void {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      const outcomes = guard.admit(batch, lock.commit);
      // What is queued behind a batch that waited for the lock has waited as long, and would wait again.
      if (lock.isLocked()) outcomes.push(...queue.splice(0).map(refuseLocked));
      upkeep.noteBatch();
      send(port, { outcomes });
      checkpoints.after(batch, outcomes);
      // What arrived during the commit is handled at once, without a turn of the event loop.
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        receive(next.message as ToWriter);
      }
    }
  }

  function guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      const reason = error instanceof FatalStorageError ? error.message : 'the writer thread failed';
      // Before the connection is closed: a hanging file would delay the message.
      send(port, { fatal: reason });
      release();
      port.close();
    }
  }

  function release(): void {
    upkeep.stop();
    checkpoints.abandon();
    db.close();
  }

  port.on('message', (message: ToWriter) =>
    guarded(() => {
      receive(message);
      drain();
    }),
  );
  send(port, { ready: true, status: upkeep.status() });
}

function createParts({ db, settings, tools }: Writing, guarded: (work: () => void) => void): UpkeepParts {
  const commit = createCommitBatch(db, tools.mac, createChangeCounters(settings.changes));
  const guard = createSpaceGuard(db, settings);
  const checkpoints = createCheckpoints(db, guarded);
  guard.look();
  const afterStart = watchStart(tools.giveMemoryBack);
  return { guard, lock: createLockGuard(db, commit), checkpoints, vacuum: createVacuum(db), afterStart };
}

function send(port: MessagePort, message: FromWriter): void {
  port.postMessage(message);
}

/** Takes up to 64 requests or 1 MiB of values off the queue, at least one. */
function takeBatch(queue: Request[]): Request[] {
  let bytes = 0;
  let count = 0;
  for (const { command } of queue.slice(0, BATCH_REQUESTS_MAX)) {
    bytes += commandBytes(command);
    if (count > 0 && bytes > BATCH_BYTES_MAX) break;
    count += 1;
  }
  return queue.splice(0, count);
}
