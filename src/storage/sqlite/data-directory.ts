import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StartError } from '../../app/start-error.ts';
import type { Connection } from './open.ts';

/** Holds a data directory for this process until it is released or the process ends. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Makes the data directory if need be, private to this user. Throws StartError (configuration) when it is not a
 * directory or belongs to somebody else.
 */
export function prepareDirectory(directory: string): void {
  makeDirectory(directory);
  const { mode, uid } = statSync(directory);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new StartError('configuration', `the data directory ${directory} belongs to another user`);
  }
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

/**
 * Makes a private directory, and those above it that are missing. Throws StartError (configuration) when that cannot be
 * done. Node's own recursive form never ends on a file system that refuses, such as /proc.
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.unshift(path);
  try {
    for (const path of missing) mkdirSync(path, { mode: 0o700 });
    if (statSync(directory).isDirectory()) return;
  } catch (cause) {
    throw new StartError('configuration', `the directory ${directory} cannot be made`, { cause });
  }
  throw new StartError('configuration', `${directory} is not a directory`);
}

/** What this process holds, by real path. It is a fact of the process, and it keeps the locks from being collected. */
const held = new Map<string, Connection>();

/**
 * Takes the directory for this process: a second one is refused at once, and the kernel frees the lock when the
 * process ends, however it ends. Throws StartError (taken).
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = realpathSync(directory);
  const message = `the data directory ${directory} is in use by another process`;
  // Before the file is touched: closing any descriptor of it would drop the lock that this process has.
  if (held.has(path)) throw new StartError('taken', message);
  const lock = new Database(createPrivate(join(path, 'instance.lock')), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new StartError('taken', message, { cause });
  }
  held.set(path, lock);
  return {
    release() {
      held.delete(path);
      lock.close();
    },
  };
}

/** Makes a file that only this user can read, unless it is there; answers its path. */
export function createPrivate(file: string): string {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  return file;
}

/**
 * Runs SQLite's quick check. Throws StartError (damaged) with the first finding.
 */
export function requireSound(db: Connection): void {
  const finding = db.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok')
    throw new StartError('damaged', `the database is damaged: ${String(finding).replaceAll('\n', ' ')}`);
}
