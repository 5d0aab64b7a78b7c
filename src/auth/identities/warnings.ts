import { ACTIONS } from '../../core/policy/actions.ts';
import { decide } from '../../core/policy/decide.ts';
import { type Facts, UNKNOWN } from '../../core/policy/facts.ts';
import { DAY_MS } from '../../std/durations.ts';
import { policiesOf } from '../permissions.ts';
import type { Directory, DirectoryContents, User } from './identities.ts';
import { findUnknownActions, nearestAction } from './unknown-actions.ts';

/** Something in valid identities that is probably not meant so: a line of the log. */
export interface IdentityWarning {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What warnings need to know besides the identities. */
export interface WarningContext {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** When a file was last written, epoch milliseconds; undefined: nobody knows. */
  writtenAtMs(path: string): number | undefined;
}

/** Of one kind; more of them are only counted. */
const SHOWN_MAX = 10;
const KEY_DAYS_MAX = 365;
/** Those of a request of which nothing is known. */
const NO_FACTS: Facts = { region: '', domainId: '', value: () => UNKNOWN, tags: () => UNKNOWN };

/**
 * What is probably not meant so in valid identities: a file without policies, users who can do nothing, actions that do
 * not exist, administrators without keys, old keys. At most eleven warnings of a kind, none with a secret.
 * @see docs/adr/0078-warnings-about-identities.md
 */
export function identityWarnings(
  contents: DirectoryContents,
  context: WarningContext,
): readonly IdentityWarning[] {
  if (!contents.usesPolicies) {
    const message = 'the identities name no policies: every user may do everything in the own projects';
    return [{ message, fields: {} }, ...oldKeys(contents, context)];
  }
  return [
    ...bounded(contents.users.filter(isPowerless), (user) => ({
      message: 'this user has no policy and can do nothing',
      fields: namesOf(user),
    })),
    ...bounded(findUnknownActions(contents.policies), (found) => ({
      message: 'this policy names an action that does not exist',
      fields: { ...found, nearest: nearestAction(found.action) },
    })),
    ...bounded(keylessAdministrators(contents), (user) => ({
      message: 'this administrator has a password but no access key in use',
      fields: namesOf(user),
    })),
    ...oldKeys(contents, context),
  ];
}

function bounded<T>(found: readonly T[], warningOf: (one: T) => IdentityWarning): IdentityWarning[] {
  const shown = found.slice(0, SHOWN_MAX).map(warningOf);
  const more = found.length - shown.length;
  const [first] = shown;
  if (more === 0 || first === undefined) return shown;
  return [...shown, { message: `${first.message}: and more of them`, fields: { more } }];
}

function namesOf({ domainName: domain, name: user }: User) {
  return { user, domain };
}

function isPowerless({ groups, isDisabled, policies }: User): boolean {
  return (
    !isDisabled && [policies, ...groups.map((group) => group.policies)].every(({ length }) => length === 0)
  );
}

function keylessAdministrators({ accessKeys, policies, users }: DirectoryContents): User[] {
  const withKey = new Set(accessKeys.filter(({ key }) => key !== undefined).map(({ user }) => user));
  const directory = { policies: new Map(policies.map((policy) => [policy.name, policy])) };
  const keyless = users.filter((user) => user.passwordHash !== undefined && !withKey.has(user));
  return keyless.filter((user) => isAdministrator(directory, user));
}

/** One who may do everything to secrets and keys, whatever they are and in every project. */
function isAdministrator(directory: Pick<Directory, 'policies'>, user: User): boolean {
  const everywhere = (owner: Pick<User, 'policies'>) =>
    owner.policies.filter(({ projectIds }) => projectIds === undefined);
  const policies = policiesOf(directory, {
    ...user,
    policies: everywhere(user),
    groups: user.groups.map((group) => ({ ...group, policies: everywhere(group) })),
  });
  return [...ACTIONS.values()].every((action) => {
    const question = { action, projectId: undefined, path: undefined, facts: NO_FACTS };
    return action.service === 'cts' || decide(policies, question).kind === 'allowed';
  });
}

/** By the time of the file of the secret: nothing else knows it. */
function oldKeys({ accessKeys }: DirectoryContents, context: WarningContext): IdentityWarning[] {
  const aged = accessKeys.flatMap(({ accessKeyId: accessKey, key, secretFile, user }) => {
    if (key === undefined || secretFile === undefined) return [];
    const writtenAtMs = context.writtenAtMs(secretFile) ?? context.nowMs;
    const days = Math.floor((context.nowMs - writtenAtMs) / DAY_MS);
    return days > KEY_DAYS_MAX ? [{ accessKey, days, ...namesOf(user) }] : [];
  });
  return bounded(aged, (fields) => ({
    message: 'this access key is older than a year: csms-server identity rotate-key makes another one',
    fields,
  }));
}
