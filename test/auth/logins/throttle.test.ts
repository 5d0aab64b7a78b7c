import { describe, expect, it } from 'vitest';
import {
  attemptKey,
  createLoginThrottle,
  createRateLimiter,
  LOGIN_FAILURES_MAX,
  LOGIN_WINDOW_MS,
} from '../../../src/auth/logins/throttle.ts';
import type { SecretError } from '../../../src/core/errors.ts';
import { movableClock, refusalOf } from '../fixtures.ts';

const AT_HOME = { principal: 'admin', address: '10.0.0.1' };

describe('the login throttle', () => {
  function failures(count: number, clock = movableClock()) {
    const throttle = createLoginThrottle({ clock });
    for (let index = 0; index < count; index += 1) throttle.begin(AT_HOME);
    return { throttle, clock, next: () => refusalOf(() => throttle.begin(AT_HOME)).code };
  }

  it('lets 10 failures pass and refuses the 11th attempt', () => {
    expect(LOGIN_FAILURES_MAX).toBe(10);
    expect(failures(9).next()).toBe('accepted');
    expect(failures(10).next()).toBe('throttled');
  });

  it('counts for each user and address', () => {
    const { throttle } = failures(10);
    throttle.begin({ ...AT_HOME, principal: 'reader' });
    throttle.begin({ ...AT_HOME, address: '10.0.0.2' });
    expect(refusalOf(() => throttle.begin(AT_HOME)).code).toBe('throttled');
  });

  it('remembers as much for a long name as for a short one, and never takes one for another', () => {
    const long = attemptKey({ ...AT_HOME, principal: JSON.stringify(['\u0001'.repeat(128), 'd']) });
    const keys = [long, attemptKey(AT_HOME), attemptKey({ ...AT_HOME, address: '10.0.0.2' })];
    expect(keys.map(({ length }) => length)).toEqual([43, 43, 43]);
    expect(new Set(keys).size).toBe(3);
  });

  it('slows down instead of locking out: then one attempt in every 6 seconds', () => {
    const { clock, next } = failures(10);
    clock.advance(5_999);
    expect(next()).toBe('throttled');
    clock.advance(1);
    expect([next(), next()]).toEqual(['accepted', 'throttled']);
    clock.advance(LOGIN_WINDOW_MS);
    expect(Array.from({ length: 11 }, next).filter((code) => code === 'accepted')).toHaveLength(10);
  });

  it('tells in how many seconds the next attempt is let through', () => {
    const { clock, throttle } = failures(10);
    const seconds = (): unknown => {
      try {
        throttle.begin(AT_HOME);
      } catch (error) {
        return (error as SecretError).retryAfterSeconds;
      }
      return 0;
    };
    expect(seconds()).toBe(6);
    clock.advance(1_000);
    expect(seconds()).toBe(5);
    clock.advance(4_999);
    expect(seconds()).toBe(1);
    clock.advance(1);
    expect([seconds(), seconds()]).toEqual([0, 6]);
  });

  it('allows 10 a minute and no more, however long someone continues', () => {
    const clock = movableClock();
    const throttle = createLoginThrottle({ clock });
    let begun = 0;
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1_000);
      if (refusalOf(() => throttle.begin(AT_HOME)).code === 'accepted') begun += 1;
    }
    // The first ten come at once.
    expect(begun).toBe(109);
  });

  it('forgets the failures after a success', () => {
    const { throttle, next } = failures(10);
    throttle.succeed(AT_HOME);
    expect(next()).toBe('accepted');
  });

  it('takes an attempt back that was never checked', () => {
    const { throttle, next } = failures(10);
    throttle.withdraw(AT_HOME);
    expect(next()).toBe('accepted');
    expect(next()).toBe('throttled');
  });

  it('remembers a bounded number of users, those seen last', () => {
    const throttle = createLoginThrottle({ clock: movableClock(), failuresMax: 1, entriesMax: 3 });
    for (const principal of ['a', 'b', 'c', 'd']) throttle.begin({ principal, address: '' });
    expect(refusalOf(() => throttle.begin({ principal: 'b', address: '' })).code).toBe('throttled');
    expect(refusalOf(() => throttle.begin({ principal: 'a', address: '' })).code).toBe('accepted');
  });

  it('is not locked for ever by a clock that is set back', () => {
    const { clock, next } = failures(10);
    clock.advance(-3_600_000);
    expect(next()).toBe('throttled');
    clock.advance(6_000);
    expect(next()).toBe('accepted');
  });
});

describe('the rate limiter', () => {
  it('allows a burst of one second, then as many as are earned', () => {
    const clock = movableClock();
    const limiter = createRateLimiter({ clock, perSecond: 5 });
    const taken = (): number => {
      let count = 0;
      while (refusalOf(() => limiter.take('a')).code === 'accepted') count += 1;
      return count;
    };
    expect(taken()).toBe(5);
    clock.advance(199);
    expect(taken()).toBe(0);
    clock.advance(1);
    expect(taken()).toBe(1);
    clock.advance(10_000);
    expect(taken()).toBe(5);
    clock.advance(-10_000);
    expect(taken()).toBe(0);
    clock.advance(200);
    expect(taken()).toBe(1);
  });

  it('counts each principal alone', () => {
    const limiter = createRateLimiter({ clock: movableClock(), perSecond: 0.5 });
    const take = (principal: string): string => refusalOf(() => limiter.take(principal)).code;
    expect([take('a'), take('a'), take('b'), take('b')]).toEqual([
      'accepted',
      'throttled',
      'accepted',
      'throttled',
    ]);
  });
});
