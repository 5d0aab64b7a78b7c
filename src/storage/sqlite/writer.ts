import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { watchStart } from '../../app/rest.ts';
import type { RowMac } from '../row-mac.ts';
import { createChangeCounters } from './change-counters.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createCommitBatch, FatalStorageError } from './group-commit.ts';
import { createLockGuard, refuseLocked } from './lock-guard.ts';
import { openWriter } from './open.ts';
import {
  commandBytes,
  type FromWriter,
  type Request,
  type ToWriter,
  type WriterSettings,
} from './protocol.ts';
import { createSpaceGuard } from './space-guard.ts';
import { startUpkeep } from './upkeep.ts';
import { createVacuum } from './vacuum.ts';

const BATCH_REQUESTS_MAX = 64;
const BATCH_BYTES_MAX = 1_048_576;

/** What the thread gets from the program. */
export interface WriterTools {
  readonly mac: RowMac;
  /** Clears away what the start has left behind. */
  giveMemoryBack(): void;
}

/**
 * The writer thread: the only connection that writes. Takes what is waiting, commits it together, then answers. There
 * is no delay timer: while one batch syncs, the next one gathers.
 */
export function runWriter(port: MessagePort, settings: WriterSettings, tools: WriterTools): void {
  const { mac } = tools;
  const db = openWriter(settings.databaseFile);
  const lock = createLockGuard(db, createCommitBatch(db, mac, createChangeCounters(settings.changes)));
  const guard = createSpaceGuard(db, settings);
  const checkpoints = createCheckpoints(db);
  guard.look();
  const afterStart = watchStart(tools.giveMemoryBack);
  const parts = { guard, lock, checkpoints, vacuum: createVacuum(db), afterStart };
  const upkeep = startUpkeep(parts, (status) => send(port, { status }), guarded);
  const queue: Request[] = [];

  function receive(message: ToWriter): void {
    if ('stop' in message) {
      drain();
      upkeep.stop();
      checkpoints.stop();
      db.close();
      send(port, { stopped: true });
      port.close();
      return;
    }
    queue.push(...message.requests);
  }

  function drain(): void {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      const outcomes = guard.admit(batch, lock.commit);
      // What stands behind a batch that waited for the lock has waited as long, and would wait again.
      if (lock.isLocked()) outcomes.push(...queue.splice(0).map(refuseLocked));
      upkeep.noteBatch();
      send(port, { outcomes });
      checkpoints.after(batch, outcomes);
      // What arrived during the commit is taken up at once, without a turn of the event loop.
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
      upkeep.stop();
      send(port, { fatal: reason });
      port.close();
    }
  }

  port.on('message', (message: ToWriter) =>
    guarded(() => {
      receive(message);
      drain();
    }),
  );
  send(port, { ready: true, status: upkeep.status() });
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
