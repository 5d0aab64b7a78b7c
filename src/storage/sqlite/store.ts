import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SecretQuery, Store } from '../../app/ports.ts';
import { StartError } from '../../app/start-error.ts';
import type { Key } from '../../core/key.ts';
import type { Secret, SecretRef } from '../../core/secret.ts';
import type { RowMac } from '../row-mac.ts';
import { type ChangeCounters, createChangeCounters, KEY_SLOT } from './change-counters.ts';
import { createEventReads } from './events.ts';
import type { OpenDirectory } from './installation.ts';
import { createKeyReads } from './keys.ts';
import { createNotificationReads } from './notifications.ts';
import { createSnapshot, openReader } from './open.ts';
import type { FromWriter, WriterSettings } from './protocol.ts';
import { createRemembered } from './remembered.ts';
import { createSecretReads } from './secret-reads.ts';
import { createSigningKeyRead } from './signing-key.ts';
import { createTaskReads } from './tasks.ts';
import { createReadValue } from './value-reads.ts';
import { createWriterClient } from './writer-client.ts';

const KNOWN_SECRETS_MAX = 4_000;
const KNOWN_KEYS_MAX = 1_000;

/** What the store needs beside the directory. */
export interface StoreOptions {
  readonly mac: RowMac;
  /** The thread that runs `runWriter`, already started, and what it counts its changes with. */
  readonly writer: StartedWriter;
  /** Called once when storage can no longer be trusted. */
  onFatal(reason: string): void;
}

/** A writer thread that may not be ready yet. */
export interface StartedWriter {
  readonly worker: Worker;
  readonly changes: ChangeCounters;
}

/**
 * Starts the writer thread from the program's own entry file for it; `keys` is what that entry needs to make its MAC.
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
 * The embedded store: changes go to the writer thread, reads are answered here from a connection that cannot write.
 * Throws StartError when the writer does not come up.
 */
export async function createSqliteStore(open: OpenDirectory, options: StoreOptions): Promise<Store> {
  const { mac, onFatal } = options;
  const { worker, changes } = options.writer;
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
  const events = createEventReads(db, mac);
  const notifications = createNotificationReads(db, mac);
  const findSigningKey = createSigningKeyRead(db, mac);
  const tasks = createTaskReads(db, mac);
  const writer = createWriterClient(worker, onFatal);
  const snapshot = createSnapshot(db);
  const knownSecrets = createRemembered<Secret>(changes, KNOWN_SECRETS_MAX);
  const knownKeys = createRemembered<Key>(changes, KNOWN_KEYS_MAX);
  const findValue = createReadValue(db, { secrets, keys, snapshot, changes });
  return {
    change: (command) => writer.change(command),
    isWritable: () => writer.isWritable(),
    findSecret: (ref) =>
      knownSecrets.get(nameOf(ref), changes.slotOf(ref), () => snapshot(() => secrets.loadSecret(ref))),
    recallSecret: (ref) => knownSecrets.recall(nameOf(ref)),
    findVersions: (ref) => snapshot(() => secrets.load(ref)?.aggregate),
    listSecrets: (query) => snapshot(() => secrets.list(toPageQuery(query))),
    findValue,
    findKey: (ref) =>
      knownKeys.get(`${ref.projectId}/id/${ref.id}`, KEY_SLOT, () => snapshot(() => keys.find(ref))),
    findKeyByAlias: (projectId, alias) =>
      knownKeys.get(`${projectId}/alias/${alias}`, KEY_SLOT, () =>
        snapshot(() => keys.findByAlias(projectId, alias)),
      ),
    listDueSecrets: (nowMs, limit) => snapshot(() => secrets.listDue(nowMs, limit)),
    findEvent: (ref) => snapshot(() => events.find(ref)),
    listEvents: (query) => snapshot(() => events.list(query)),
    listNotifications: (projectId) => snapshot(() => notifications.list(projectId)),
    findNotification: (id) => snapshot(() => notifications.find(id)),
    listDueNotifications: (nowMs, page) => snapshot(() => notifications.listDue(nowMs, page)),
    listOldNotifications: (beforeMs, limit) => snapshot(() => notifications.listOld(beforeMs, limit)),
    listExpiredVersions: (nowMs, after, limit) =>
      snapshot(() => notifications.listExpired(nowMs, after, limit)),
    findSigningKey: () => snapshot(findSigningKey),
    findTask: (id) => snapshot(() => tasks.find(id)),
    listTasks: (query) => snapshot(() => tasks.list(query)),
    countTasks: (query) => snapshot(() => tasks.count(query)),
    listDueTasks: (nowMs, page) => snapshot(() => tasks.listDue(nowMs, page)),
    listOldTasks: (beforeMs, limit) => snapshot(() => tasks.listOld(beforeMs, limit)),
    listDueRotations: (nowMs, limit) => snapshot(() => tasks.listDueSecrets(nowMs, limit)),
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

function nameOf({ projectId, name }: SecretRef): string {
  return `${projectId}/${name}`;
}
