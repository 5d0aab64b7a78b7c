import { join } from 'node:path';
import { createCompanion } from '../companion/companion.ts';
import { readConfig } from '../config/config.ts';
import { claimDirectory } from '../storage/sqlite/files/data-directory.ts';
import { banner, placeHere } from './banner.ts';
import type { CommandInput } from './command-input.ts';
import { isContained, placeOutside } from './container.ts';
import { ensureDevFiles } from './dev-files.ts';
import { keepCredentials } from './kept-credentials.ts';
import { runServer } from './run-server.ts';

/** `csms-server dev`: creates what is missing, then prints what can be pasted. */
export async function run({ env }: CommandInput): Promise<number> {
  const told = readConfig('dev', env);
  // First of all: two first starts at once would overwrite each other's files.
  const claimed = claimDirectory(told.dataDirectory);
  const given = { ...told, dataDirectory: claimed.path };
  const made = await ensureDevFiles(given);
  const config = { ...given, rootKey: made.rootKey, identitiesFile: made.identitiesFile };
  const credentialsFile = join(config.dataDirectory, 'credentials.env');
  const { publicUrl, region } = config;
  const isInContainer = isContained(env);
  let change: ReturnType<typeof keepCredentials> | undefined;
  return runServer(config, {
    claimed,
    isContained: isInContainer,
    createCompanion,
    announce(baseUrl, directory) {
      const { identity, identitiesFile } = made;
      if (identity === undefined) return;
      change = keepCredentials({
        file: credentialsFile,
        identitiesFile,
        identity,
        region,
        baseUrl,
        directory,
      });
      const { projectId } = identity;
      const place = isInContainer
        ? placeOutside({ baseUrl, publicUrl, projectId, credentialsFile })
        : placeHere({ baseUrl: publicUrl ?? baseUrl, credentialsFile });
      process.stdout.write(banner(identity, place));
    },
    passwordChanged({ userId, password, hash: passwordHash }) {
      if (made.identity?.userId === userId) change?.({ password, passwordHash });
    },
  });
}
