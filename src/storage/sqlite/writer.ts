import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Command } from '../../core/commands.ts';
import type { RowMac } from '../row-mac.ts';
import { createChangeCounters } from './change-counters.ts';
import { FREE_BYTES_MIN, freeBytes, releaseBallast } from './disk.ts';
import {
  type CommitBatch,
  createCommitBatch,
  DiskFullError,
  FatalStorageError,
  isDiskFull,
} from './group-commit.ts';
import { type Connection, openWriter } from './open.ts';
import {
  commandBytes,
  type FromWriter,
  type Outcome,
  type Request,
  type ToWriter,
  type WriterSettings,
} from './protocol.ts';

const BATCH_REQUESTS_MAX = 64;
const BATCH_BYTES_MAX = 1_048_576;
const DISK_CHECK_INTERVAL_MS = 1_000;
const IDLE_CHECKPOINT_MS = 30_000;
const WAL_PAGES_MAX = 4_096;

/**
 * The writer thread: the only connection that writes. Takes what is waiting, commits it together, then answers. There
 * is no delay timer: while one batch syncs, the next one gathers.
 */
export function runWriter(port: MessagePort, settings: WriterSettings, mac: RowMac): void {
  const db = openWriter(settings.databaseFile);
  const commit = createCommitBatch(db, mac);
  const changes = createChangeCounters(settings.changes);
  const guard = createSpaceGuard(settings.directory);
  const checkpoints = createCheckpoints(db);
  const queue: Request[] = [];

  function receive(message: ToWriter): void {
    if ('stop' in message) {
      drain();
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
      const outcomes = guard.admit(batch, commit);
      for (const { command } of batch) changes.count(command);
      send(port, { outcomes, writable: guard.writable() });
      checkpoints.after(batch);
      // What arrived during the commit is taken up at once, without a turn of the event loop.
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        receive(next.message as ToWriter);
      }
    }
  }

  port.on('message', (message: ToWriter) => {
    try {
      receive(message);
      drain();
    } catch (error) {
      const reason = error instanceof FatalStorageError ? error.message : 'the writer thread failed';
      send(port, { fatal: reason });
      port.close();
    }
  });
  send(port, { ready: true });
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

const REMOVALS: ReadonlySet<Command['kind']> = new Set([
  'delete-secret',
  'purge-secret',
  'purge-key',
  'remove-grants',
]);

/** What a nearly full disk has room for: deletions, and what background jobs note about themselves and their work. */
function isAdmittedAlways(command: Command): boolean {
  if (isRemoval(command)) return true;
  // A rotation that has begun is brought to its end; a new value waits for space.
  if (command.aggregate === 'task') return !['start-rotation', 'store-pending'].includes(command.kind);
  return command.aggregate === 'job' || command.aggregate === 'notification';
}

function isRemoval(command: Command): boolean {
  return REMOVALS.has(command.kind);
}

/**
 * Refuses what needs more space while the disk is nearly full; deletions still get through. On a disk that is full all
 * the same, the ballast is given up so that they can.
 */
function createSpaceGuard(directory: string) {
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let writable = true;

  function check(): void {
    if (performance.now() - checkedAtMs < DISK_CHECK_INTERVAL_MS) return;
    checkedAtMs = performance.now();
    writable = freeBytes(directory) >= FREE_BYTES_MIN;
  }

  return {
    writable: () => writable,
    admit(batch: readonly Request[], commit: CommitBatch): Outcome[] {
      check();
      const admitted = writable ? batch : batch.filter(({ command }) => isAdmittedAlways(command));
      const refused = writable ? [] : batch.filter(({ command }) => !isAdmittedAlways(command));
      try {
        return [...(admitted.length > 0 ? commit(admitted) : []), ...refused.map(storageFull)];
      } catch (error) {
        if (!(error instanceof DiskFullError)) throw error;
        releaseBallast(directory);
        writable = false;
        checkedAtMs = performance.now();
        return batch.map(storageFull);
      }
    },
  };
}

function storageFull({ id }: Request): Outcome {
  return { id, error: { code: 'storage-full', message: '' } };
}

/**
 * TRUNCATE checkpoints: after deletions, so that no deleted byte stays in the log; when the log has grown; and when
 * nobody has written for a while.
 */
function createCheckpoints(db: Connection) {
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const passive = db.prepare<[], { log: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  let batches = 0;
  /** A log that does not fit into the database for want of space stays a log; nothing is lost. */
  function shorten(): void {
    try {
      truncate.get();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }
  const idle = setTimeout(shorten, IDLE_CHECKPOINT_MS);
  return {
    after(batch: readonly Request[]): void {
      idle.refresh();
      batches += 1;
      if (batch.some(({ command }) => isRemoval(command))) shorten();
      else if (batches % 1_024 === 0 && (passive.get()?.log ?? 0) > WAL_PAGES_MAX) shorten();
    },
    stop(): void {
      clearTimeout(idle);
      shorten();
    },
  };
}
