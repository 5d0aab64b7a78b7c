import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { claimDirectory } from '../storage/sqlite/data-directory.ts';
import { banner } from './banner.ts';
import type { CommandInput } from './command-input.ts';
import { type KnownIdentity, writeCredentials } from './credentials.ts';
import { ensureDevFiles } from './dev-files.ts';
import { runServer } from './run-server.ts';

/** `csms-server dev`: makes what is missing, then prints what can be pasted. */
export async function run({ env }: CommandInput): Promise<number> {
  const told = readConfig('dev', env);
  // First of all: two first starts at once would write over each other's files.
  const claimed = claimDirectory(told.dataDirectory);
  const given = { ...told, dataDirectory: claimed.path };
  const made = await ensureDevFiles(given);
  const config = { ...given, rootKey: made.rootKey, identitiesFile: made.identitiesFile };
  const credentialsFile = join(config.dataDirectory, 'credentials.env');
  let endpoint = '';
  const write = (identity: KnownIdentity) =>
    writeCredentials(credentialsFile, identity, { baseUrl: endpoint, region: config.region });
  return runServer(config, {
    claimed,
    announce(baseUrl) {
      if (made.identity === undefined) return;
      endpoint = baseUrl;
      write(made.identity);
      process.stdout.write(banner(made.identity, { baseUrl: config.publicUrl ?? baseUrl, credentialsFile }));
    },
    passwordChanged({ userId, password, hash: passwordHash }) {
      if (made.identity?.userId === userId) write({ ...made.identity, password, passwordHash });
    },
  });
}
