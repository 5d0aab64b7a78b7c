import {
  entriesOf,
  fieldsOf,
  isMapping,
  printable,
  problemAt,
  requiredField,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import {
  BUILT_IN_POLICIES,
  type EnterpriseProject,
  type Policy,
  type PolicyReference,
  type Project,
} from './identities.ts';
import {
  distinct,
  type IdentitiesReading,
  onlyOne,
  pathOf,
  readFileAt,
  requireFirst,
} from './identities-reading.ts';
import { readPolicyDocument, readPolicyJson } from './policy-document.ts';
import type { SecretSources } from './sources.ts';
import { NAME } from './text-rules.ts';

/** What the scope of a policy may name in a domain; enterprise projects by name and by id. */
export interface ScopeNames {
  readonly projects: ReadonlyMap<string, Project>;
  readonly enterpriseProjects: ReadonlyMap<string, EnterpriseProject>;
}

/** Reads a policy of the file, with its document. Throws FileError, for a document of its own file with that file's lines. */
export function readPolicy(
  { seen, sources }: Pick<IdentitiesReading, 'seen'> & { readonly sources: SecretSources },
  node: YamlNode,
): Policy {
  const fields = fieldsOf(node, ['name', 'document', 'document_file']);
  const named = requiredField(node, fields, 'name');
  const name = distinct(seen, 'policy name', named, NAME);
  if (BUILT_IN_POLICIES.has(name)) throw problemAt(named, `${name} is a built-in policy`);
  const source = onlyOne(node, fields, ['document', 'document_file']);
  if (source === undefined) throw problemAt(node, 'one of document, document_file is missing');
  if (source.name === 'document') return Object.freeze({ name, document: readPolicyDocument(source.node) });
  const file = pathOf(source.node);
  const text = readFileAt(source.node, () => sources.readPublic(file));
  return Object.freeze({ name, document: readPolicyJson({ file, text }) });
}

/**
 * Reads the policies that `owner`, a user or a group, has. One may come several times, each time with another scope.
 * Throws FileError.
 */
export function readPolicyReferences(
  reading: IdentitiesReading,
  list: YamlNode | undefined,
  { names, owner }: { readonly names: ScopeNames; readonly owner: string },
): readonly PolicyReference[] {
  const { policyNames, seen } = reading;
  reading.usesPolicies ||= list !== undefined;
  const references = entriesOf(list).map((entry) => {
    const { reference, named } = readReference(entry, names);
    const { name, projectIds, enterpriseProjectIds } = reference;
    if (!policyNames.has(name)) throw problemAt(named, `policy ${printable(name)} does not exist`);
    const scope = JSON.stringify([projectIds?.toSorted(), enterpriseProjectIds?.toSorted()]);
    const isScoped = projectIds !== undefined || enterpriseProjectIds !== undefined;
    requireFirst(seen, {
      kind: `policy of ${owner}`,
      text: isScoped ? `${name} ${scope}` : name,
      node: named,
    });
    return reference;
  });
  return Object.freeze(references);
}

function readReference(node: YamlNode, names: ScopeNames) {
  const everywhere = { projectIds: undefined, enterpriseProjectIds: undefined };
  if (!isMapping(node))
    return { named: node, reference: Object.freeze({ name: textOf(node, NAME), ...everywhere }) };
  const fields = fieldsOf(node, ['policy', 'projects', 'enterprise_projects']);
  const named = requiredField(node, fields, 'policy');
  const reference: PolicyReference = {
    name: textOf(named, NAME),
    projectIds: readIds(fields.get('projects'), 'project', names.projects),
    enterpriseProjectIds: readIds(
      fields.get('enterprise_projects'),
      'enterprise project',
      names.enterpriseProjects,
    ),
  };
  return { named, reference: Object.freeze(reference) };
}

/** An empty list would be a policy that never counts. */
function readIds(
  list: YamlNode | undefined,
  kind: string,
  known: ReadonlyMap<string, { readonly id: string }>,
): readonly string[] | undefined {
  if (list === undefined) return undefined;
  const ids = entriesOf(list).map((entry) => {
    const wanted = textOf(entry, NAME);
    const found = known.get(wanted);
    if (found === undefined) throw problemAt(entry, `${kind} ${printable(wanted)} is not in this domain`);
    return { entry, id: found.id };
  });
  if (ids.length === 0) throw problemAt(list, `must hold one ${kind} or more`);
  const seen = new Map<string, number>();
  for (const { entry: node, id: text } of ids) requireFirst(seen, { kind, text, node });
  return Object.freeze(ids.map(({ id }) => id));
}
