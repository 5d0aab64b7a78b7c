import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SecretQuery, Store } from '../../app/ports.ts';
import { StartError } from '../../app/start-error.ts';
import type { RowMac } from '../row-mac.ts';
import type { OpenDirectory } from './installation.ts';
import { createKeyReads } from './keys.ts';
import { createSnapshot, openReader } from './open.ts';
import type { FromWriter, WriterSettings } from './protocol.ts';
import { createSecretReads } from './secret-reads.ts';
import { createReadValue } from './value-reads.ts';
import { createWriterClient } from './writer-client.ts';

/** What the store needs beside the directory. */
export interface StoreOptions {
  readonly mac: RowMac;
  /** The thread that runs `runWriter`, already started. */
  readonly worker: Worker;
  /** Called once when storage can no longer be trusted. */
  onFatal(reason: string): void;
}

/**
 * Starts the writer thread from the program's own entry file for it; `keys` is what that entry needs to make its MAC.
 */
export function startWriter(entry: URL, settings: WriterSettings, keys: unknown): Worker {
  return new Worker(entry, { workerData: { settings, keys }, name: 'csms-writer' });
}

/**
 * The embedded store: changes go to the writer thread, reads are answered here from a connection that cannot write.
 * Throws StartError when the writer does not come up.
 */
export async function createSqliteStore(open: OpenDirectory, options: StoreOptions): Promise<Store> {
  const { mac, worker, onFatal } = options;
  try {
    await untilReady(worker);
  } catch (error) {
    await worker.terminate();
    open.release();
    throw error;
  }
  const db = openReader(open.databaseFile);
  const secrets = createSecretReads(db, mac);
  const keys = createKeyReads(db, mac);
  const writer = createWriterClient(worker, onFatal);
  const snapshot = createSnapshot(db);
  const findValue = createReadValue(db, { secrets, keys, snapshot });
  return {
    change: (command) => writer.change(command),
    isWritable: () => writer.isWritable(),
    findSecret: (ref) => snapshot(() => secrets.loadSecret(ref)),
    findVersions: (ref) => snapshot(() => secrets.load(ref)?.aggregate),
    listSecrets: (query) => snapshot(() => secrets.list(toPageQuery(query))),
    findValue,
    findKey: (ref) => snapshot(() => keys.find(ref)),
    findKeyByAlias: (projectId, alias) => snapshot(() => keys.findByAlias(projectId, alias)),
    listKeys: (projectId) => snapshot(() => keys.listInProject(projectId)),
    listDueKeys: (query) => snapshot(() => keys.listDue(query)),
    listDueSecrets: (nowMs, limit) => snapshot(() => secrets.listDue(nowMs, limit)),
    async close() {
      await writer.stop();
      db.close();
      open.release();
    },
  };
}

async function untilReady(worker: Worker): Promise<void> {
  try {
    const [message]: FromWriter[] = await once(worker, 'message');
    if (message !== undefined && 'ready' in message) return;
  } catch (cause) {
    throw new StartError('damaged', 'the writer thread did not start', { cause });
  }
  throw new StartError('damaged', 'the writer thread did not start');
}

function toPageQuery(query: SecretQuery) {
  const { projectId, limit } = query;
  return { projectId, limit, afterName: query.afterName ?? '', eventName: query.eventName ?? null };
}
