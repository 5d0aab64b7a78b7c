import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../app/ports/deps.ts';
import { addressGroup } from '../../core/identity/address-group.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { createLoginGate } from './gate.ts';
import { createDigestMatcher, SCRYPT_COST, type ScryptCost, verifyPassword } from './password.ts';
import { createLoginQueue, type LoginQueue } from './queue.ts';
import { attemptKey, createBuckets, LOGIN_WINDOW_MS, THROTTLE_ENTRIES_MAX } from './throttle.ts';
import { createWorldPasswords, type WorldPasswords } from './world-passwords.ts';

/** A password given for a name. */
export interface PasswordAttempt {
  /** The user as far as it is known: its id, or the names as typed. */
  readonly principal: string;
  /** Address of the peer. */
  readonly address: string;
  /** PHC string, or a digest of this process; undefined when there is no such user, or none with a password. */
  readonly phc: string | undefined;
  readonly password: string;
}

/** Checks passwords: the one way in for logins and for changes of a password. */
export interface PasswordChecker extends WorldPasswords {
  /**
   * True when the password is the one that was hashed. The time of a refusal does not reveal whether the user exists.
   * Throws throttled.
   */
  check(attempt: PasswordAttempt): Promise<boolean>;
}

/** What a checker works with. */
export interface PasswordCheckerDeps {
  readonly clock: Clock;
  /** The costs of the present hashes, so that an unknown name takes as long as a user. */
  readonly costs: () => readonly ScryptCost[];
  readonly queue?: LoginQueue;
  /** Hashes and compares; default `verifyPassword`. */
  readonly verify?: typeof verifyPassword;
  /** Waits so many milliseconds; default a timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Failed logins of one address in LOGIN_WINDOW_MS for which unknown names are still hashed. */
export const HASHED_FAILURES_MAX = 30;
/** Then a refusal comes this long after the request, for any name. */
export const REFUSAL_DELAY_MS = 1_000;

/**
 * Creates a checker. While the server is idle, an unknown name costs as much as some user's hash, always the same one, so
 * that costs are spread over such names as over users. When many logins from the address have failed, or all places for
 * hashing are in use, it costs none: all refusals then come after the same delay, and only existing users wait in the
 * queue. @see docs/behaviour/logins.md
 */
export function createPasswordChecker(deps: PasswordCheckerDeps): PasswordChecker {
  const { clock, costs, queue = createLoginQueue(), verify = verifyPassword, wait = delay } = deps;
  const gate = createLoginGate({ clock });
  const hashed = createBuckets({
    clock,
    intervalMs: LOGIN_WINDOW_MS / HASHED_FAILURES_MAX,
    burst: HASHED_FAILURES_MAX,
  });
  const familiar = createBoundedMap<string, true>(THROTTLE_ENTRIES_MAX);
  const standInKey = createSecretKey(randomBytes(32));

  /** Chosen by the name, unpredictably. */
  function standIn(principal: string, all: readonly ScryptCost[]): ScryptCost {
    const digest = createHmac('sha256', standInKey).update(principal).digest();
    return all[digest.readUInt32BE() % all.length] ?? SCRYPT_COST;
  }

  async function checkInTurn({
    principal,
    address: group,
    phc,
    password,
  }: PasswordAttempt): Promise<boolean> {
    // Decided before it matters whom it is for: otherwise the time would reveal that.
    const isBusy = queue.isBusy();
    const isHashed = !isBusy && hashed.take(group) === 0;
    const refusalDue = isHashed ? undefined : wait(REFUSAL_DELAY_MS);
    const pair = attemptKey({ principal, address: group });
    const claimant = { group, member: principal, isFamiliar: familiar.get(pair) === true };
    let isRight = false;
    if (isHashed || phc !== undefined)
      isRight = await queue.run(claimant, () => verify(phc, password, standIn(principal, costs())));
    if (!isRight) {
      await refusalDue;
      return false;
    }
    if (isHashed) hashed.putBack(group);
    familiar.set(pair, true);
    return true;
  }

  return {
    check(attempt) {
      const counted = { ...attempt, address: addressGroup(attempt.address) };
      const isKnown = createDigestMatcher(attempt.password)(attempt.phc);
      return gate.pass(counted, async () => isKnown || checkInTurn(counted));
    },
    ...createWorldPasswords({ clock }),
  };
}
