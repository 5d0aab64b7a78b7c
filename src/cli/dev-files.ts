import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../app/start-error.ts';
import { hashPassword, verifyPassword } from '../auth/logins/password.ts';
import type { Config } from '../config/config.ts';
import { createRootKeyFile } from '../crypto/root-key.ts';
import { replaceFile } from '../std/files.ts';
import { ALPHANUMERICS, randomText } from '../std/random-text.ts';
import { type Administrator, administratorYaml, createAdministrator } from './administrator.ts';
import { type KnownIdentity, readControlToken, readIdentity, writeCredentials } from './credentials.ts';

/** A quarter of the usual work: development servers start often. */
const PASSWORD_COST = { ln: 14, r: 8, p: 1 } as const;
/** Of a control token that nobody has chosen. */
const CONTROL_CHARACTERS = 40;

/**
 * Creates the root key, the identities and the credentials of dev where they are missing. The data directory must be
 * claimed: nothing is written into one that may be another process's or user's. Returns what dev runs with; there is no
 * identity when the identities are the user's own.
 * Throws StartError (configuration) when a CSMS_DEV_ variable differs from what is there.
 */
export async function ensureDevFiles(given: Config) {
  const { dataDirectory } = given;
  const credentialsFile = join(dataDirectory, 'credentials.env');
  const {
    controlToken = readControlToken(credentialsFile) ?? randomText(CONTROL_CHARACTERS, ALPHANUMERICS),
  } = given.companion;
  const config = { ...given, companion: { ...given.companion, controlToken } };
  const rootKeyFile = join(dataDirectory, 'root.key');
  if (config.rootKey === undefined && !existsSync(rootKeyFile)) {
    // A new key would make existing data unreadable.
    if (existsSync(join(dataDirectory, 'csms.db'))) {
      throw new StartError(
        'configuration',
        `${rootKeyFile} is missing, and the data beside it cannot be read without it`,
      );
    }
    createRootKeyFile(rootKeyFile);
  }
  const rootKey = config.rootKey ?? `file:${rootKeyFile}`;
  if (config.identitiesFile !== undefined) {
    return { config: { ...config, rootKey }, credentialsFile, identity: undefined };
  }
  const identitiesFile = join(dataDirectory, 'identities.yaml');
  const identity = await ensureIdentity(config, { identitiesFile, credentialsFile });
  return { config: { ...config, identitiesFile, rootKey }, credentialsFile, identity };
}

interface IdentityFiles {
  readonly identitiesFile: string;
  readonly credentialsFile: string;
}

async function ensureIdentity(config: Config, files: IdentityFiles): Promise<KnownIdentity | undefined> {
  const { credentialsFile, identitiesFile } = files;
  if (!existsSync(identitiesFile)) return createIdentity(config, files);
  const found = readIdentity(identitiesFile, credentialsFile);
  if (found === undefined) return undefined;
  const identity = await withGivenPassword(config, found);
  requireSame(config, identity, identitiesFile);
  return identity;
}

async function createIdentity(config: Config, files: IdentityFiles): Promise<KnownIdentity> {
  const { region } = config;
  const { controlToken } = config.companion;
  const administrator = createAdministrator(config.dev);
  const passwordHash = await hashPassword(administrator.password, PASSWORD_COST);
  const identity = { ...administrator, userName: 'admin', passwordHash };
  // The credentials first: without the identities file, the next start creates both again.
  writeCredentials(files.credentialsFile, identity, { baseUrl: '', controlToken, region });
  const sk = { sk: identity.secretKey };
  replaceFile(files.identitiesFile, administratorYaml(identity, { region, sk, passwordHash }));
  return identity;
}

/** An unknown password may be the one that the environment gives. */
async function withGivenPassword({ dev }: Config, identity: KnownIdentity): Promise<KnownIdentity> {
  if (identity.password !== '' || dev.password === undefined) return identity;
  const isRight = await verifyPassword(identity.passwordHash, dev.password);
  return isRight ? { ...identity, password: dev.password } : identity;
}

function requireSame({ dev }: Config, identity: Administrator, identitiesFile: string): void {
  const pairs = [
    ['CSMS_DEV_AK', dev.accessKeyId, identity.accessKeyId],
    ['CSMS_DEV_SK', dev.secretKey, identity.secretKey],
    ['CSMS_DEV_PROJECT_ID', dev.projectId, identity.projectId],
    ['CSMS_DEV_PASSWORD', dev.password, identity.password],
  ] as const;
  for (const [name, wanted, present] of pairs) {
    if (wanted === undefined || wanted === present) continue;
    throw new StartError(
      'configuration',
      `${name} is not what ${identitiesFile} was made with; remove one of the two`,
    );
  }
}
