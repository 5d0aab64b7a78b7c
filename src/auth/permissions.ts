import type { Permissions } from '../app/ports/deps.ts';
import { BUILT_IN_DOCUMENTS } from '../core/policy/built-in.ts';
import { type AttachedPolicy, createPolicies, type Policies } from '../core/policy/policies.ts';
import type { Directory, PolicyReference, User } from './identities/identities.ts';

/** Of users who have called since their directory was read. The same user may have others in another directory. */
const known = new WeakMap<Directory, WeakMap<User, Permissions>>();

/** What decides over a user: made at its first request after each reload. */
export function permissionsOf(directory: Directory, user: User): Permissions {
  const ofDirectory = known.get(directory) ?? new WeakMap<User, Permissions>();
  const present = ofDirectory.get(user);
  if (present !== undefined) return present;
  const permissions: Permissions = {
    policies:
      directory.usesPolicies && user.isUnrestricted !== true ? policiesOf(directory, user) : undefined,
    domainName: user.domainName,
    groupIds: user.groups.map(({ id }) => id),
    projectNames: new Map(user.projects.map(({ id, name }) => [id, name])),
  };
  known.set(directory, ofDirectory.set(user, permissions));
  return permissions;
}

/** A user’s own policies and those of its groups, in the order of the file. */
export function policiesOf(directory: Pick<Directory, 'policies'>, { groups, policies }: User): Policies {
  const attach = (references: readonly PolicyReference[], via: AttachedPolicy['via']) =>
    references.map((reference): AttachedPolicy => {
      const { enterpriseProjectIds, name, projectIds } = reference;
      const document = directory.policies.get(name)?.document ?? BUILT_IN_DOCUMENTS.get(name);
      // Names are resolved when the file is read.
      if (document === undefined) throw new Error(`no policy ${name}`);
      return { name, via, document, projectIds: projectIds && new Set(projectIds), enterpriseProjectIds };
    });
  return createPolicies([
    ...attach(policies, 'user'),
    ...groups.flatMap((group) => attach(group.policies, `group:${group.name}`)),
  ]);
}
