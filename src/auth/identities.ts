import type { SigningKey } from './algorithms.ts';
import { costOf, type ScryptCost } from './password.ts';
import type { PolicyDocument } from './policy-document.ts';

/** An account. */
export interface Domain {
  readonly id: string;
  readonly name: string;
  readonly projects: readonly Project[];
}

/** A region's share of a domain. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
}

/** A policy of the identities file; built-in ones have a name only. */
export interface Policy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** Someone who calls. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly domainName: string;
  /** PHC string; undefined: no password logins. */
  readonly passwordHash: string | undefined;
  /** Names of policies of the file or of BUILT_IN_POLICIES. */
  readonly policies: readonly string[];
  /** The named projects, or all of the domain. */
  readonly projects: readonly Project[];
  readonly projectIds: ReadonlySet<string>;
}

/** An access key with its owner. */
export interface AccessKey {
  readonly key: SigningKey;
  readonly user: User;
}

/** Names one user: by id, or by name and domain. Every part that is given must fit. */
export interface UserQuery {
  readonly userId?: string | undefined;
  readonly userName?: string | undefined;
  readonly domainId?: string | undefined;
  readonly domainName?: string | undefined;
}

/** What a directory is made of: names resolved, ids distinct. */
export interface DirectoryContents {
  readonly domains: readonly Domain[];
  readonly users: readonly User[];
  readonly accessKeys: readonly AccessKey[];
  readonly policies: readonly Policy[];
}

/** All identities of one reading of the file; immutable, so a reload replaces it as a whole. */
export interface Directory {
  /** By id. */
  readonly domains: ReadonlyMap<string, Domain>;
  /** By name; built-in policies are not among them. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** What each of the passwords' hashes costs. */
  readonly passwordCosts: readonly ScryptCost[];
  findAccessKey(accessKeyId: string): AccessKey | undefined;
  findUser(query: UserQuery): User | undefined;
  findUserById(userId: string): User | undefined;
  projectsOf(user: User): readonly Project[];
  /** In the order of the file. */
  usersOf(domainId: string): readonly User[];
}

/** Policies that need no document in the file. @see api-extended.md 5.9 */
export const BUILT_IN_POLICIES: ReadonlySet<string> = new Set([
  'CSMS FullAccess',
  'CSMS ReadOnlyAccess',
  'CSMSFullAccessPolicy',
  'CSMSReadOnlyPolicy',
  'DEW Console FullAccess',
  'DEW KeypairFullAccess',
  'DEW KeypairReadOnlyAccess',
  'KMS Administrator',
  'KMS CMK Admin',
  'KMS CMKFullAccess',
  'KMS CMKReadOnlyAccess',
  'KMSReadOnlyPolicy',
]);

/** Builds the look-ups. Pure; the contents must be consistent, as `parseIdentities` makes them. */
export function createDirectory(contents: DirectoryContents): Directory {
  const domains = new Map(contents.domains.map((domain) => [domain.id, domain]));
  const domainIds = new Map(contents.domains.map((domain) => [domain.name, domain.id]));
  const policies = new Map(contents.policies.map((policy) => [policy.name, policy]));
  const accessKeys = new Map(contents.accessKeys.map((accessKey) => [accessKey.key.accessKeyId, accessKey]));
  const users = new Map(contents.users.map((user) => [user.id, user]));
  const usersByName = new Map(contents.users.map((user) => [nameKey(user.domainId, user.name), user]));

  function findUser(query: UserQuery): User | undefined {
    const { userId, userName, domainId, domainName } = query;
    const domain = domainId ?? (domainName === undefined ? undefined : domainIds.get(domainName));
    const named = domain === undefined ? undefined : usersByName.get(nameKey(domain, userName ?? ''));
    const user = userId === undefined ? named : users.get(userId);
    if (user === undefined) return undefined;
    const fits =
      (userName ?? user.name) === user.name &&
      (domainId ?? user.domainId) === user.domainId &&
      (domainName ?? user.domainName) === user.domainName;
    return fits ? user : undefined;
  }

  return Object.freeze({
    domains,
    policies,
    passwordCosts: contents.users.flatMap(({ passwordHash = '' }) => costOf(passwordHash) ?? []),
    findAccessKey: (accessKeyId: string) => accessKeys.get(accessKeyId),
    findUser,
    findUserById: (userId: string) => users.get(userId),
    projectsOf: (user: User) => user.projects,
    usersOf: (domainId: string) => contents.users.filter((user) => user.domainId === domainId),
  });
}

function nameKey(domainId: string, userName: string): string {
  return `${domainId}\n${userName}`;
}
