import { ACTIONS } from '../../core/policy/actions.ts';
import { BUILT_IN_DOCUMENTS } from '../../core/policy/built-in.ts';
import { decide } from '../../core/policy/decide.ts';
import { type Facts, UNKNOWN } from '../../core/policy/facts.ts';
import { type AttachedPolicy, createPolicies } from '../../core/policy/policies.ts';
import type { Directory, User } from './identities.ts';

/** Those of a request of which nothing is known. */
const NO_FACTS: Facts = { region: '', domainId: '', value: () => UNKNOWN, tags: () => UNKNOWN };

/** How many users have policies that allow less than everything on secrets and keys, or none. */
export function countNarrowUsers(directory: Directory): number {
  const users = [...directory.domains.keys()].flatMap((domainId) => directory.usersOf(domainId));
  return users.filter((user) => isNarrow(directory, user)).length;
}

function isNarrow(directory: Directory, user: User): boolean {
  const policies = createPolicies(attachedPolicies(directory, user));
  const actions = [...ACTIONS.values()].filter(({ service }) => service !== 'cts');
  return actions.some((action) => {
    const question = { action, projectId: undefined, path: undefined, facts: NO_FACTS };
    return decide(policies, question).kind !== 'allowed';
  });
}

/** A policy that counts in some projects only is left out: the user may do less elsewhere. */
function attachedPolicies({ policies }: Directory, user: User): AttachedPolicy[] {
  const references = [user, ...user.groups].flatMap((owner) => owner.policies);
  return references.flatMap(({ enterpriseProjectIds, name, projectIds }) => {
    const document = BUILT_IN_DOCUMENTS.get(name) ?? policies.get(name)?.document;
    if (document === undefined || projectIds !== undefined) return [];
    return { name, via: 'user' as const, document, enterpriseProjectIds };
  });
}
