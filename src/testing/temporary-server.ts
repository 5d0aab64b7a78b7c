import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { RESOURCES } from '../std/resources.ts';

/**
 * What a process of `startCsms` begins with: `temporary-server.ts DIRECTORY COMMAND [flags]` runs the command, and removes
 * the directory when it ends. The launcher ends it when the channel to the program that started it closes.
 */
const [directory = ''] = process.argv.splice(2, 1);

process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
// Without listeners, until the command has its own, a signal would leave the directory behind.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
  });
}
if (process.connected) import(RESOURCES.launcher.href);
