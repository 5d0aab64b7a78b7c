import type { Caller, Users, UserView } from '../../app/ports/deps.ts';
import { invalidParameter, SecretError } from '../../core/errors.ts';
import { rateStrength } from '../../core/secrets/strength.ts';
import { LOGIN_LIMITS } from '../logins/login.ts';
import { hashPassword, isPasswordHash } from '../logins/password.ts';
import type { HashChange } from '../logins/password-change.ts';
import type { PasswordChecker } from '../logins/password-checker.ts';
import { principalOfUser } from '../logins/throttle.ts';
import { type Realms, worldOf } from '../realm.ts';
import type { User } from './identities.ts';

/** Called with a new password, to store it where its user finds it (dev). */
export type PasswordChanged = (change: {
  readonly userId: string;
  readonly password: string;
  readonly hash: string;
}) => void;

/** What the view of the users works with. */
export interface UsersDeps {
  readonly realms: Realms;
  readonly passwords: PasswordChecker;
  /** Stores the hash durably and puts it in force. Rejects with password-fixed when that is not possible here. */
  replaceHash(change: HashChange): Promise<void>;
  /** Called once a new password is in force. */
  readonly passwordChanged?: PasswordChanged | undefined;
}

/** Creates the view of the users of the identities. Callers see only their own domain. @see docs/behaviour/users.md */
export function createUsers(deps: UsersDeps): Users {
  return {
    list(caller, { search = '', domainId = caller.domainId, page, limit }) {
      const wanted = search.toLowerCase();
      const directory = worldOf(deps.realms, caller).directory();
      const own = domainId === caller.domainId ? directory.usersOf(domainId) : [];
      const found = own.filter(({ name }) => name.toLowerCase().includes(wanted));
      return { total: found.length, users: found.slice(page * limit, (page + 1) * limit).map(viewOf) };
    },
    show(caller, userId) {
      const user = worldOf(deps.realms, caller).directory().findMember(userId);
      if (user?.domainId !== caller.domainId) throw new SecretError('resource-not-found');
      return viewOf(user);
    },
    async changePassword(caller, { oldPassword, newPassword, address }) {
      requireGoodPassword(newPassword, oldPassword);
      const before = presentHash(deps, caller);
      await checkOldPassword(deps, caller, { before, oldPassword, address });
      await requireFreePassword(deps, caller, { password: newPassword, address });
      const after = await hashPassword(newPassword);
      await deps.replaceHash({ userId: caller.userId, before, after });
      deps.passwordChanged?.({ userId: caller.userId, password: newPassword, hash: after });
    },
  };
}

function viewOf({ id, name, domainId, isDisabled }: User): UserView {
  return { id, name, domainId, isDisabled };
}

/** Only the main world has passwords, in its file. */
function presentHash({ realms: { main } }: UsersDeps, { userId, world }: Caller): string {
  if (world !== main.world) throw new SecretError('password-fixed', 'This password cannot be changed.');
  const hash = main.directory().findUserById(userId)?.passwordHash;
  if (hash === undefined) throw new SecretError('password-fixed', 'This user has no password.');
  if (isPasswordHash(hash)) return hash;
  throw new SecretError('password-fixed', 'This password cannot be changed.');
}

/** A wrong one counts as a failed login: otherwise this would bypass the throttle. */
async function checkOldPassword(
  { passwords }: UsersDeps,
  { domainId, userName: name }: Caller,
  given: { readonly before: string; readonly oldPassword: string; readonly address: string },
): Promise<void> {
  const { before: phc, oldPassword: password, address } = given;
  const principal = principalOfUser({ domainId, name });
  if (await passwords.check({ principal, address, phc, password })) return;
  throw invalidParameter('old_password', 'is not the present password');
}

/**
 * A login finds its world by the password, so with that of another one it would lead there. What is refused here is known
 * to be right, so all that are tried count as guesses.
 */
async function requireFreePassword(
  { passwords, realms }: UsersDeps,
  { userId }: Caller,
  given: { readonly password: string; readonly address: string },
): Promise<void> {
  const found = await passwords.find(realms, { query: { userId }, ...given }, async () => undefined);
  if (found !== undefined) throw invalidParameter('password', 'is that of the user in another world');
}

function requireGoodPassword(password: string, oldPassword: string): void {
  const isPossible = password.isWellFormed() && password.length <= LOGIN_LIMITS.password;
  if (!isPossible || rateStrength(password).strength === 'weak') {
    throw invalidParameter('password', 'must be hard to guess: 8 characters or more, of several kinds');
  }
  if (password === oldPassword) throw invalidParameter('password', 'must be another one than old_password');
}
