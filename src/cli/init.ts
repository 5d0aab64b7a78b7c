import { chownSync, lstatSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { StartError } from '../app/start-error.ts';
import { hashPassword } from '../auth/logins/password.ts';
import { createRootKeyFile } from '../crypto/root-key.ts';
import { createFile } from '../std/files.ts';
import { makeDirectory } from '../storage/sqlite/files/data-directory.ts';
import { type Administrator, administratorYaml, createAdministrator } from './administrator.ts';
import { program, shellWord } from './banner.ts';
import type { CommandInput } from './command-input.ts';
import { writeCredentials } from './credentials.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './flags.ts';
import { destinationAt } from './reach.ts';
import { createTrialCertificate } from './trial-certificate.ts';

/** The modes give a group nothing. */
const SAME_GROUP = -1;
const REGION = 'local-1';
/** Neither quotes nor line ends: every reader of environment files reads such a path between single quotes. */
const PATH = /^[^'\p{Cc}]+$/u;

/**
 * `csms-server init`: a root key, identities with one administrator and an environment file, in a directory (default
 * `csms-config`) that git ignores; the data go elsewhere. Writes nothing when one of the files exists.
 * `--unattended` is for a service that runs before each start of a server, and whose output is kept: a set that is there is
 * as good as a new one, and the credentials go to a file.
 */
export async function run({ positionals, flags }: CommandInput): Promise<number> {
  const owner = readOwner(flags.get('owner'));
  const isUnattended = flags.has('unattended');
  if (isUnattended && flags.has('json')) throw new UsageError('--json would print what --unattended keeps');
  const endpoint = readEndpoint(flags, isUnattended);
  const directory = resolve(positionals[0] ?? 'csms-config');
  const files = filesIn(directory, { hasTls: flags.has('tls-self-signed'), isUnattended });
  if (isUnattended && isThere(files.rootKey) && isThere(files.identities)) {
    process.stdout.write(`${directory} has a root key and identities; nothing was written\n`);
    return EXIT.ok;
  }
  requireNew(files);
  // What takes time comes first: if the command is ended meanwhile, nothing is half written.
  const administrator = createAdministrator();
  const passwordHash = await hashPassword(administrator.password);
  const trial = files.certificate === undefined ? undefined : createTrialCertificate(Date.now());
  makeDirectory(files.directory);
  createRootKeyFile(files.rootKey);
  createFile(files.secretKey, `${administrator.secretKey}\n`);
  // Relative to the identities file, so that the directory can be mounted anywhere.
  const sk = { sk_file: basename(files.secretKey) };
  createFile(files.environment, environment(files));
  if (trial !== undefined && files.certificate !== undefined && files.certificateKey !== undefined) {
    createFile(files.certificate, trial.certificate);
    createFile(files.certificateKey, trial.key);
  }
  if (!isThere(files.ignore)) createFile(files.ignore, '*\n');
  if (files.credentials !== undefined) {
    const identity = { ...administrator, userName: 'admin', passwordHash };
    writeCredentials(files.credentials, identity, { baseUrl: endpoint, region: REGION });
  }
  // Last: a set that has it is whole.
  createFile(files.identities, administratorYaml(administrator, { region: REGION, sk, passwordHash }));
  if (owner !== undefined) giveTo(owner, files);
  if (files.credentials !== undefined) {
    process.stdout.write(`Wrote ${directory}; the administrator's credentials are in ${files.credentials}\n`);
    return EXIT.ok;
  }
  process.stdout.write(
    flags.has('json') ? `${JSON.stringify(toJson(administrator, files))}\n` : text(administrator, files),
  );
  return EXIT.ok;
}

/** Everything that init creates, by absolute path, and where the data will be. */
interface Files {
  readonly directory: string;
  readonly rootKey: string;
  readonly secretKey: string;
  readonly identities: string;
  readonly environment: string;
  readonly ignore: string;
  readonly certificate: string | undefined;
  readonly certificateKey: string | undefined;
  /** For clients, as dev writes it. */
  readonly credentials: string | undefined;
  readonly dataDirectory: string;
}

function filesIn(
  directory: string,
  { hasTls, isUnattended }: { readonly hasTls: boolean; readonly isUnattended: boolean },
): Files {
  if (!PATH.test(directory))
    throw new UsageError('the directory must have no quotes or line ends in its path');
  const dataName = `${basename(directory).replace(/-config$/, '')}-data`;
  return {
    directory,
    rootKey: join(directory, 'root.key'),
    secretKey: join(directory, 'admin.sk'),
    identities: join(directory, 'identities.yaml'),
    environment: join(directory, 'csms.env'),
    ignore: join(directory, '.gitignore'),
    certificate: hasTls ? join(directory, 'tls.crt') : undefined,
    certificateKey: hasTls ? join(directory, 'tls.key') : undefined,
    credentials: isUnattended ? join(directory, 'credentials.env') : undefined,
    // Beside the configuration and not in it: a copy of one of the two alone cannot be read.
    dataDirectory: join(dirname(directory), dataName),
  };
}

function requireNew({ directory, ignore, dataDirectory, ...files }: Files): void {
  for (const file of Object.values(files)) {
    if (file === undefined || !isThere(file)) continue;
    throw new StartError('configuration', `${file} is there already; nothing was written`);
  }
}

/** True of a link that leads nowhere, too. */
function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Where clients will find the server, without a slash at its end: they add their paths to it. */
function readEndpoint(flags: ReadonlyMap<string, string>, isUnattended: boolean): string {
  const given = flags.get('endpoint');
  if (given === undefined) return `${flags.has('tls-self-signed') ? 'https' : 'http'}://127.0.0.1:4280`;
  if (!isUnattended)
    throw new UsageError('--endpoint is for credentials.env, which --unattended alone writes');
  return destinationAt(given, '/').url.href.slice(0, -1);
}

function readOwner(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given)) throw new UsageError('--owner takes the number of a user, such as 1000');
  return Number(given);
}

