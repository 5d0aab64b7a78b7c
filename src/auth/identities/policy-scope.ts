import type { Directory, User } from './identities.ts';
import type { PolicyStatement } from './policy-document.ts';

/** Built-in policies that allow everything of a service. @see BUILT_IN_POLICIES */
const FULL = {
  csms: new Set(['CSMS FullAccess', 'CSMSFullAccessPolicy', 'DEW Console FullAccess']),
  kms: new Set(['KMS Administrator', 'KMS CMKFullAccess', 'DEW Console FullAccess']),
};

/** How many users have policies that allow less than everything on secrets and keys, or none. */
export function countNarrowUsers(directory: Directory): number {
  const users = [...directory.domains.keys()].flatMap((domainId) => directory.usersOf(domainId));
  return users.filter((user) => isNarrow(directory, user)).length;
}

function isNarrow({ policies }: Directory, user: User): boolean {
  const statements = user.policies.flatMap(({ name }) => policies.get(name)?.document.Statement ?? []);
  if (statements.some(({ Effect }) => Effect === 'Deny')) return true;
  const isFull = (service: keyof typeof FULL) =>
    user.policies.some(({ name }) => FULL[service].has(name)) ||
    statements.some((statement) => allowsAll(statement, service));
  return !isFull('csms') || !isFull('kms');
}

function allowsAll({ Action, Resource, NotResource, Condition }: PolicyStatement, service: string): boolean {
  const everywhere = (Resource === undefined || Resource.includes('*')) && NotResource === undefined;
  const everything = ['*', '*:*:*', `${service}:*:*`];
  return (
    everywhere && Condition === undefined && Action?.some((action) => everything.includes(action)) === true
  );
}
