import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { StartError } from '../app/start-error.ts';
import type { Config } from '../config.ts';
import { createRootKeyFile } from '../crypto/root-key.ts';
import { type Administrator, administratorYaml, createAdministrator } from './administrator.ts';

/** What dev runs with when it was told nothing. */
export interface DevFiles {
  readonly rootKey: string;
  readonly identitiesFile: string;
  /** Absent when the identities are the user's own. */
  readonly identity: Administrator | undefined;
}

/** A quarter of the usual work: development servers start often. */
const PASSWORD_COST = { ln: 14, r: 8, p: 1 } as const;

/**
 * Makes the root key, the identities and the credentials of dev where they are missing. The data directory has to be
 * claimed: nothing is written into one that another process or user may have.
 * Throws StartError (configuration) when a CSMS_DEV_ variable asks for something else than what is there.
 */
export async function ensureDevFiles(config: Config): Promise<DevFiles> {
  const { dataDirectory } = config;
  const rootKeyFile = join(dataDirectory, 'root.key');
  if (config.rootKey === undefined && !existsSync(rootKeyFile)) {
    // A new key for data that is there would make all of it unreadable.
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
    return { rootKey, identitiesFile: config.identitiesFile, identity: undefined };
  }
  const identitiesFile = join(dataDirectory, 'identities.yaml');
  return { rootKey, identitiesFile, identity: await ensureIdentity(config, identitiesFile) };
}

async function ensureIdentity(config: Config, identitiesFile: string): Promise<Administrator | undefined> {
  const credentialsFile = join(config.dataDirectory, 'credentials.env');
  if (existsSync(identitiesFile)) {
    if (!existsSync(credentialsFile)) return undefined;
    const identity = readCredentials(credentialsFile);
    requireSame(config, identity, identitiesFile);
    return identity;
  }
  const identity = createAdministrator(config.dev);
  // The credentials first: without the identities file, the next start makes both again.
  writeCredentials(credentialsFile, identity, { baseUrl: '', region: config.region });
  replaceFile(
    identitiesFile,
    await administratorYaml(identity, {
      region: config.region,
      sk: { sk: identity.secretKey },
      cost: PASSWORD_COST,
    }),
  );
  return identity;
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

/** Writes what clients read by themselves: for a shell to source, or as an `--env-file`. */
export function writeCredentials(
  file: string,
  identity: Administrator,
  place: { readonly baseUrl: string; readonly region: string },
): void {
  const { accessKeyId, domainId, domainName, password, projectId, secretKey, userId } = identity;
  const variables = {
    CSMS_ENDPOINT: place.baseUrl,
    HUAWEICLOUD_SDK_AK: accessKeyId,
    HUAWEICLOUD_SDK_SK: secretKey,
    HUAWEICLOUD_SDK_PROJECT_ID: projectId,
    HUAWEICLOUD_SDK_DOMAIN_ID: domainId,
    HW_ACCESS_KEY: accessKeyId,
    HW_SECRET_KEY: secretKey,
    HW_PROJECT_ID: projectId,
    HW_REGION_NAME: place.region,
    HW_AUTH_URL: `${place.baseUrl}/v3`,
    CSMS_USER: 'admin',
    CSMS_DOMAIN: domainName,
    CSMS_PASSWORD: password,
  };
  // Without quotes: some readers of such files keep them. No value has a character that a shell would act on.
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  replaceFile(file, `# user id ${userId}\n${lines.join('')}`);
}

function readCredentials(file: string): Administrator {
  const text = readFileSync(file, 'utf8');
  const env = parseEnv(text);
  const [, userId = ''] = /^# user id ([0-9a-f]{32})$/m.exec(text) ?? [];
  return {
    domainId: env.HUAWEICLOUD_SDK_DOMAIN_ID ?? '',
    domainName: env.CSMS_DOMAIN ?? '',
    projectId: env.HUAWEICLOUD_SDK_PROJECT_ID ?? '',
    userId,
    accessKeyId: env.HUAWEICLOUD_SDK_AK ?? '',
    secretKey: env.HUAWEICLOUD_SDK_SK ?? '',
    password: env.CSMS_PASSWORD ?? '',
  };
}

function replaceFile(file: string, text: string): void {
  const temporary = `${file}.new`;
  // What lies there is a remainder, or a link of somebody who could once write here.
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(temporary, file);
}
