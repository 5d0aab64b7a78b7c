import {
  entriesOf,
  fieldsOf,
  printable,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { isPasswordHash } from '../logins/password.ts';
import { createRequestKey } from '../signatures/algorithms.ts';
import { readCertificates } from './certificate-entries.ts';
import type { AccessKeyEntry, Domain, Group, Project, User } from './identities.ts';
import {
  distinct,
  type IdentitiesReading,
  onlyOne,
  pathOf,
  readFileAt,
  readSwitch,
} from './identities-reading.ts';
import { readPolicyReferences, type ScopeNames } from './policy-entries.ts';
import { ACCESS_KEY_ID, ID, NAME, SECRET_KEY } from './text-rules.ts';

/** A domain, with what would be slow to search or to rebuild for each of its users. */
export interface DomainOfUsers {
  readonly domain: Domain;
  readonly names: ScopeNames;
  /** By name. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Ids of all its projects. */
  readonly projectIds: ReadonlySet<string>;
}

const HASH: TextRule = { pattern: /^[^\p{Cc}]{1,4096}$/u, rule: 'a password hash' };
const VARIABLE: TextRule = { pattern: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, rule: 'the name of a variable' };
const HASH_RULE = 'a scrypt hash such as $scrypt$ln=16,r=8,p=1$<salt>$<hash>';
const FIELDS = [
  'id',
  'name',
  'disabled',
  'password',
  'password_file',
  'access_keys',
  'certificates',
  'require_certificate',
  'groups',
  'policies',
  'projects',
];

/** Reads a user with the access keys, and adds them to the reading. Throws FileError. */
export function readUser(reading: IdentitiesReading, node: YamlNode, shared: DomainOfUsers): void {
  const { domain, names } = shared;
  const fields = fieldsOf(node, FIELDS);
  const id = distinct(reading.seen, 'user id', requiredField(node, fields, 'id'), ID);
  const kind = `user name in domain ${domain.id}`;
  const name = distinct(reading.seen, kind, requiredField(node, fields, 'name'), NAME);
  const isDisabled = readSwitch(fields.get('disabled'));
  const find = <T>(list: string, known: ReadonlyMap<string, T>) =>
    entriesOf(fields.get(list)).map((entry): T => {
      const noun = list.slice(0, -1);
      const wanted = distinct(reading.seen, `${noun} of user ${id}`, entry, NAME);
      const found = known.get(wanted);
      if (found === undefined) throw problemAt(entry, `${noun} ${printable(wanted)} is not in this domain`);
      return found;
    });
  const projects: readonly Project[] = fields.has('projects')
    ? find('projects', names.projects)
    : domain.projects;
  const user: User = Object.freeze({
    id,
    name,
    domainId: domain.id,
    domainName: domain.name,
    isDisabled,
    passwordHash: readPasswordHash(reading, node, { fields, isDisabled }),
    policies: readPolicyReferences(reading, fields.get('policies'), { names, owner: `user ${id}` }),
    groups: Object.freeze(find('groups', shared.groups)),
    projects: Object.freeze(projects),
    projectIds:
      projects === domain.projects ? shared.projectIds : new Set(projects.map((project) => project.id)),
    certificates: readCertificates(reading, node, fields),
  });
  reading.users.push(user);
  for (const entry of entriesOf(fields.get('access_keys'))) {
    reading.accessKeys.push(readAccessKey(reading, entry, user));
  }
}

/** Undefined for a disabled user, whose file may be gone. */
function readPasswordHash(
  reading: IdentitiesReading,
  node: YamlNode,
  { fields, isDisabled }: { readonly fields: ReadonlyMap<string, YamlNode>; readonly isDisabled: boolean },
): string | undefined {
  const source = onlyOne(node, fields, ['password', 'password_file']);
  if (source === undefined) return undefined;
  const isHere = source.name === 'password';
  if (isDisabled && !isHere) return undefined;
  const hash = isHere ? textOf(source.node, HASH) : readSecretFile(reading, source.node);
  if (!isPasswordHash(hash)) throw problemAt(source.node, `must be ${HASH_RULE}`);
  return isDisabled ? undefined : hash;
}

function readAccessKey(reading: IdentitiesReading, node: YamlNode, user: User): AccessKeyEntry {
  const fields = fieldsOf(node, ['ak', 'sk', 'sk_file', 'sk_env', 'disabled']);
  const accessKeyId = distinct(reading.seen, 'access key', requiredField(node, fields, 'ak'), ACCESS_KEY_ID);
  const source = onlyOne(node, fields, ['sk', 'sk_file', 'sk_env']);
  if (source === undefined) throw problemAt(node, 'one of sk, sk_file, sk_env is missing');
  const isDisabled = readSwitch(fields.get('disabled')) || user.isDisabled;
  const secretKey = isDisabled ? undefined : readSecretKey(reading, source.name, source.node);
  return Object.freeze({
    accessKeyId,
    user,
    key: secretKey === undefined ? undefined : createRequestKey({ accessKeyId, secretKey }),
    secretFile: source.name === 'sk_file' ? pathOf(source.node) : undefined,
  });
}

function readSecretKey(reading: IdentitiesReading, source: string, node: YamlNode): string {
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

function readSecretFile({ sources }: IdentitiesReading, node: YamlNode): string {
  const path = pathOf(node);
  return readFileAt(node, () => sources.readFile(path)).replace(/\r?\n$/, '');
}
