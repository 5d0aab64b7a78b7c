import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { RESOURCES } from '../std/resources.ts';
import { temporaryFiles } from './temporary-files.ts';

/**
 * What a process of `startCsms` begins with: `temporary-server.ts DIRECTORY COMMAND [flags]` creates the directory, puts a
 * seed from stdin into it, runs the command, and removes the directory when it ends. The caller creates nothing, since it
 * may be killed at any moment; the launcher ends this process when the channel to it closes.
 */
const [directory = ''] = process.argv.splice(2, 1);
const UNAVAILABLE = 69;
const STDIN = 0;

prepare();
// The event of a channel that has closed by now is past.
if (process.connected) import(RESOURCES.launcher.href);

function prepare(): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    process.stderr.write(`csms-server: ${error instanceof Error ? error.message : error}\n`);
    process.exit(UNAVAILABLE);
  }
  process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  // Without listeners, until the command has its own, a signal would leave the directory behind.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
  const seed = readFileSync(STDIN);
  if (seed.length > 0) writeFileSync(temporaryFiles(directory).seedFile, seed, { mode: 0o600 });
}
