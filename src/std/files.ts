import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Creates a private file that was not there; it and its directory are on the disk when this returns. Throws what the system says. */
export function createFile(path: string, text: string): void {
  writeNew(path, text);
  syncDirectory(path);
}

/**
 * Writes a private file in one step: the old one or the new one is there, whatever happens in between. On the disk when
 * this returns. Throws what the system says.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.new`;
  // What lies there is a remainder with its own permissions, or a link of somebody who could once write here.
  rmSync(temporary, { force: true });
  writeNew(temporary, text);
  renameSync(temporary, path);
  syncDirectory(path);
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
