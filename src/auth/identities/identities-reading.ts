import { dirname, resolve } from 'node:path';
import { FileFault } from '../../files/guarded-file.ts';
import {
  printable,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import type { IdentityProvider } from '../federation/providers.ts';
import type { AccessKeyEntry, User } from './identities.ts';
import type { SecretSources } from './sources.ts';

/** What is collected while an identities file is read. */
export interface IdentitiesReading {
  readonly file: string;
  readonly sources: SecretSources;
  /** The line of each name and its kind, to refuse a second one. */
  readonly seen: Map<string, number>;
  readonly users: User[];
  readonly accessKeys: AccessKeyEntry[];
  readonly providers: IdentityProvider[];
  readonly policyNames: ReadonlySet<string>;
  /** True once a list of policies was found anywhere. */
  usesPolicies: boolean;
}

const PATH: TextRule = { pattern: /^[^\p{Cc}]{1,4096}$/u, rule: 'a path' };
const BOOLEAN: TextRule = { pattern: /^(?:true|false)$/, rule: 'true or false' };

/** The absolute path that a node gives, which may be relative to the file that it is in. Throws FileError. */
export function pathOf(node: YamlNode): string {
  return resolve(dirname(node.file), textOf(node, PATH));
}

/** What `read` returns. Throws FileError at the node that names the file, in place of what `read` throws. */
export function readFileAt(node: YamlNode, read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw problemAt(node, error instanceof FileFault ? error.message : 'the file cannot be read');
  }
}

/** The one of these fields that is present, if any. Throws FileError for two. */
export function onlyOne(
  node: YamlNode,
  fields: ReadonlyMap<string, YamlNode>,
  names: readonly string[],
): { readonly name: string; readonly node: YamlNode } | undefined {
  const present = names.filter((name) => fields.has(name));
  if (present.length > 1) throw problemAt(node, `only one of ${names.join(', ')} may be given`);
  const [name] = present;
  return name === undefined ? undefined : { name, node: requiredField(node, fields, name) };
}

/** A text that must be unique among those of its kind. Throws FileError. */
export function distinct(seen: Map<string, number>, kind: string, node: YamlNode, rule: TextRule): string {
  const text = textOf(node, rule);
  requireFirst(seen, { kind, text, node });
  return text;
}

/** Throws FileError, with the line of the first, for the second text of a kind. */
export function requireFirst(
  seen: Map<string, number>,
  { kind, node, text }: { readonly kind: string; readonly text: string; readonly node: YamlNode },
): void {
  const first = seen.get(`${kind}\n${text}`);
  if (first !== undefined) throw problemAt(node, `${printable(text)} is already in line ${first} (${kind})`);
  seen.set(`${kind}\n${text}`, node.line);
}

/** A field that is false when it is absent. Throws FileError. */
export function readSwitch(node: YamlNode | undefined): boolean {
  return node !== undefined && textOf(node, BOOLEAN) === 'true';
}
