import { lockDirectory } from '../../../src/storage/sqlite/files/data-directory.ts';

// Locks a directory at a given moment, and says whether that succeeded.
process.on('message', ({ directory, atMs }: { directory: string; atMs: number }) => {
  while (Date.now() < atMs);
  try {
    lockDirectory(directory);
    process.send?.('locked');
  } catch {
    process.send?.('refused');
  }
});
process.send?.('ready');
