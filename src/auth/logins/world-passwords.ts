import type { Clock } from '../../app/ports/deps.ts';
import { addressGroup } from '../../core/identity/address-group.ts';
import type { User, UserQuery } from '../identities/identities.ts';
import type { Found, Realms } from '../realm.ts';
import { createLoginGate } from './gate.ts';
import { createDigestMatcher, originOfDigest } from './password.ts';
import { principalOfUser } from './throttle.ts';

/** A password given for a user of any world. */
export interface WorldAttempt {
  readonly query: UserQuery;
  readonly password: string;
  /** Address of the peer. */
  readonly address: string;
}

/** Passwords of the worlds beside main, of which the process has digests. */
export interface WorldPasswords {
  /**
   * The user with this password in a world beside main, or else whom `inMain` finds there. Found nowhere, it counts as a
   * guess at each password that someone has chosen for the user in such a world. Throws throttled, and what `inMain` throws.
   */
  find(
    realms: Realms,
    attempt: WorldAttempt,
    inMain: () => Promise<Found | undefined>,
  ): Promise<Found | undefined>;
}

/**
 * Wrong passwords of a user and address before a chosen one is held back: more than the tests of one machine send, whose
 * own throttle is main's, and no more than a guesser should have.
 * @see NIST SP 800-63B, 5.2.2: at most 100 failures in a row
 */
export const GUESSES_MAX = 100;

/**
 * Creates the search with its own count of guesses. It is one for all worlds beside main, because a wrong password says
 * of none that it was meant for it. A password that was made at random is let in whatever was counted: nobody guesses one.
 * @see docs/adr/0068-throttles-of-worlds.md
 */
export function createWorldPasswords({ clock }: { readonly clock: Clock }): WorldPasswords {
  const gate = createLoginGate({ clock, failuresMax: GUESSES_MAX });
  return {
    async find(realms, attempt, inMain) {
      const { found, guessed } = search(realms, attempt);
      if (found !== undefined && originOfDigest(found.user.passwordHash) === 'random') return found;
      const user = found?.user ?? guessed;
      if (user === undefined) return inMain();
      const counted = { principal: principalOfUser(user), address: addressGroup(attempt.address) };
      let outcome = Promise.resolve(found);
      // Only its own refusal ends an attempt without a count: one that main holds back has been answered, too.
      await gate.pass(
        counted,
        async () => {
          if (found === undefined) outcome = inMain();
          return outcome.then(isPresent, () => false);
        },
        'kept',
      );
      return outcome;
    },
  };
}

/** Whose password it is beside main, and one whose chosen password it is not. */
function search(
  { all, main }: Realms,
  { query, password }: WorldAttempt,
): { readonly found?: Found; readonly guessed?: User | undefined } {
  const matches = createDigestMatcher(password);
  let guessed: User | undefined;
  for (const realm of all()) {
    const user = realm === main ? undefined : realm.directory().findUser(query);
    if (user === undefined) continue;
    if (matches(user.passwordHash)) return { found: { user, realm } };
    if (originOfDigest(user.passwordHash) === 'chosen') guessed ??= user;
  }
  return { guessed };
}

const isPresent = (found: Found | undefined) => found !== undefined;
