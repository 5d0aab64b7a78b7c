import { hash } from 'node:crypto';
import type { Clock } from '../../app/ports/deps.ts';
import { SecretError } from '../../core/errors.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import type { User } from '../identities/identities.ts';

/** Who tries to log in, and from where. */
export interface LoginAttempt {
  /** The user as far as it is known: its id, or the names as typed. */
  readonly principal: string;
  /** The group of addresses that count as one. */
  readonly address: string;
}

/** Failed logins in a row before the response is 429. @see docs/behaviour/logins.md */
export const LOGIN_FAILURES_MAX = 10;
/** As many more are admitted in this time, evenly, so that the right password always gets its turn. */
export const LOGIN_WINDOW_MS = 60_000;
const LOGIN_INTERVAL_MS = LOGIN_WINDOW_MS / LOGIN_FAILURES_MAX;
/** Principals that are kept; the least recently used makes room. */
export const THROTTLE_ENTRIES_MAX = 50_000;

/**
 * Creates buckets: each key may take `burst` at once, and one more in every interval. For each key only the time at which
 * its bucket would be full again is kept. A clock that is set back costs no more than an empty bucket. `intervalMs` > 0,
 * `burst` >= 1.
 */
export function createBuckets(input: {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly burst: number;
  readonly entriesMax?: number;
}) {
  const { clock, intervalMs, burst, entriesMax = THROTTLE_ENTRIES_MAX } = input;
  const fullAtMs = createBoundedMap<string, number>(entriesMax);
  return {
    /** Takes one and returns 0, or returns the milliseconds until there is one. */
    take(key: string): number {
      const nowMs = clock.nowMs();
      const missingMs = Math.min(Math.max(0, (fullAtMs.get(key) ?? nowMs) - nowMs), burst * intervalMs);
      const waitMs = missingMs - (burst - 1) * intervalMs;
      fullAtMs.set(key, nowMs + missingMs + (waitMs > 0 ? 0 : intervalMs));
      return Math.max(0, waitMs);
    },
    /** Returns one to the bucket. */
    putBack(key: string): void {
      const timeMs = fullAtMs.get(key);
      if (timeMs !== undefined) fullAtMs.set(key, timeMs - intervalMs);
    },
    /** As if nothing had been taken. */
    forget: fullAtMs.delete,
  };
}

/**
 * Creates a throttle of logins for each user and address: `failuresMax` failures (default LOGIN_FAILURES_MAX), then one
 * attempt in every LOGIN_WINDOW_MS / LOGIN_FAILURES_MAX. Attempts count when they begin, so that many at the same moment get no more tries
 * than one after the other.
 */
export function createLoginThrottle(input: {
  readonly clock: Clock;
  readonly failuresMax?: number;
  readonly entriesMax?: number;
}) {
  const { failuresMax = LOGIN_FAILURES_MAX, ...others } = input;
  const buckets = createBuckets({ ...others, burst: failuresMax, intervalMs: LOGIN_INTERVAL_MS });
  return {
    /** Counts the attempt as a failure until `succeed` or `withdraw`. Throws throttled when there are too many. */
    begin(attempt: LoginAttempt): void {
      refuseFor(buckets.take(attemptKey(attempt)), 'Too many failed logins.');
    },
    /** The password was right: resets the failures. */
    succeed(attempt: LoginAttempt): void {
      buckets.forget(attemptKey(attempt));
    },
    /** The password was not checked: undoes the last `begin`. */
    withdraw(attempt: LoginAttempt): void {
      buckets.putBack(attemptKey(attempt));
    },
  };
}

/**
 * Creates a token bucket for each principal: `perSecond` requests a second on average, `burst` at once (default: one
 * second's worth, at least 1).
 */
export function createRateLimiter(input: {
  readonly clock: Clock;
  readonly perSecond: number;
  readonly burst?: number;
}) {
  const { perSecond, ...others } = input;
  const burst = Math.max(1, input.burst ?? perSecond);
  const buckets = createBuckets({ ...others, burst, intervalMs: 1_000 / perSecond });
  return {
    /** Throws throttled when the principal has no request left. */
    take(principal: string): void {
      refuseFor(buckets.take(principal), `At most ${perSecond} requests per second.`);
    },
  };
}

function refuseFor(waitMs: number, message: string): void {
  if (waitMs === 0) return;
  throw new SecretError('throttled', message, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}

/** The name under which a throttle counts a user's failures. */
export function principalOfUser(user: Pick<User, 'domainId' | 'name'>): string {
  return JSON.stringify([user.domainId, user.name]);
}

/** One short text for each user and address, however long the given name: many are kept. */
export function attemptKey(attempt: LoginAttempt): string {
  return hash('sha256', `${attempt.address}\n${attempt.principal}`, 'base64url');
}
