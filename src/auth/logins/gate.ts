import type { Clock } from '../../app/ports/deps.ts';
import { attemptKey, createLoginThrottle, type LoginAttempt } from './throttle.ts';

/** The checks of one user and address without an outcome yet, and the attempts that wait for it. */
interface OpenChecks {
  count: number;
  readonly wake: Set<() => void>;
}

/** Lets attempts to log in through, one after the other or at once. */
export type LoginGate = ReturnType<typeof createLoginGate>;

/**
 * Creates a gate with its own throttle. `failuresMax` as the throttle's. An attempt counts from its beginning; one that would be too many while others
 * have no outcome yet waits for theirs, since all of them may be right: programs that start together log in together.
 * @see docs/behaviour/logins.md
 */
export function createLoginGate(input: { readonly clock: Clock; readonly failuresMax?: number }) {
  const throttle = createLoginThrottle(input);
  const open = new Map<string, OpenChecks>();

  /** False when it has to wait for the outcome of others. Throws throttled. */
  function begin(attempt: LoginAttempt, key: string): boolean {
    try {
      throttle.begin(attempt);
      return true;
    } catch (error) {
      if (open.has(key)) return false;
      throw error;
    }
  }

  function nextOutcome(key: string): Promise<void> {
    return new Promise((resolve) => open.get(key)?.wake.add(resolve));
  }

  function enter(key: string): () => void {
    const checks = open.get(key) ?? { count: 0, wake: new Set() };
    checks.count += 1;
    open.set(key, checks);
    return () => {
      checks.count -= 1;
      if (checks.count === 0) open.delete(key);
      for (const resolve of checks.wake) resolve();
      checks.wake.clear();
    };
  }

  return {
    /**
     * Runs the check, unless too many attempts of this user and address have failed, and returns its result: whether the
     * password was right; that resets the failures unless they are `kept`. A check that throws does not count. Throws
     * throttled.
     */
    async pass(attempt: LoginAttempt, check: () => Promise<boolean>, failures?: 'kept'): Promise<boolean> {
      const key = attemptKey(attempt);
      while (!begin(attempt, key)) await nextOutcome(key);
      const leave = enter(key);
      try {
        const isRight = await check();
        if (isRight && failures === 'kept') throttle.withdraw(attempt);
        else if (isRight) throttle.succeed(attempt);
        return isRight;
      } catch (error) {
        throttle.withdraw(attempt);
        throw error;
      } finally {
        leave();
      }
    },
  };
}
