import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { StorageStatus } from '../../../app/health/storage-status.ts';
import type { OnNews } from '../../../app/ports/deps.ts';
import { StartError } from '../../../app/start-error.ts';
import { unavailable } from '../../../core/errors.ts';
import type { OpenDirectory } from '../files/installation.ts';
import { watchPresence } from '../files/presence.ts';
import { createChangeCounters } from './change-counters.ts';
import { createForkPoints, createSizeRead } from './fork-point.ts';
import { openReader } from './open.ts';
import type { FromWriter, WriterSettings, WriterStatus } from './protocol.ts';
import { createReadModels } from './read-models.ts';
import type { SqliteStore, StartedWriter, StoreOptions } from './store-options.ts';
import { createWriterClient, untilEnded } from './writer-client.ts';

/** The log's words for missing files. */
const MISSING = 'the data directory has been removed or replaced';

/**
 * Starts the writer thread from the program's own entry file for it; `keys` is what that entry needs to create its MAC.
 */
export function startWriter(
  entry: URL,
  files: Omit<WriterSettings, 'changes'>,
  keys: unknown,
): StartedWriter {
  const changes = createChangeCounters();
  const settings: WriterSettings = { ...files, changes: changes.memory };
  const worker = new Worker(entry, { workerData: { settings, keys }, name: 'csms-writer' });
  return { worker, changes };
}

/**
 * The embedded store: changes go to the writer thread, reads use a connection here that cannot write. Throws StartError
 * when the writer does not start.
 */
export async function createSqliteStore(open: OpenDirectory, options: StoreOptions): Promise<SqliteStore> {
  const { mac, onDamage, random } = options;
  const { worker, changes } = options.writer;
  const first = await untilReady(worker).catch(async (error: unknown) => {
    await untilEnded(worker);
    open.release();
    throw error;
  });
  const listeners: OnNews[] = [];
  const onNews: OnNews = (news) => {
    for (const listener of listeners) listener(news);
  };
  const writer = createWriterClient(worker, first, { ...options, onNews });
  const { db, presence } = await openForReading(open.databaseFile, () => onNews('status')).catch(
    async (error: unknown) => {
      await writer.stop();
      open.release();
      throw error;
    },
  );
  const storageStatus = (): StorageStatus => {
    const status = writer.status();
    return presence.isThere() || status.refusal === 'ended' ? status : { ...status, refusal: 'missing' };
  };
  return {
    change: (command, actor) =>
      presence.isThere() ? writer.change(command, actor) : Promise.reject(unavailable(MISSING)),
    storageStatus,
    onNews: (listener) => listeners.push(listener),
    ...createReadModels(db, { mac, changes, onDamage, random }),
    sizeBytes: createSizeRead(db),
    forkPoint: createForkPoints(db, { mac, onDamage, random, discard: options.discard }),
    async close() {
      presence.stop();
      await writer.stop();
      db.close();
      open.release();
    },
  };
}

/** The reading side, and the watch over the files. Throws what opening or checking them throws. */
async function openForReading(databaseFile: string, onChange: () => void) {
  const db = openReader(databaseFile);
  try {
    return { db, presence: watchPresence([databaseFile, `${databaseFile}-wal`], onChange) };
  } catch (error) {
    db.close();
    throw error;
  }
}

async function untilReady(worker: Worker): Promise<WriterStatus> {
  try {
    const [message]: FromWriter[] = await once(worker, 'message');
    if (message !== undefined && 'ready' in message) return message.status;
  } catch (cause) {
    throw new StartError('damaged', 'the writer thread did not start', { cause });
  }
  throw new StartError('damaged', 'the writer thread did not start');
}
