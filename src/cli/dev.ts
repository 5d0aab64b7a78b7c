import { createCompanion } from '../companion/companion.ts';
import { readConfig } from '../config/config.ts';
import { claimDirectory } from '../storage/sqlite/files/data-directory.ts';
import { banner, placeHere } from './banner.ts';
import type { CommandInput } from './command-input.ts';
import { isContained, placeOutside } from './container.ts';
import { writeControlToken } from './credentials.ts';
import { ensureDevFiles } from './dev-files.ts';
import { keepCredentials } from './kept-credentials.ts';
import { runServer } from './run-server.ts';

/** `csms-server dev`: creates what is missing, then prints what can be pasted. */
export async function run({ env }: CommandInput): Promise<number> {
  const told = readConfig('dev', env);
  // First of all: two first starts at once would overwrite each other's files.
  const claimed = claimDirectory(told.dataDirectory);
  const made = await ensureDevFiles({ ...told, dataDirectory: claimed.path });
  const { config, credentialsFile: file } = made;
  const { publicUrl, region } = config;
  const { controlToken } = config.companion;
  const isInContainer = isContained(env);
  let { identity } = made;
  let change: ReturnType<typeof keepCredentials> | undefined;
  return runServer(config, {
    claimed,
    isContained: isInContainer,
    createCompanion: (shared) =>
      createCompanion(shared, (user) => {
        const isKnown = user.id === identity?.userId && user.passwordHash === identity.passwordHash;
        return isKnown ? identity?.password || undefined : undefined;
      }),
    announce(baseUrl, directory) {
      const { identitiesFile = '' } = config;
      const place = { baseUrl, controlToken, region };
      if (identity === undefined) {
        writeControlToken(file, place);
        return;
      }
      change = keepCredentials({ ...place, file, identitiesFile, identity, directory });
      const { projectId } = identity;
      const shown = isInContainer
        ? placeOutside({ baseUrl, publicUrl, projectId, credentialsFile: file })
        : placeHere({ baseUrl: publicUrl ?? baseUrl, credentialsFile: file });
      process.stdout.write(banner(identity, shown));
    },
    passwordChanged({ userId, password, hash: passwordHash }) {
      if (identity?.userId !== userId) return;
      identity = { ...identity, password, passwordHash };
      change?.({ password, passwordHash });
    },
  });
}
