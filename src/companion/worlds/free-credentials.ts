import { createDigestMatcher, verifyPassword } from '../../auth/logins/password.ts';
import { ControlError } from '../control/control-error.ts';
import type { GivenForkCredentials } from './forks.ts';
import type { TestWorld } from './test-world.ts';

type Holder = Pick<TestWorld, 'name' | 'users'>;

/**
 * Checks that a password which is chosen for the first user of a new world is not that of main: it is the one check that
 * takes long. Rejects with ControlError (credentials-taken).
 */
export async function requireOtherThanMains(
  { users }: Holder,
  { password }: GivenForkCredentials,
): Promise<void> {
  const user = users.list()[0]?.user;
  const phc = user && users.directory().findUserById(user.id)?.passwordHash;
  if (phc === undefined || password === undefined) return;
  if (await verifyPassword(phc, password)) throw taken('credentials.password');
}

/**
 * Checks credentials that are chosen for the first user of a new world: a request finds its world by them alone, so no
 * other world may have the access key, or the password for the same user. At once: nothing is to come between this and
 * the new world. Throws ControlError (credentials-taken).
 */
export function requireFreeCredentials(
  holders: readonly Holder[],
  main: Holder,
  { ak, password }: GivenForkCredentials,
): void {
  const hasKey = ({ users }: Holder) => ak !== undefined && users.directory().findAccessKey(ak) !== undefined;
  if (holders.some(hasKey)) throw taken('credentials.ak');
  const user = main.users.list()[0]?.user;
  if (password === undefined || user === undefined) return;
  const matches = createDigestMatcher(password);
  const isTaken = holders.some(({ users }) => matches(users.directory().findUserById(user.id)?.passwordHash));
  if (isTaken) throw taken('credentials.password');
}

function taken(member: string): ControlError {
  return new ControlError('credentials-taken', `${member} is that of another world`);
}
