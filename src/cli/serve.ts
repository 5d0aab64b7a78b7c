import { readConfig } from '../config/config.ts';
import type { CommandInput } from './command-input.ts';
import { isContained } from './container.ts';
import { runServer } from './run-server.ts';

/** `csms-server serve`: everything must be configured; nothing is generated. */
export async function run({ env }: CommandInput): Promise<number> {
  return runServer(readConfig('serve', env), { isContained: isContained(env) });
}
