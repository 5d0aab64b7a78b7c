import { createDirectoryBuilder } from '../../auth/identities/directory.ts';
import type { Directory, Policy, User } from '../../auth/identities/identities.ts';
import { createCredentials, type GivenCredentials } from '../../auth/identities/new-credentials.ts';
import { digestPassword } from '../../auth/logins/password.ts';
import { createRequestKey } from '../../auth/signatures/algorithms.ts';
import { ALPHANUMERICS, randomText } from '../../std/random-text.ts';

/** A user with the credentials of one world in plaintext; null where there are none, or the server does not know them. */
export interface KnownUser {
  readonly user: User;
  readonly ak: string | null;
  readonly sk: string | null;
  readonly password: string | null;
}

/** A user who is added to a world, in the domain and the projects of its first user. */
export interface AddedUser {
  /** A user of this name who is there already keeps the own one. */
  readonly id: string;
  readonly name: string;
  /** Both or neither. */
  readonly ak: string | undefined;
  readonly sk: string | undefined;
  /** Absent: no logins. */
  readonly password: string | undefined;
  /** Nobody has chosen it, so nobody can guess it. */
  readonly isPasswordRandom?: boolean;
  /** Names of policies. */
  readonly policies: readonly string[];
}

/** The users of one world. */
export interface WorldUsers {
  /** Goes into the tokens of these users; those of a former world of the same name and passwords had another one. */
  readonly nonce: string;
  directory(): Directory;
  /** The first one is who the world's `credentials` are of. */
  list(): readonly KnownUser[];
  /** Adds users, or replaces those of the same names, until the process ends or `clear`. */
  add(users: readonly AddedUser[], policies?: readonly Policy[]): void;
  /** Removes those that were added. */
  clear(): void;
  /** The same users with other keys and passwords; `given` is for the first one. */
  fork(given?: GivenCredentials): WorldUsers;
}

/** The password of a user of the identities file, as far as it is known. */
export type PasswordOf = (user: User) => string | undefined;

/** The scope of a policy without one. */
const EVERYWHERE = { projectIds: undefined, enterpriseProjectIds: undefined };

/** Whom a world has without those that are added. */
interface Origin {
  readonly directory: Directory;
  list(): readonly KnownUser[];
}

/** One for all worlds: a login then costs one digest, and each world a comparison. */
const SALT = randomText(22, ALPHANUMERICS);

/**
 * Creates the users of main: those of the identities file as it is at present. `passwordOf` returns what is known of their
 * passwords.
 */
export function createMainUsers(directory: () => Directory, passwordOf: PasswordOf): WorldUsers {
  return createWorldUsers('', () => {
    const present = directory();
    return { directory: present, list: () => usersOf(present, passwordOf) };
  });
}

function createWorldUsers(nonce: string, origin: () => Origin): WorldUsers {
  const added = new Map<string, KnownUser>();
  const policies = new Map<string, Policy>();
  let made: { readonly of: Directory; readonly directory: Directory } | undefined;

  function list(): readonly KnownUser[] {
    const users = new Map(
      origin()
        .list()
        .map((known) => [known.user.id, known]),
    );
    for (const [id, known] of added) users.set(id, known);
    return [...users.values()];
  }

  function directory(): Directory {
    const { directory: of } = origin();
    if (added.size + policies.size === 0) return of;
    if (made?.of !== of) {
      made = {
        of,
        directory: directoryOf(of, [...added.values()], { keeps: true, policies: policies.values() }),
      };
    }
    return made.directory;
  }

  return {
    nonce,
    directory,
    list,
    add(users, more = []) {
      const first = list()[0]?.user;
      if (first === undefined) return;
      for (const user of users) {
        const present = origin().directory.findUser({ domainId: first.domainId, userName: user.name });
        const known = knownUser({ ...user, id: present?.id ?? user.id }, first);
        added.set(known.user.id, known);
      }
      for (const policy of more) policies.set(policy.name, policy);
      made = undefined;
    },
    clear() {
      added.clear();
      policies.clear();
      made = undefined;
    },
    fork: (given) => createForkUsers({ directory: directory(), list }, given),
  };
}

