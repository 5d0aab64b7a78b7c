import { BUILT_IN_DOCUMENTS } from '../../core/policy/built-in.ts';
import { type AttachedPolicy, createPolicies, type Policies } from '../../core/policy/policies.ts';
import type { Directory, PolicyReference, User } from './identities.ts';

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
