import { createFederatedSearch } from '../federation/members.ts';
import type { IdentityProvider } from '../federation/providers.ts';
import { costOf, type ScryptCost } from '../logins/password.ts';
import type {
  AccessKey,
  AccessKeyEntry,
  Directory,
  DirectoryContents,
  Domain,
  Group,
  Policy,
  PrincipalQuery,
  User,
  UserQuery,
} from './identities.ts';

/** What is enough of a file's contents; policies count unless it says otherwise. */
type Contents = Pick<DirectoryContents, 'domains' | 'policies' | 'users'> &
  Partial<Pick<DirectoryContents, 'providers' | 'usesPolicies'>> & {
    readonly accessKeys: readonly Pick<AccessKeyEntry, 'key' | 'user'>[];
  };

/** Builds the look-ups; the contents must be consistent, as `readIdentities` makes them. */
export function createDirectory(contents: Contents): Directory {
  const builder = createDirectoryBuilder();
  for (const domain of contents.domains) builder.addDomain(domain);
  for (const policy of contents.policies) builder.addPolicy(policy);
  for (const user of contents.users) builder.addUser(user);
  for (const provider of contents.providers ?? []) builder.addProvider(provider);
  for (const { key, user } of contents.accessKeys) if (key !== undefined) builder.addAccessKey({ key, user });
  return builder.build(contents);
}

/** Starts an empty directory that collects identities one by one, so that many need not be collected in one step. */
export function createDirectoryBuilder() {
  const domains = new Map<string, Domain>();
  const policies = new Map<string, Policy>();
  const accessKeys = new Map<string, AccessKey>();
  const providers = new Map<string, IdentityProvider>();
  const members = new Map<string, User>();
  const usersByName = new Map<string, User>();
  const usersByDomain = new Map<string, User[]>();
  const passwordCosts: ScryptCost[] = [];
  const usersByCertificate = new Map<string, User>();

  return {
    /** Its groups may still grow until the end. */
    addDomain: (domain: Domain) => void domains.set(domain.id, domain),
    addPolicy: (policy: Policy) => void policies.set(policy.name, policy),
    addUser(user: User): void {
      members.set(user.id, user);
      const ofDomain = usersByDomain.get(user.domainId);
      if (ofDomain === undefined) usersByDomain.set(user.domainId, [user]);
      else ofDomain.push(user);
      if (user.isDisabled) return;
      usersByName.set(nameKey(user.domainId, user.name), user);
      for (const name of namesAlone(user)) usersByCertificate.set(name, user);
      const cost = costOf(user.passwordHash ?? '');
      if (cost !== undefined) passwordCosts.push(cost);
    },
    addProvider: (provider: IdentityProvider) => void providers.set(provider.id, provider),
    /** One that is in use: neither it nor its user is disabled. */
    addAccessKey: (accessKey: AccessKey) => void accessKeys.set(accessKey.key.accessKeyId, accessKey),
    /** Ends the collection. */
    build({ usesPolicies = true }: Partial<Pick<Directory, 'usesPolicies'>> = {}): Directory {
      const findEnabled = (userId: string) => {
        const user = members.get(userId);
        return user?.isDisabled === false ? user : undefined;
      };
      const findFederated = createFederatedSearch({ domains, providers, findEnabled });
      return Object.freeze({
        domains,
        policies,
        passwordCosts,
        accessKeys,
        providers,
        usesPolicies,
        findAccessKey: (accessKeyId: string) => accessKeys.get(accessKeyId),
        findUser: createUserSearch({ domains, usersByName, findEnabled }),
        findUserById: findEnabled,
        findPrincipal({ federation, userId }: PrincipalQuery) {
          if (federation === undefined) return findEnabled(userId);
          const user = findFederated(federation);
          return user?.id === userId ? user : undefined;
        },
        findFederated,
        findByCertificate: (names: readonly string[]) => onlyOneOf(usersByCertificate, names),
        findMember: (userId: string) => members.get(userId),
        usersOf: (domainId: string) => usersByDomain.get(domainId) ?? [],
        ...createGroupSearch(domains.values()),
      });
    },
  };
}

function createUserSearch(index: {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly usersByName: ReadonlyMap<string, User>;
  findEnabled(userId: string): User | undefined;
}) {
  const domainIds = new Map([...index.domains.values()].map(({ id, name }) => [name, id]));
  return ({ userId, userName, domainId, domainName }: UserQuery): User | undefined => {
    const domain = domainId ?? (domainName === undefined ? undefined : domainIds.get(domainName));
    const named = domain === undefined ? undefined : index.usersByName.get(nameKey(domain, userName ?? ''));
    const user = userId === undefined ? named : index.findEnabled(userId);
    if (user === undefined) return undefined;
    const fits =
      (userName ?? user.name) === user.name &&
      (domainId ?? user.domainId) === user.domainId &&
      (domainName ?? user.domainName) === user.domainName;
    return fits ? user : undefined;
  };
}

function createGroupSearch(domains: Iterable<Domain>): Pick<Directory, 'findGroup' | 'findGroupByName'> {
  const groups = new Map<string, Group>();
  const byName = new Map<string, Group>();
  for (const group of [...domains].flatMap((domain) => domain.groups)) {
    groups.set(group.id, group);
    byName.set(nameKey(group.domainId, group.name), group);
  }
  return {
    findGroup: (groupId) => groups.get(groupId),
    findGroupByName: (domainId, name) => byName.get(nameKey(domainId, name)),
  };
}

/** What a certificate has to have to be enough for the user. */
function namesAlone({ certificates }: User): readonly string[] {
  return certificates?.isRequired === false ? certificates.names : [];
}

/** Undefined when the names lead to several: which of them calls would be a guess. */
function onlyOneOf(users: ReadonlyMap<string, User>, names: readonly string[]): User | undefined {
  const found = new Set(names.map((name) => users.get(name)).filter((user) => user !== undefined));
  return found.size === 1 ? [...found][0] : undefined;
}

function nameKey(domainId: string, name: string): string {
  return `${domainId}\n${name}`;
}
