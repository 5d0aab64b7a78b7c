import { dirname, resolve } from 'node:path';
import { FileFault } from '../../files/guarded-file.ts';
import { FileError } from '../../yaml/file-error.ts';
import {
  entriesOf,
  fieldsOf,
  parseYaml,
  printable,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { readProviders } from '../federation/provider-text.ts';
import type { IdentityProvider } from '../federation/providers.ts';
import { isPasswordHash } from '../logins/password.ts';
import { createRequestKey } from '../signatures/algorithms.ts';
import {
  type AccessKey,
  BUILT_IN_POLICIES,
  createDirectory,
  type Directory,
  type DirectoryContents,
  type Domain,
  type Policy,
  type Project,
  type User,
} from './identities.ts';
import { readPolicyDocument } from './policy-document.ts';
import { createSecretSources, readIdentitiesText, type SecretSources, type SourcesInput } from './sources.ts';
import { ACCESS_KEY_ID, ID, NAME, PROJECT_ID, SECRET_KEY } from './text-rules.ts';

/** An identities file, and the sources of the secrets that it names. */
export interface IdentitiesText {
  readonly file: string;
  readonly text: string;
  readonly sources: SecretSources;
}

/** A domain, with what would be slow to search or to rebuild for each of its users. */
interface DomainProjects {
  readonly domain: Domain;
  readonly byName: ReadonlyMap<string, Project>;
  readonly ids: ReadonlySet<string>;
}

/** What is collected while the file is read. */
interface Reading {
  readonly file: string;
  readonly sources: SecretSources;
  /** The line of each name and its kind, to refuse a second one. */
  readonly seen: Map<string, number>;
  readonly users: User[];
  readonly accessKeys: AccessKey[];
  readonly providers: IdentityProvider[];
  readonly policyNames: ReadonlySet<string>;
}

const PATH: TextRule = { pattern: /^[^\p{Cc}]{1,4096}$/u, rule: 'a path' };
const VARIABLE: TextRule = { pattern: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, rule: 'the name of a variable' };
const HASH_RULE = 'a scrypt hash such as $scrypt$ln=16,r=8,p=1$<salt>$<hash>';

/**
 * Loads identities.yaml and all files that it names.
 * Throws FileError (`file:line: key: reason`), also when a file cannot be read or must not be trusted.
 * @see docs/adr/0038-files-of-the-operator.md
 */
export function loadIdentities(input: SourcesInput & { readonly file: string }): DirectoryContents {
  const { file, reader } = input;
  let text: string;
  try {
    text = readIdentitiesText(reader, file);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw new FileError({ file, line: 1, key: '(file)' }, error.reason);
  }
  return readIdentities({ file, text, sources: createSecretSources(input) });
}

/**
 * Reads the text of an identities file. Relative paths in it start at the file's own directory.
 * Throws FileError for unknown keys, wrong types, repeated ids and names, and unresolved names.
 */
export function parseIdentities(input: IdentitiesText): Directory {
  return createDirectory(readIdentities(input));
}

/** The same, before the look-ups are built. */
export function readIdentities(input: IdentitiesText): DirectoryContents {
  const root = parseYaml(input);
  const fields = fieldsOf(root, ['domains', 'policies']);
  const seen = new Map<string, number>();
  const policies = entriesOf(fields.get('policies')).map((node) => readPolicy(node, seen));
  const policyNames = new Set([...BUILT_IN_POLICIES, ...policies.map((policy) => policy.name)]);
  const reading: Reading = { ...input, seen, users: [], accessKeys: [], providers: [], policyNames };
  const list = requiredField(root, fields, 'domains');
  const domains = entriesOf(list).map((node) => readDomain(reading, node));
  if (domains.length === 0) throw problemAt(list, 'must hold a domain');
  const { users, accessKeys, providers } = reading;
  return { domains, users, accessKeys, policies, providers };
}

function readPolicy(node: YamlNode, seen: Map<string, number>): Policy {
  const fields = fieldsOf(node, ['name', 'document']);
  const name = distinct(seen, 'policy name', requiredField(node, fields, 'name'), NAME);
  if (BUILT_IN_POLICIES.has(name)) throw problemAt(node, `${name} is a built-in policy`);
  return Object.freeze({ name, document: readPolicyDocument(requiredField(node, fields, 'document')) });
}

function readDomain(reading: Reading, node: YamlNode): Domain {
  const fields = fieldsOf(node, ['id', 'name', 'projects', 'users', 'identity_providers']);
  const id = distinct(reading.seen, 'domain id', requiredField(node, fields, 'id'), ID);
  const name = distinct(reading.seen, 'domain name', requiredField(node, fields, 'name'), NAME);
  const projects = entriesOf(fields.get('projects')).map((project) => readProject(reading, project, id));
  const domain = Object.freeze({ id, name, projects: Object.freeze(projects) });
  const byName = new Map(projects.map((project) => [project.name, project]));
  const ids = new Set(projects.map((project) => project.id));
  const before = reading.users.length;
  for (const user of entriesOf(fields.get('users'))) readUser(reading, user, { domain, byName, ids });
  const userIds = new Map(reading.users.slice(before).map((user) => [user.name, user.id]));
  const providers = readProviders(fields.get('identity_providers'), {
    domainId: id,
    sources: reading.sources,
    distinct: (kind, at, rule) => distinct(reading.seen, kind, at, rule),
    findUserId: (wanted) => userIds.get(wanted),
  });
  reading.providers.push(...providers);
  return domain;
}

function readProject(reading: Reading, node: YamlNode, domainId: string): Project {
  const fields = fieldsOf(node, ['id', 'name']);
  const id = distinct(reading.seen, 'project id', requiredField(node, fields, 'id'), PROJECT_ID);
  const kind = `project name in domain ${domainId}`;
  return Object.freeze({
    id,
    name: distinct(reading.seen, kind, requiredField(node, fields, 'name'), NAME),
    domainId,
  });
}

function readUser(reading: Reading, node: YamlNode, { domain, byName, ids }: DomainProjects): void {
  const own = ['id', 'name', 'password', 'password_file', 'access_keys', 'policies', 'projects'];
  const fields = fieldsOf(node, own);
  const id = distinct(reading.seen, 'user id', requiredField(node, fields, 'id'), ID);
  const kind = `user name in domain ${domain.id}`;
  const name = distinct(reading.seen, kind, requiredField(node, fields, 'name'), NAME);
  const policies = entriesOf(fields.get('policies')).map((entry) => {
    const policy = distinct(reading.seen, `policy of user ${id}`, entry, NAME);
    if (!reading.policyNames.has(policy))
      throw problemAt(entry, `policy ${printable(policy)} does not exist`);
    return policy;
  });
  const projects = fields.has('projects')
    ? entriesOf(fields.get('projects')).map((entry) => {
        const wanted = distinct(reading.seen, `project of user ${id}`, entry, NAME);
        const project = byName.get(wanted);
        if (project === undefined)
          throw problemAt(entry, `project ${printable(wanted)} is not in this domain`);
        return project;
      })
    : domain.projects;
  const user: User = Object.freeze({
    id,
    name,
    domainId: domain.id,
    domainName: domain.name,
    passwordHash: readPasswordHash(reading, node, fields),
    policies: Object.freeze(policies),
    projects: Object.freeze(projects),
    projectIds: projects === domain.projects ? ids : new Set(projects.map((project) => project.id)),
  });
  reading.users.push(user);
  for (const entry of entriesOf(fields.get('access_keys'))) {
    reading.accessKeys.push(readAccessKey(reading, entry, user));
  }
}

function readPasswordHash(
  reading: Reading,
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
): string | undefined {
  const source = onlyOne(node, fields, ['password', 'password_file']);
  if (source === undefined) return undefined;
  const hash = source.name === 'password' ? textOf(source.node, PATH) : readSecretFile(reading, source.node);
  if (!isPasswordHash(hash)) throw problemAt(source.node, `must be ${HASH_RULE}`);
  return hash;
}

function readAccessKey(reading: Reading, node: YamlNode, user: User): AccessKey {
  const fields = fieldsOf(node, ['ak', 'sk', 'sk_file', 'sk_env']);
  const accessKeyId = distinct(reading.seen, 'access key', requiredField(node, fields, 'ak'), ACCESS_KEY_ID);
  const source = onlyOne(node, fields, ['sk', 'sk_file', 'sk_env']);
  if (source === undefined) throw problemAt(node, 'one of sk, sk_file, sk_env is missing');
  const secretKey = readSecretKey(reading, source.name, source.node);
  return Object.freeze({ key: createRequestKey({ accessKeyId, secretKey }), user });
}

function readSecretKey(reading: Reading, source: string, node: YamlNode): string {
  if (source === 'sk') return textOf(node, SECRET_KEY);
  let secretKey: string;
  if (source === 'sk_env') {
    const variable = textOf(node, VARIABLE);
    secretKey = reading.sources.env[variable] ?? '';
    if (secretKey === '') throw problemAt(node, `variable ${variable} is not set`);
  } else {
    secretKey = readSecretFile(reading, node);
  }
  if (!SECRET_KEY.pattern.test(secretKey)) throw problemAt(node, `must lead to ${SECRET_KEY.rule}`);
  return secretKey;
}

function readSecretFile(reading: Reading, node: YamlNode): string {
  const path = resolve(dirname(reading.file), textOf(node, PATH));
  try {
    return reading.sources.readFile(path).replace(/\r?\n$/, '');
  } catch (error) {
    throw problemAt(node, error instanceof FileFault ? error.message : 'the file cannot be read');
  }
}

/** The one of these fields that is present, if any. */
function onlyOne(
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
  names: readonly string[],
): { readonly name: string; readonly node: YamlNode } | undefined {
  const present = names.filter((name) => fields.has(name));
  if (present.length > 1) throw problemAt(node, `only one of ${names.join(', ')} may be given`);
  const [name] = present;
  return name === undefined ? undefined : { name, node: requiredField(node, fields, name) };
}

/** A text that must be unique among those of its kind. */
function distinct(seen: Map<string, number>, kind: string, node: YamlNode, rule: TextRule): string {
  const text = textOf(node, rule);
  const first = seen.get(`${kind}\n${text}`);
  if (first !== undefined) throw problemAt(node, `${printable(text)} is already in line ${first} (${kind})`);
  seen.set(`${kind}\n${text}`, node.line);
  return text;
}
