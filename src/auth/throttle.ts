import type { Clock } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';

/** Who tries to log in, and from where. */
export interface LoginAttempt {
  /** The user as far as it is known: its id, or the names as typed. */
  readonly principal: string;
  /** Address of the peer. */
  readonly address: string;
}

/** Counts password logins that have failed, for each user and address. */
export interface LoginThrottle {
  /** Counts the attempt as a failure until told otherwise. Throws throttled when there are too many. */
  begin(attempt: LoginAttempt): void;
  /** The password was right: forgets the failures. */
  succeed(attempt: LoginAttempt): void;
  /** The password was not checked at all: takes the count of the last `begin` back. */
  withdraw(attempt: LoginAttempt): void;
}

/** Limits the requests of each principal. */
export interface RateLimiter {
  /** Throws throttled when the principal has no request left. */
  take(principal: string): void;
}

/** Failed logins before the answer is 429, and for how long. @see design.md 4 */
export const LOGIN_FAILURES_MAX = 10;
/** The window in which failures count, in milliseconds. */
export const LOGIN_WINDOW_MS = 60_000;
/** Principals remembered; the one unused for longest makes room. */
export const THROTTLE_ENTRIES_MAX = 50_000;

interface Bucket {
  readonly tokens: number;
  readonly timeMs: number;
}

/**
 * Makes a login throttle: LOGIN_FAILURES_MAX failures in any LOGIN_WINDOW_MS, then refusal until the oldest is
 * that old. Attempts count when they begin, so that many at the same moment get no more tries than one after the other.
 */
export function createLoginThrottle(input: {
  readonly clock: Clock;
  readonly failuresMax?: number;
  readonly entriesMax?: number;
}): LoginThrottle {
  const { clock, failuresMax = LOGIN_FAILURES_MAX, entriesMax = THROTTLE_ENTRIES_MAX } = input;
  const failures = new Map<string, readonly number[]>();
  return {
    begin(attempt) {
      const nowMs = clock.nowMs();
      const key = keyOf(attempt);
      const recent = (failures.get(key) ?? []).filter((timeMs) => Math.abs(nowMs - timeMs) < LOGIN_WINDOW_MS);
      if (recent.length >= failuresMax) throw new SecretError('throttled', 'Too many failed logins.');
      remember(failures, key, [...recent, nowMs], entriesMax);
    },
    succeed(attempt) {
      failures.delete(keyOf(attempt));
    },
    withdraw(attempt) {
      const key = keyOf(attempt);
      const rest = (failures.get(key) ?? []).slice(0, -1);
      if (rest.length === 0) failures.delete(key);
      else failures.set(key, rest);
    },
  };
}

/**
 * Makes a token bucket for each principal: `perSecond` requests a second on average, `burst` at once (default: one
 * second's worth, at least 1).
 */
export function createRateLimiter(input: {
  readonly clock: Clock;
  readonly perSecond: number;
  readonly burst?: number;
  readonly entriesMax?: number;
}): RateLimiter {
  const { clock, perSecond, entriesMax = THROTTLE_ENTRIES_MAX } = input;
  const burst = Math.max(1, input.burst ?? perSecond);
  const buckets = new Map<string, Bucket>();
  return {
    take(principal) {
      const nowMs = clock.nowMs();
      const bucket = buckets.get(principal) ?? { tokens: burst, timeMs: nowMs };
      // A clock that was set back earns nothing, and does not cost anything either.
      const earned = (Math.max(0, nowMs - bucket.timeMs) * perSecond) / 1_000;
      const tokens = Math.min(burst, bucket.tokens + earned);
      const isAllowed = tokens >= 1;
      remember(buckets, principal, { tokens: isAllowed ? tokens - 1 : tokens, timeMs: nowMs }, entriesMax);
      if (!isAllowed) throw new SecretError('throttled', `At most ${perSecond} requests per second.`);
    },
  };
}

/** Puts the entry last and drops the first, which is the one unused for longest. */
function remember<T>(entries: Map<string, T>, key: string, value: T, entriesMax: number): void {
  entries.delete(key);
  const oldest = entries.keys().next();
  if (entries.size >= entriesMax && oldest.done !== true) entries.delete(oldest.value);
  entries.set(key, value);
}

function keyOf(attempt: LoginAttempt): string {
  return `${attempt.address}\n${attempt.principal}`;
}
