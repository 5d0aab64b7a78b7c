import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { claimDirectory } from '../storage/sqlite/data-directory.ts';
import type { Administrator } from './administrator.ts';
import type { CommandInput } from './commands.ts';
import { ensureDevFiles, writeCredentials } from './dev-files.ts';
import { type Announce, runServer } from './run-server.ts';

/** `csms-server dev`: makes what is missing, then prints what can be pasted. */
export async function run({ env }: CommandInput): Promise<number> {
  const told = readConfig('dev', env);
  // First of all: two first starts at once would write over each other's files.
  const claimed = claimDirectory(told.dataDirectory);
  const given = { ...told, dataDirectory: claimed.path };
  const made = await ensureDevFiles(given);
  const config = { ...given, rootKey: made.rootKey, identitiesFile: made.identitiesFile };
  const credentialsFile = join(config.dataDirectory, 'credentials.env');
  const announce: Announce = (baseUrl, composed) => {
    const { identity } = made;
    if (identity === undefined) return;
    writeCredentials(credentialsFile, identity, { baseUrl, region: config.region });
    const token = composed.issueToken(identity.userId, identity.projectId) ?? '';
    process.stdout.write(banner(config.publicUrl ?? baseUrl, identity, { credentialsFile, token }));
  };
  return runServer(config, announce, claimed);
}

function banner(
  baseUrl: string,
  identity: Administrator,
  { credentialsFile, token }: { readonly credentialsFile: string; readonly token: string },
): string {
  const secrets = `${baseUrl}/v1/${identity.projectId}/secrets`;
  const name = `demo-${randomBytes(3).toString('hex')}`;
  const auth = `-H 'X-Auth-Token: ${token}'`;
  return `
csms-server, for development: everything that is stored is encrypted, but its key lies beside it.

  endpoint     ${baseUrl}
  access key   ${identity.accessKeyId}
  secret key   ${identity.secretKey}
  project id   ${identity.projectId}
  user         admin, domain ${identity.domainName}, password ${identity.password}
  credentials  ${credentialsFile}, for a shell or --env-file

Store a secret, read it back, list all (the token lasts a day):

curl -sS ${secrets} ${auth} -H 'Content-Type: application/json' -d '{"name":"${name}","secret_string":"correct horse"}'
curl -sS ${secrets}/${name}/versions/latest ${auth}
curl -sS ${secrets} ${auth}

The same, signed as the SDKs do:

npx csms-server call GET '/v1/{project_id}/secrets'

`;
}
