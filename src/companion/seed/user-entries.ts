import { BUILT_IN_POLICIES, type Policy } from '../../auth/identities/identities.ts';
import { readPolicyDocument } from '../../auth/identities/policy-document.ts';
import { ACCESS_KEY_ID, NAME, SECRET_KEY } from '../../auth/identities/text-rules.ts';
import {
  entriesOf,
  printable,
  problemAt,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { derivedId } from './ids.ts';
import {
  optionalText,
  problem,
  type Reading,
  requiredMember,
  requiredText,
  requireFirst,
  writtenAt,
} from './members.ts';
import type { SeedUser } from './seed.ts';

const PASSWORD: TextRule = {
  pattern: /^[^\p{Cc}]{1,128}$/u,
  rule: '1 to 128 characters without control characters',
};

/** Reads a policy, as in the identities file. Throws FileError. */
export function readPolicy({ seen }: Reading, node: YamlNode): Policy {
  const written = writtenAt(node, ['name', 'document']);
  const name = requiredText(written, 'name', NAME);
  if (BUILT_IN_POLICIES.has(name)) throw problem(written, 'name', 'is the name of a built-in policy');
  requireFirst(written, 'name', { kind: 'policy', text: name, seen });
  return { name, document: readPolicyDocument(requiredMember(written, 'document')) };
}

/** Reads a user; `policies`: the names of those that exist. Throws FileError. */
export function readUser(reading: Reading, node: YamlNode, policies: ReadonlySet<string>): SeedUser {
  const written = writtenAt(node, ['name', 'ak', 'sk', 'password', 'policies']);
  const { projectId, seen } = reading;
  const name = requiredText(written, 'name', NAME);
  requireFirst(written, 'name', { kind: 'user', text: name, seen });
  const ak = optionalText(written, 'ak', ACCESS_KEY_ID);
  if (ak !== undefined) requireFirst(written, 'ak', { kind: 'access key', text: ak, seen });
  const sk = optionalText(written, 'sk', SECRET_KEY);
  if ((ak === undefined) !== (sk === undefined))
    throw problem(written, ak === undefined ? 'sk' : 'ak', 'needs ak and sk');
  return {
    ...written,
    id: derivedId({ projectId, kind: 'user', name }),
    name,
    ak,
    sk,
    password: optionalText(written, 'password', PASSWORD),
    policies: entriesOf(written.fields.get('policies')).map((entry) => readPolicyName(entry, policies)),
  };
}

function readPolicyName(node: YamlNode, policies: ReadonlySet<string>): string {
  const name = textOf(node, NAME);
  if (!policies.has(name)) throw problemAt(node, `policy ${printable(name)} does not exist`);
  return name;
}
