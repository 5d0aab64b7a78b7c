import { randomBytes } from 'node:crypto';
import type { DirectoryContents, Domain, User } from '../auth/identities/identities.ts';
import { BUILT_IN_POLICIES } from '../auth/identities/identities.ts';
import { type NewKey, withDisabledKey, withKey, withUser } from '../auth/identities/identity-edit.ts';
import { createCredentials } from '../auth/identities/new-credentials.ts';
import { NAME } from '../auth/identities/text-rules.ts';
import { hashPassword } from '../auth/logins/password.ts';
import type { CommandInput } from './command-input.ts';
import { UsageError } from './flags.ts';
import { readPassword } from './hash-password.ts';
import { changeIdentities, isOtherwiseSame } from './identities-change.ts';
import { identitiesFileOf } from './identities-file.ts';
import { findDomain, findUser } from './named-identity.ts';
import { printToStderr } from './standard-streams.ts';

/** Adds a user with one access key. Throws UsageError for names that are taken or unknown, and what the change throws. */
export async function addUser({ env, flags }: CommandInput, name: string) {
  if (!NAME.pattern.test(name)) throw new UsageError(`the name must be ${NAME.rule}`);
  const file = identitiesFileOf(env);
  const key = createKey();
  const passwordHash = flags.has('password-stdin') ? await hashPassword(readPassword()) : undefined;
  const named = (flag: string) =>
    flags
      .get(flag)
      ?.split(',')
      .filter((entry) => entry !== '');
  const user = {
    id: randomBytes(16).toString('hex'),
    name,
    passwordHash,
    groups: named('groups') ?? [],
    policies: named('policies') ?? [],
    projects: named('projects'),
    key,
  };
  let domain: Domain | undefined;
  await changeIdentities(file, env, {
    ...key,
    edit(text, contents) {
      domain = findDomain(contents, flags.get('domain'));
      requireNames(contents, domain, user);
      if (!contents.usesPolicies && user.policies.length > 0)
        printToStderr(
          'csms-server: the first policies of this file: users without any can do nothing from now on\n',
        );
      return withUser({ file, text }, domain.id, user);
    },
    expect(before, after) {
      const found = after.users.find(({ id }) => id === user.id);
      const isLike =
        found?.name === name &&
        found.domainId === domain?.id &&
        found.passwordHash === passwordHash &&
        isSame(found.groups, user.groups) &&
        isSame(found.policies, user.policies) &&
        (user.projects === undefined || isSame(found.projects, user.projects));
      const mayUse = { usesPolicies: before.usesPolicies || user.policies.length > 0 };
      return (
        isLike &&
        isOtherwiseSame({ ...before, ...mayUse }, after, { keys: [key.accessKeyId], userId: user.id })
      );
    },
  });
  return { user_id: user.id, name, domain: domain?.name, ...shown(key) };
}

/** Adds an access key to a user. Throws UsageError for an unknown one, and what the change throws. */
export async function addKey({ env, flags }: CommandInput, name: string) {
  const file = identitiesFileOf(env);
  const key = createKey();
  let user: User | undefined;
  await changeIdentities(file, env, {
    ...key,
    edit(text, contents) {
      user = findUser(contents, name, flags.get('domain'));
      return withKey({ file, text }, user.id, key);
    },
    expect: (before, after) =>
      ownerOf(after, key.accessKeyId)?.id === user?.id &&
      isOtherwiseSame(before, after, { keys: [key.accessKeyId] }),
  });
  return { user_id: user?.id, ...shown(key) };
}

/**
 * Adds an access key to the user who has another one, and with --disable disables that one. Throws UsageError for an
 * unknown key, and what the change throws.
 */
export async function rotateKey({ env, flags }: CommandInput, replaces: string) {
  const file = identitiesFileOf(env);
  const isDisabling = flags.has('disable');
  const key = createKey();
  let user: User | undefined;
  await changeIdentities(file, env, {
    ...key,
    edit(text, contents) {
      user = ownerOf(contents, replaces);
      if (user === undefined) throw new UsageError(`there is no access key ${replaces}`);
      const next = withKey({ file, text }, user.id, key);
      return isDisabling ? withDisabledKey({ file, text: next }, replaces) : next;
    },
    expect(before, after) {
      const old = after.accessKeys.find(({ accessKeyId }) => accessKeyId === replaces);
      const keys = isDisabling ? [key.accessKeyId, replaces] : [key.accessKeyId];
      const isOldLike = old?.user.id === user?.id && (!isDisabling || old?.key === undefined);
      return (
        ownerOf(after, key.accessKeyId)?.id === user?.id &&
        isOldLike &&
        isOtherwiseSame(before, after, { keys })
      );
    },
  });
  return { user_id: user?.id, ...shown(key), replaces };
}

function createKey(): NewKey & { readonly secretKey: string } {
  const { accessKeyId, secretKey } = createCredentials();
  return { accessKeyId, secretKey, secretFile: `${accessKeyId}.sk` };
}

function shown({ accessKeyId, secretKey }: ReturnType<typeof createKey>) {
  return { access_key: accessKeyId, secret_key: secretKey };
}

function ownerOf({ accessKeys }: DirectoryContents, wanted: string): User | undefined {
  return accessKeys.find(({ accessKeyId }) => accessKeyId === wanted)?.user;
}

function requireNames(
  { policies, users }: DirectoryContents,
  domain: Domain,
  given: Readonly<Record<'groups' | 'policies', readonly string[]>> & {
    readonly name: string;
    readonly projects: readonly string[] | undefined;
  },
): void {
  if (users.some(({ domainId, name }) => domainId === domain.id && name === given.name))
    throw new UsageError(`domain ${domain.name} has a user ${given.name} already`);
  const known = {
    group: { wanted: given.groups, names: domain.groups.map(({ name }) => name) },
    policy: { wanted: given.policies, names: [...BUILT_IN_POLICIES, ...policies.map(({ name }) => name)] },
    project: { wanted: given.projects ?? [], names: domain.projects.map(({ name }) => name) },
  };
  for (const [noun, { names, wanted }] of Object.entries(known)) {
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new UsageError(`there is no ${noun} ${unknown}`);
    if (new Set(wanted).size < wanted.length) throw new UsageError(`a ${noun} is given twice`);
  }
}

function isSame(found: readonly { readonly name: string }[], names: readonly string[]): boolean {
  return found.length === names.length && found.every(({ name }, index) => name === names[index]);
}
