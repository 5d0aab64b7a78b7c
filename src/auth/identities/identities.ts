import type { Federation } from '../../app/ports/deps.ts';
import { type IdentityProvider, ruleOf } from '../federation/providers.ts';
import { costOf, type ScryptCost } from '../logins/password.ts';
import type { RequestKey } from '../signatures/algorithms.ts';
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

/** A policy of the identities file; built-in ones have only a name. */
export interface Policy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** A user who may call the API. */
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
  readonly key: RequestKey;
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
  readonly providers?: readonly IdentityProvider[];
}

/** Whom credentials are for. */
export interface PrincipalQuery {
  readonly userId: string;
  readonly federation?: Federation | undefined;
}

/** All identities of one reading of the file; immutable, so a reload replaces it as a whole. */
export interface Directory {
  /** By id. */
  readonly domains: ReadonlyMap<string, Domain>;
  /** By name; built-in policies are not among them. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** By id. */
  readonly providers: ReadonlyMap<string, IdentityProvider>;
  /** What each of the passwords' hashes costs. */
  readonly passwordCosts: readonly ScryptCost[];
  /** By id. */
  readonly accessKeys: ReadonlyMap<string, AccessKey>;
  findAccessKey(accessKeyId: string): AccessKey | undefined;
  findUser(query: UserQuery): User | undefined;
  findUserById(userId: string): User | undefined;
  /** Whom credentials are for at present; undefined: nobody any more. */
  findPrincipal(query: PrincipalQuery): User | undefined;
  /** In the order of the file. */
  usersOf(domainId: string): readonly User[];
}

/** Policies that need no document in the file. @see DEW user guide, permissions */
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

/** Builds the look-ups; the contents must be consistent, as `parseIdentities` makes them. */
export function createDirectory(contents: DirectoryContents): Directory {
  const builder = createDirectoryBuilder();
  for (const domain of contents.domains) builder.addDomain(domain);
  for (const policy of contents.policies) builder.addPolicy(policy);
  for (const user of contents.users) builder.addUser(user);
  for (const provider of contents.providers ?? []) builder.addProvider(provider);
  for (const accessKey of contents.accessKeys) builder.addAccessKey(accessKey);
  return builder.build();
}

/** Starts an empty directory that collects identities one by one, so that many need not be collected in one step. */
export function createDirectoryBuilder() {
  const domains = new Map<string, Domain>();
  const domainIds = new Map<string, string>();
  const policies = new Map<string, Policy>();
  const accessKeys = new Map<string, AccessKey>();
  const providers = new Map<string, IdentityProvider>();
  const users = new Map<string, User>();
  const usersByName = new Map<string, User>();
  const usersByDomain = new Map<string, User[]>();
  const passwordCosts: ScryptCost[] = [];

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

  return {
    addDomain(domain: Domain): void {
      domains.set(domain.id, domain);
      domainIds.set(domain.name, domain.id);
    },
    addPolicy: (policy: Policy) => void policies.set(policy.name, policy),
    addUser(user: User): void {
      users.set(user.id, user);
      usersByName.set(nameKey(user.domainId, user.name), user);
      const ofDomain = usersByDomain.get(user.domainId);
      if (ofDomain === undefined) usersByDomain.set(user.domainId, [user]);
      else ofDomain.push(user);
      const cost = costOf(user.passwordHash ?? '');
      if (cost !== undefined) passwordCosts.push(cost);
    },
    addProvider: (provider: IdentityProvider) => void providers.set(provider.id, provider),
    addAccessKey: (accessKey: AccessKey) => void accessKeys.set(accessKey.key.accessKeyId, accessKey),
    /** Ends the collection. */
    build: (): Directory =>
      Object.freeze({
        domains,
        policies,
        passwordCosts,
        accessKeys,
        providers,
        findAccessKey: (accessKeyId: string) => accessKeys.get(accessKeyId),
        findUser,
        findUserById: (userId: string) => users.get(userId),
        findPrincipal: (query: PrincipalQuery) => principalIn({ users, providers }, query),
        usersOf: (domainId: string) => usersByDomain.get(domainId) ?? [],
      }),
  };
}

function principalIn(
  { users, providers }: Pick<Directory, 'providers'> & { readonly users: ReadonlyMap<string, User> },
  { userId, federation }: PrincipalQuery,
): User | undefined {
  if (federation !== undefined && ruleOf(providers, federation)?.userId !== userId) return undefined;
  return users.get(userId);
}

function nameKey(domainId: string, userName: string): string {
  return `${domainId}\n${userName}`;
}
