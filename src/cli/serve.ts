import { readConfig } from '../config.ts';
import type { CommandInput } from './command-input.ts';
import { runServer } from './run-server.ts';

/** `csms-server serve`: everything has to be said; nothing is made up. */
export async function run({ env }: CommandInput): Promise<number> {
  return runServer(readConfig('serve', env));
}
