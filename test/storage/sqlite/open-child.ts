import { writeSync } from 'node:fs';
import { StartError } from '../../../src/app/start-error.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { MIGRATIONS } from './harness.ts';

// Opens the directory that it is given, says how that went, and holds it until it is killed.
const [directory = ''] = process.argv.slice(2);
try {
  const open = openDirectory(directory, MIGRATIONS);
  writeSync(1, 'open\n');
  // Holds on to it: a lock that nobody can reach any more is collected, and is free then.
  setInterval(() => open.directory, 60_000);
} catch (error) {
  writeSync(1, `${error instanceof StartError ? error.kind : String(error)}\n`);
}
