import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { clientVariables } from '../config/client-variables.ts';
import { replaceFile } from '../std/files.ts';
import type { Administrator } from './administrator.ts';

/** Whose credentials a file holds; `password` is empty when it is unknown here. */
export interface KnownIdentity extends Administrator {
  readonly userName: string;
  /** PHC string of the password in the identities file. */
  readonly passwordHash: string;
}

const CONTROL_TOKEN = 'CSMS_CONTROL_TOKEN';
/** What every reader of such files reads literally, without quotes. */
const PLAIN = /^[A-Za-z0-9!%*+,./:=?@^_{}[\]-]*$/;
/** What they all read literally between single quotes. */
const QUOTABLE = /^[\x20-\x26\x28-\x7e]*$/;

/** Where the clients of a credentials file find the server; the control token is for tests, and absent beside `dev`. */
export interface CredentialsPlace {
  readonly baseUrl: string;
  readonly region: string;
  readonly controlToken?: string | undefined;
}

/** Writes the environment of clients: for a shell to source, or as an `--env-file`. */
export function writeCredentials(
  file: string,
  identity: KnownIdentity,
  { baseUrl, controlToken, region }: CredentialsPlace,
): void {
  const { password, passwordHash, userId } = identity;
  const variables = clientVariables({ ...identity, endpoint: baseUrl, region });
  const note =
    quoted(password) === '' ? '# The password is not known here: identities.yaml has its hash alone.\n' : '';
  const marks = `# user id ${userId}\n# password ${markOf(passwordHash)}\n`;
  const control = controlToken === undefined ? '' : variableLines({ [CONTROL_TOKEN]: controlToken });
  replaceFile(file, `${marks}${variableLines(variables)}${control}${note}`);
}

/**
 * Writes down where the server is and its control token, for identities that are the user's own. What else the file says
 * stays: it may be of an earlier start.
 */
export function writeControlToken(file: string, { baseUrl, controlToken = '' }: CredentialsPlace): void {
  const own = { CSMS_ENDPOINT: baseUrl, [CONTROL_TOKEN]: controlToken };
  const isOther = (line: string) =>
    line !== '' && !Object.keys(own).some((name) => line.startsWith(`${name}=`));
  const others = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(isOther) : [];
  replaceFile(file, `${others.map((line) => `${line}\n`).join('')}${variableLines(own)}`);
}

/** The control token that an earlier start has written; undefined when there is none. */
export function readControlToken(file: string): string | undefined {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8'))[CONTROL_TOKEN] || undefined : undefined;
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