function giveTo(uid: number, { dataDirectory, ...files }: Files): void {
  try {
    for (const file of Object.values(files)) if (file !== undefined) chownSync(file, uid, SAME_GROUP);
  } catch (cause) {
    throw new StartError('configuration', 'the files are made, but only root can give them to another user', {
      cause,
    });
  }
}

function environment(files: Files): string {
  const tls = files.certificate === undefined ? '# ' : '';
  return `# Settings of csms-server serve; serve --help lists all of them.
CSMS_DATA=${shellWord(files.dataDirectory)}
CSMS_ROOT_KEY=${shellWord(`file:${files.rootKey}`)}
CSMS_IDENTITIES=${shellWord(files.identities)}
CSMS_HOST=127.0.0.1
CSMS_PORT=4280
# Beyond loopback, with certificates:
# CSMS_HOST=0.0.0.0
${tls}CSMS_TLS_CERT=${shellWord(files.certificate ?? '/path/to/fullchain.pem')}
${tls}CSMS_TLS_KEY=${shellWord(files.certificateKey ?? '/path/to/privkey.pem')}
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
    data_directory: files.dataDirectory,
    ...(files.certificate !== undefined && { certificate_file: files.certificate }),
  };
}

function text(administrator: Administrator, files: Files): string {
  const trust =
    files.certificate === undefined
      ? ''
      : `\nThe certificate is for trials; clients trust it with curl --cacert ${shellWord(files.certificate)}
or NODE_EXTRA_CA_CERTS=${shellWord(files.certificate)}.\n`;
  return `Wrote ${files.directory}: root key, identities, environment.

  access key   ${administrator.accessKeyId}
  secret key   ${administrator.secretKey}, which ${basename(files.secretKey)} holds too: the server reads it there
  project id   ${administrator.projectId}
  user         admin, domain ${administrator.domainName}, password ${administrator.password}
  data         ${files.dataDirectory}, made at the first start

The password is not shown again. Keep a copy of the root key somewhere else, and never in one backup with the data:
without it, nothing can be read; with it and the data, everything can.
${trust}
Start with:

set -a; . ${shellWord(files.environment)}; set +a
${program()} serve
`;
}
