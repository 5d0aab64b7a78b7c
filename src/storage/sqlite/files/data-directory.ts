import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StartError } from '../../../app/start-error.ts';
import { isGivenByRoot, presentReader } from '../../../files/file-access.ts';
import { systemCode } from '../../../std/system-code.ts';
import { connect } from '../engine/connection.ts';
import type { Connection } from '../engine/open.ts';
import { lockHolder } from './lock-holder.ts';

/** A data directory that belongs to this process until it is released or the process ends. */
export interface ClaimedDirectory {
  /** Where the data are: the named directory, or the private folder in it. */
  readonly path: string;
  release(): void;
}

/** The private folder in a directory that root has given to one of our groups, as Kubernetes does with a volume. */
const PRIVATE_FOLDER = 'csms';

/**
 * Where the data of a directory are: in the directory itself, or, when that is root's and open to one of our groups, in
 * the private folder in it, which need not exist yet. Changes nothing.
 */
export function dataFolder(directory: string): string {
  const reader = presentReader();
  if (reader === undefined || reader.uid === 0 || !existsSync(directory)) return directory;
  const stat = statSync(directory);
  const isShared = isGivenByRoot(stat, reader) && (stat.mode & 0o020) !== 0;
  return isShared ? join(directory, PRIVATE_FOLDER) : directory;
}

/**
 * Claims the data directory for this process, before anything is written into it: creates it if need be, private to this
 * user, and locks it. Throws StartError: configuration when it is not a directory, belongs to another user or others can
 * write to it; taken when another process has it. @see docs/adr/0038-files-of-the-operator.md
 */
export function claimDirectory(directory: string): ClaimedDirectory {
  makeDirectory(directory);
  if (process.getuid !== undefined && (statSync(directory).mode & 0o002) !== 0) {
    throw new StartError(
      'configuration',
      `anybody can write to the data directory ${directory}: look at what is in it, then chmod o-w it, ` +
        `or set CSMS_DATA to a folder in it, such as ${join(directory, PRIVATE_FOLDER)}`,
    );
  }
  const path = dataFolder(directory);
  if (path !== directory) makeOne(path);
  requireOwn(path);
  const lock = lockDirectory(path);
  try {
    tightenFiles(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { path, release: () => lock.release() };
}

/** Throws StartError (configuration) unless the directory is this user's; makes it private. */
export function requireOwn(directory: string): void {
  const { mode, uid } = statSync(directory);
  const own = process.geteuid?.();
  if (own !== undefined && uid !== own) {
    throw new StartError(
      'configuration',
      uid === 0
        ? `the data directory ${directory} belongs to root: chown it, or give it to a group of this user with chmod g+rwx`
        : `the data directory ${directory} belongs to another user`,
    );
  }
  // Kubernetes opens a volume to its group at every mount.
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

/**
 * Removes the group's access to our files, which Kubernetes grants at every mount. Files that all users could read stay
 * as they are: reading them is refused.
 */
function tightenFiles(directory: string): void {
  const own = process.geteuid?.();
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isFile() && stat.uid === own && (stat.mode & 0o070) !== 0 && (stat.mode & 0o007) === 0) {
      chmodSync(path, 0o600);
    }
  }
}

/**
 * Creates a private directory, and missing ones above it. Throws StartError (configuration) when that fails. Node's own
 * recursive form never ends on a file system that refuses, such as /proc.
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) makeOne(path);
  if (!statSync(directory).isDirectory()) {
    throw new StartError('configuration', `${directory} is not a directory`);
  }
}

/** Another start may create it at the same moment. */
function makeOne(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const isThere = systemCode(cause) === 'EEXIST';
    if (isThere && lstatSync(directory).isDirectory()) return;
    throw new StartError('configuration', `the directory ${directory} cannot be made`, { cause });
  }
}

/** Two that start together both look into the file before they lock it: one of them waits until the other has given up. */
const LOCK_WAIT_MS = 300;

/** The directories that this process holds, by real path; keeps the locks from being collected. */
const held = new Map<string, Connection>();

/**
 * Locks the directory for this process: a second one is refused, and the kernel frees the lock when the process
 * ends, however it ends. Throws StartError (taken).
 */
export function lockDirectory(directory: string): { release(): void } {
  const path = realpathSync(directory);
  const message = `the data directory ${directory} is in use by another process`;
  // Before the file is touched: closing any descriptor of it would drop the lock that this process has.
  if (held.has(path)) throw new StartError('taken', message);
  const lock = connect(createPrivate(join(path, 'instance.lock')), { timeout: LOCK_WAIT_MS });
  try {
    lock.pragma('journal_mode = MEMORY');
    // Never ended: the lock is that of the transaction.
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    const pid = lockHolder(join(path, 'instance.lock'));
    lock.close();
    throw new StartError('taken', pid === undefined ? message : `${message} (pid ${pid})`, { cause });
  }
  held.set(path, lock);
  return {
    release() {
      held.delete(path);
      lock.close();
    },
  };
}

/** A link, a file of another user, a pipe, a directory, a read-only file system. */
const NOT_OURS = new Set(['ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'EISDIR', 'EROFS']);

/**
 * Creates a file that only this user can read, unless it exists; returns its path. Throws StartError (configuration) for
 * a link or anything else that is not the user's own file: following it would write elsewhere.
 */
export function createPrivate(file: string): string {
  const { O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    const code = systemCode(cause);
    if (!NOT_OURS.has(code)) throw cause;
    const message = `${file} is a link, or no file that this user can write`;
    throw new StartError('configuration', message, { cause });
  }
  try {
    const stat = fstatSync(descriptor);
    const own = process.geteuid?.() ?? 0;
    if (!stat.isFile() || (own !== 0 && stat.uid !== own)) {
      throw new StartError('configuration', `${file} is no file of this user`);
    }
    fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
  return file;
}

/**
 * Runs SQLite's quick check. Throws StartError (damaged) with the first finding.
 */
export function runQuickCheck(db: Connection): void {
  const finding = db.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok')
    throw new StartError('damaged', `the database is damaged: ${String(finding).replaceAll('\n', ' ')}`);
}