/** In the domain and the projects of the first user. */
function knownUser(added: AddedUser, first: User): KnownUser {
  const { ak, id, isPasswordRandom: isRandom = false, name, password, policies, sk } = added;
  const { domainId, domainName, projectIds, projects } = first;
  const passwordHash =
    password === undefined ? undefined : digestPassword(password, { salt: SALT, isRandom });
  const user: User = {
    id,
    name,
    domainId,
    domainName,
    isDisabled: false,
    // A seed describes test data. Users whose policies are to be tested are in the identities file.
    isUnrestricted: true,
    passwordHash,
    projectIds,
    projects,
    policies: policies.map((policy) => ({ name: policy, ...EVERYWHERE })),
    groups: [],
  };
  return { user, ak: ak ?? null, sk: sk ?? null, password: password ?? null };
}

function createForkUsers(of: Origin, given: GivenCredentials | undefined): WorldUsers {
  const users = of.list().map(({ user }, index): KnownUser => {
    const own = index === 0 ? given : undefined;
    const { accessKeyId, password, secretKey } = createCredentials(own);
    const isRandom = own?.password === undefined;
    return {
      user: { ...user, passwordHash: digestPassword(password, { salt: SALT, isRandom }) },
      ak: accessKeyId,
      sk: secretKey,
      password,
    };
  });
  const origin = { directory: directoryOf(of.directory, users), list: () => users };
  return createWorldUsers(randomText(22, ALPHANUMERICS), () => origin);
}

/** The directory with these users in it. `keeps`: beside those that it has, else in place of them. */
function directoryOf(
  directory: Directory,
  users: readonly KnownUser[],
  { keeps = false, policies = [] }: { readonly keeps?: boolean; readonly policies?: Iterable<Policy> } = {},
): Directory {
  const builder = createDirectoryBuilder();
  const isAdded = new Set(users.map(({ user }) => user.id));
  for (const domain of directory.domains.values()) {
    builder.addDomain(domain);
    if (keeps)
      for (const user of directory.usersOf(domain.id)) if (!isAdded.has(user.id)) builder.addUser(user);
  }
  if (keeps) {
    const others = [...directory.accessKeys.values()].filter(({ user }) => !isAdded.has(user.id));
    for (const accessKey of others) builder.addAccessKey(accessKey);
  }
  for (const { ak, sk, user } of users) {
    builder.addUser(user);
    if (ak === null || sk === null) continue;
    builder.addAccessKey({ user, key: createRequestKey({ accessKeyId: ak, secretKey: sk }) });
  }
  for (const policy of [...directory.policies.values(), ...policies]) builder.addPolicy(policy);
  for (const provider of directory.providers.values()) builder.addProvider(provider);
  return builder.build(directory);
}

/** The users of a directory, disabled ones left out, each with the first of its keys; whose password is known comes first. */
function usersOf({ accessKeys, domains, usersOf: ofDomain }: Directory, passwordOf: PasswordOf): KnownUser[] {
  const keys = new Map([...accessKeys.values()].reverse().map(({ key, user }) => [user.id, key]));
  const users = [...domains.keys()]
    .flatMap((id) => ofDomain(id))
    .filter(({ isDisabled }) => !isDisabled)
    .map((user): KnownUser => {
      const key = keys.get(user.id);
      return {
        user,
        ak: key?.accessKeyId ?? null,
        sk: key?.secret.export().toString() ?? null,
        password: passwordOf(user) ?? null,
      };
    });
  const rank = ({ ak, password }: KnownUser) => (password !== null ? 0 : ak !== null ? 1 : 2);
  return users.sort((one, other) => rank(one) - rank(other));
}
