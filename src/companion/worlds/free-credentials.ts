import { createDigestMatcher, verifyPassword } from '../../auth/logins/password.ts';
import { ControlError } from '../control/control-error.ts';
import type { GivenForkCredentials } from './forks.ts';
import type { TestWorld } from './test-world.ts';

type Holder = Pick<TestWorld, 'name' | 'users'>;

/**
 * Checks credentials that a caller has chosen for the first user of a new world: a request finds its world by them alone,
 * so no other world may have the access key, or the password for a user of the same name.
 * Rejects with ControlError (credentials-taken).
 */
export async function requireFreeCredentials(
  holders: () => readonly Holder[],
  main: Holder,
  { ak, password }: GivenForkCredentials,
): Promise<void> {
  const user = main.users.list()[0]?.user;
  const phc = user && main.users.directory().findUserById(user.id)?.passwordHash;
  // The one check that takes long comes first: nothing is to come between the others and the new world.
  const isMains = phc !== undefined && password !== undefined && (await verifyPassword(phc, password));
  if (ak !== undefined) requireFreeKey(holders(), ak, 'credentials.ak');
  if (password === undefined || user === undefined) return;
  const matches = createDigestMatcher(password);
  const isTaken = holders().some((holder) => {
    const other = holder.users.directory().findUserById(user.id);
    return matches(other?.passwordHash ?? '');
  });
  if (isMains || isTaken) throw taken('credentials.password');
}

/** Checks that none of the worlds has the access key. `member` begins the message. Throws ControlError (credentials-taken). */
export function requireFreeKey(holders: readonly Holder[], accessKeyId: string, member: string): void {
  const isTaken = holders.some(({ users }) => users.directory().findAccessKey(accessKeyId) !== undefined);
  if (isTaken) throw taken(member);
}

function taken(member: string): ControlError {
  return new ControlError('credentials-taken', `${member} is that of another world`);
}
