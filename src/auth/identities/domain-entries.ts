import { entriesOf, fieldsOf, requiredField, type TextRule, type YamlNode } from '../../yaml/yaml-node.ts';
import { readProviders } from '../federation/provider-text.ts';
import {
  DEFAULT_ENTERPRISE_PROJECT,
  type Domain,
  type EnterpriseProject,
  type Group,
  type Project,
} from './identities.ts';
import { distinct, type IdentitiesReading, requireFirst } from './identities-reading.ts';
import { readPolicyReferences, type ScopeNames } from './policy-entries.ts';
import { ID, NAME, PROJECT_ID } from './text-rules.ts';
import { readUser } from './user-entries.ts';

const ENTERPRISE_PROJECT_ID: TextRule = {
  pattern: /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
  rule: 'a UUID',
};

/** Reads a domain, and adds its users to the reading. Throws FileError. */
export function readDomain(reading: IdentitiesReading, node: YamlNode): Domain {
  const fields = fieldsOf(node, [
    'id',
    'name',
    'projects',
    'enterprise_projects',
    'groups',
    'users',
    'identity_providers',
  ]);
  const id = distinct(reading.seen, 'domain id', requiredField(node, fields, 'id'), ID);
  const name = distinct(reading.seen, 'domain name', requiredField(node, fields, 'name'), NAME);
  const projects = entriesOf(fields.get('projects')).map((entry) => readProject(reading, entry, id));
  const enterpriseProjects = readEnterpriseProjects(reading, fields.get('enterprise_projects'), id);
  const names: ScopeNames = {
    projects: new Map(projects.map((project) => [project.name, project])),
    enterpriseProjects: new Map(
      [DEFAULT_ENTERPRISE_PROJECT, ...enterpriseProjects].flatMap((each) => [
        [each.name, each],
        [each.id, each],
      ]),
    ),
  };
  const groups = entriesOf(fields.get('groups')).map((entry) => readGroup(reading, entry, { id, names }));
  const domain = Object.freeze({
    id,
    name,
    projects: Object.freeze(projects),
    enterpriseProjects: Object.freeze(enterpriseProjects),
    groups: Object.freeze(groups),
  });
  const shared = {
    domain,
    names,
    groups: new Map(groups.map((group) => [group.name, group])),
    projectIds: new Set(projects.map((project) => project.id)),
  };
  const before = reading.users.length;
  for (const user of entriesOf(fields.get('users'))) readUser(reading, user, shared);
  const userIds = new Map(reading.users.slice(before).map((user) => [user.name, user.id]));
  const providers = readProviders(fields.get('identity_providers'), {
    domainId: id,
    sources: reading.sources,
    distinct: (kind, at, rule) => distinct(reading.seen, kind, at, rule),
    ids: {
      user: userIds,
      group: new Map(groups.map((group) => [group.name, group.id])),
      project: new Map(projects.map((project) => [project.name, project.id])),
    },
  });
  reading.providers.push(...providers);
  return domain;
}

function readProject(reading: IdentitiesReading, node: YamlNode, domainId: string): Project {
  const fields = fieldsOf(node, ['id', 'name']);
  const id = distinct(reading.seen, 'project id', requiredField(node, fields, 'id'), PROJECT_ID);
  const kind = `project name in domain ${domainId}`;
  return Object.freeze({
    id,
    name: distinct(reading.seen, kind, requiredField(node, fields, 'name'), NAME),
    domainId,
  });
}

/** A scope names them by id or by name, so no name may be the id of another one. */
function readEnterpriseProjects(
  { seen }: IdentitiesReading,
  list: YamlNode | undefined,
  domainId: string,
): EnterpriseProject[] {
  const kind = `enterprise project of domain ${domainId}`;
  for (const own of Object.values(DEFAULT_ENTERPRISE_PROJECT)) seen.set(`${kind}\n${own}`, list?.line ?? 1);
  return entriesOf(list).map((node) => {
    const fields = fieldsOf(node, ['id', 'name']);
    const idNode = requiredField(node, fields, 'id');
    const id = distinct(seen, 'enterprise project id', idNode, ENTERPRISE_PROJECT_ID);
    requireFirst(seen, { kind, text: id, node: idNode });
    return Object.freeze({ id, name: distinct(seen, kind, requiredField(node, fields, 'name'), NAME) });
  });
}

function readGroup(
  reading: IdentitiesReading,
  node: YamlNode,
  { id: domainId, names }: { readonly id: string; readonly names: ScopeNames },
): Group {
  const fields = fieldsOf(node, ['id', 'name', 'policies']);
  const id = distinct(reading.seen, 'group id', requiredField(node, fields, 'id'), ID);
  const kind = `group name in domain ${domainId}`;
  const name = distinct(reading.seen, kind, requiredField(node, fields, 'name'), NAME);
  const policies = readPolicyReferences(reading, fields.get('policies'), { names, owner: `group ${id}` });
  return Object.freeze({ id, name, domainId, policies });
}
