import { FileFault } from '../../files/guarded-file.ts';
import { FileError } from '../../yaml/file-error.ts';
import { entriesOf, fieldsOf, parseYaml, problemAt, requiredField } from '../../yaml/yaml-node.ts';
import { createDirectory } from './directory.ts';
import { readDomain } from './domain-entries.ts';
import { BUILT_IN_POLICIES, type Directory, type DirectoryContents } from './identities.ts';
import type { IdentitiesReading } from './identities-reading.ts';
import { readPolicy } from './policy-entries.ts';
import { createSecretSources, readIdentitiesText, type SecretSources, type SourcesInput } from './sources.ts';

/** An identities file, and the sources of the secrets that it names. */
export interface IdentitiesText {
  readonly file: string;
  readonly text: string;
  readonly sources: SecretSources;
}

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
    throw new FileError({ file, line: 1, key: '(file)' }, error.reason, { cause: error });
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
  const policies = entriesOf(fields.get('policies')).map((node) => readPolicy({ ...input, seen }, node));
  const policyNames = new Set([...BUILT_IN_POLICIES, ...policies.map((policy) => policy.name)]);
  const found = { users: [], accessKeys: [], providers: [], usesPolicies: fields.has('policies') };
  const reading: IdentitiesReading = { ...input, ...found, seen, policyNames };
  const list = requiredField(root, fields, 'domains');
  const domains = entriesOf(list).map((node) => readDomain(reading, node));
  if (domains.length === 0) throw problemAt(list, 'must hold a domain');
  const { accessKeys, providers, users, usesPolicies } = reading;
  return { domains, users, accessKeys, policies, providers, usesPolicies };
}
