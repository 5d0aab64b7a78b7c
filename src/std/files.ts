import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a private file that must not exist; it and its directory are on the disk when this returns. Throws the system's
 * errors.
 */
export function createFile(path: string, text: string): void {
  writeNew(path, text);
  syncDirectory(path);
}

/**
 * Replaces a private file in one step: the old or the new one is there, whatever happens in between. On the disk when
 * this returns. Throws the system's errors.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  // A leftover has permissions of its own, or is a link by someone who could once write here.
  rmSync(temporary, { force: true });
  writeNew(temporary, text);
  renameFile(temporary, path);
}

/** Puts a file in the place of another, in one step; on the disk when this returns. Throws the system's errors. */
export function renameFile(from: string, to: string): void {
  renameSync(from, to);
  syncDirectory(to);
}

function writeNew(path: string, text: string): void {
  writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true });
}

function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
