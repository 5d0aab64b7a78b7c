import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { replaceFile } from '../std/files.ts';
import type { Administrator } from './administrator.ts';

/** Whose credentials a file holds; `password` is empty when it is unknown here. */
export interface KnownIdentity extends Administrator {
  readonly userName: string;
  /** PHC string of the password in the identities file. */
  readonly passwordHash: string;
}

/** What every reader of such files reads literally, without quotes. */
const PLAIN = /^[A-Za-z0-9!%*+,./:=?@^_{}[\]-]*$/;
/** What they all read literally between single quotes. */
const QUOTABLE = /^[\x20-\x26\x28-\x7e]*$/;

/**
 * Writes the environment of clients: for a shell to source, or as an `--env-file`. The region lets an unchanged
 * application find the server: the SDKs read their endpoints from variables named after it.
 */
export function writeCredentials(
  file: string,
  identity: KnownIdentity,
  { baseUrl, region }: { readonly baseUrl: string; readonly region: string },
): void {
  const { accessKeyId, domainId, domainName, password, projectId, secretKey, userId, userName } = identity;
  const regionName = region.toUpperCase().replaceAll('-', '_');
  const variables = {
    CSMS_ENDPOINT: baseUrl,
    HUAWEICLOUD_SDK_AK: accessKeyId,
    HUAWEICLOUD_SDK_SK: secretKey,
    HUAWEICLOUD_SDK_PROJECT_ID: projectId,
    HUAWEICLOUD_SDK_DOMAIN_ID: domainId,
    HUAWEICLOUD_SDK_IAM_ENDPOINT: baseUrl,
    [`HUAWEICLOUD_SDK_REGION_CSMS_${regionName}`]: baseUrl,
    [`HUAWEICLOUD_SDK_REGION_KMS_${regionName}`]: baseUrl,
    HW_ACCESS_KEY: accessKeyId,
    HW_SECRET_KEY: secretKey,
    HW_PROJECT_ID: projectId,
    HW_REGION_NAME: region,
    HW_AUTH_URL: `${baseUrl}/v3`,
    CSMS_USER: userName,
    CSMS_DOMAIN: domainName,
    CSMS_PASSWORD: password,
  };
  const note =
    quoted(password) === '' ? '# The password is not known here: identities.yaml has its hash alone.\n' : '';
  const marks = `# user id ${userId}\n# password ${markOf(identity.passwordHash)}\n`;
  replaceFile(file, `${marks}${variableLines(variables)}${note}`);
}

/** Variables as lines that a shell can source, and that serve as an `--env-file`. */
export function variableLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

/**
 * The user whose credentials `dev` writes, as the identities file has it: that of the existing credentials, else the
 * first with a secret key in the file itself. The password is that of the credentials if they were written for its
 * present hash. Undefined when the file has no such user, or is not valid YAML: the start says why.
 */
export function readIdentity(identitiesFile: string, credentialsFile: string): KnownIdentity | undefined {
  const written = readWritten(credentialsFile);
  const users = usersIn(readFileSync(identitiesFile, 'utf8'));
  const user = users.find(({ userId }) => userId === written.userId) ?? users[0];
  if (user === undefined) return undefined;
  const isSame =
    user.userId === written.userId && [undefined, markOf(user.passwordHash)].includes(written.mark);
  return { ...user, password: isSame ? written.password : '' };
}

function readWritten(file: string) {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return {
    userId: /^# user id (\S+)$/m.exec(text)?.[1],
    mark: /^# password (\S+)$/m.exec(text)?.[1],
    password: parseEnv(text).CSMS_PASSWORD ?? '',
  };
}

/** Identifies the hash that a password was written for, and says nothing about either. */
function markOf(passwordHash: string): string {
  return createHash('sha256').update(passwordHash).digest('hex').slice(0, 16);
}

/** Without quotes where possible: some readers keep them. Empty when such a file cannot hold the value. */
function quoted(value: string): string {
  if (PLAIN.test(value)) return value;
  return QUOTABLE.test(value) ? `'${value}'` : '';
}

/** The users with a secret key in the file, in its order, each with their first project. */
function usersIn(text: string): Omit<KnownIdentity, 'password'>[] {
  return listIn(parseYaml(text), 'domains').flatMap((domain) =>
    listIn(domain, 'users').flatMap((user) => {
      const key = listIn(user, 'access_keys').find((candidate) => textIn(candidate, 'sk') !== '');
      const names = listIn(user, 'projects') as unknown[];
      const projects = listIn(domain, 'projects');
      const project = projects.find(
        (candidate) => names.length === 0 || names.includes(textIn(candidate, 'name')),
      );
      if (key === undefined || project === undefined) return [];
      return {
        domainId: textIn(domain, 'id'),
        domainName: textIn(domain, 'name'),
        projectId: textIn(project, 'id'),
        userId: textIn(user, 'id'),
        userName: textIn(user, 'name'),
        accessKeyId: textIn(key, 'ak'),
        secretKey: textIn(key, 'sk'),
        passwordHash: textIn(user, 'password'),
      };
    }),
  );
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { schema: 'failsafe', prettyErrors: false });
  } catch {
    return undefined;
  }
}

function listIn(parent: unknown, name: string): unknown[] {
  const list = memberOf(parent, name);
  return Array.isArray(list) ? list : [];
}

function textIn(parent: unknown, name: string): string {
  const text = memberOf(parent, name);
  return typeof text === 'string' ? text : '';
}

function memberOf(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null
    ? (parent as Record<string, unknown>)[name]
    : undefined;
}
