import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { StartError } from '../app/start-error.ts';
import { hashPassword } from '../auth/password.ts';
import { createRootKeyFile } from '../crypto/root-key.ts';
import { type Administrator, administratorYaml, createAdministrator } from './administrator.ts';
import type { CommandInput } from './commands.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';

const REGION = 'local-1';

/**
 * `csms-server init`: a root key, identities with one administrator and an example environment file, in a directory
 * (default `csms-config`). Refuses before it writes anything when one of the files is there.
 */
export async function run({ positionals, flags }: CommandInput): Promise<number> {
  const [given = 'csms-config', ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('init takes one directory');
  const directory = resolve(given);
  const files = {
    rootKey: join(directory, 'root.key'),
    secretKey: join(directory, 'admin.sk'),
    identities: join(directory, 'identities.yaml'),
    environment: join(directory, 'csms.env'),
  };
  for (const file of Object.values(files)) {
    if (existsSync(file))
      throw new StartError('configuration', `${file} is there already; nothing was written`);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const administrator = createAdministrator();
  createRootKeyFile(files.rootKey);
  create(files.secretKey, `${administrator.secretKey}\n`);
  // Relative to the identities file, so that the directory can be mounted anywhere.
  const sk = { sk_file: basename(files.secretKey) };
  const passwordHash = await hashPassword(administrator.password);
  create(files.identities, administratorYaml(administrator, { region: REGION, sk, passwordHash }));
  create(files.environment, environment(directory, files));
  process.stdout.write(
    flags.has('json') ? `${JSON.stringify(toJson(administrator, files))}\n` : text(administrator, files),
  );
  return EXIT.ok;
}

type Files = { readonly [name in 'rootKey' | 'secretKey' | 'identities' | 'environment']: string };

function create(file: string, content: string): void {
  writeFileSync(file, content, { mode: 0o600, flag: 'wx', flush: true });
}

function environment(directory: string, files: Files): string {
  return `# Settings of csms-server serve; the README lists all of them.
CSMS_DATA=${join(directory, 'data')}
CSMS_ROOT_KEY=file:${files.rootKey}
CSMS_IDENTITIES=${files.identities}
CSMS_HOST=127.0.0.1
CSMS_PORT=4280
# Beyond loopback, with certificates:
# CSMS_HOST=0.0.0.0
# CSMS_TLS_CERT=/path/to/fullchain.pem
# CSMS_TLS_KEY=/path/to/privkey.pem
`;
}

function toJson(administrator: Administrator, files: Files) {
  const { accessKeyId, secretKey, password, domainName, projectId } = administrator;
  return {
    access_key: accessKeyId,
    secret_key: secretKey,
    user: 'admin',
    domain: domainName,
    password,
    project_id: projectId,
    root_key_file: files.rootKey,
    identities_file: files.identities,
    environment_file: files.environment,
  };
}

function text(administrator: Administrator, files: Files): string {
  return `Wrote ${files.rootKey}, ${files.identities}, ${files.secretKey} and ${files.environment}.

  access key   ${administrator.accessKeyId}
  secret key   ${administrator.secretKey}
  project id   ${administrator.projectId}
  user         admin, domain ${administrator.domainName}, password ${administrator.password}

The password is not shown again. Keep a copy of the root key somewhere else: without it, nothing can be read.
Start with: set -a; . ${files.environment}; set +a; csms-server serve
`;
}
