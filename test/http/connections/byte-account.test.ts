import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ByteAccount,
  createByteAccount,
  type Hold,
} from '../../../src/http/connections/byte-account.ts';
import { codeOf } from '../../support/stores.ts';

let account: ByteAccount;
beforeEach(() => {
  vi.useFakeTimers();
  account = createByteAccount({ max: 100, shareMax: 60, waitersMax: 2, endsOwn: true });
});
afterEach(() => vi.useRealTimers());

function holdOf(holder: string, bytes: number, isSlow = false): Hold {
  return { holder, bytes, end: () => isSlow };
}

/** Keeps bytes as soon as there is room; `outcome` says what has become of that. */
function ask(holder: string, bytes: number): { outcome: string } {
  const asked = { outcome: 'waits' };
  account.whenRoom({ holder, bytes }, (error) => {
    asked.outcome = error === undefined ? 'kept' : codeOf(error);
    if (error === undefined) account.keep(holdOf(holder, bytes));
  });
  return asked;
}

const pass = (ms: number) => vi.advanceTimersByTime(ms);

describe('an account', () => {
  it('keeps up to its limit, and up to the share of one holder', () => {
    expect([account.keep(holdOf('a', 60)), account.keep(holdOf('a', 1))]).toEqual([true, false]);
    expect([account.keep(holdOf('b', 40)), account.keep(holdOf('c', 1))]).toEqual([true, false]);
    expect(account.used()).toBe(100);
  });

  it('gives back once what is released twice', () => {
    const hold = holdOf('a', 60);
    account.keep(hold);
    account.release(hold);
    account.release(hold);
    account.release(holdOf('a', 5));
    expect([account.used(), account.keep(holdOf('a', 60))]).toEqual([0, true]);
  });

  it('lets others wait in their order, but past one whose own share is full', () => {
    const first = holdOf('a', 60);
    const second = holdOf('b', 40);
    account.keep(first);
    account.keep(second);
    const [own, other] = [ask('a', 30), ask('c', 40)];
    account.release(second);
    pass(1);
    expect([own.outcome, other.outcome]).toEqual(['waits', 'kept']);
    account.release(first);
    pass(1);
    expect(own.outcome).toBe('kept');
  });

  it('lets a few wait, for five seconds', () => {
    account.keep(holdOf('a', 60));
    account.keep(holdOf('b', 40));
    const waiting = [ask('c', 1), ask('d', 1), ask('e', 1)];
    expect(waiting.map(({ outcome }) => outcome)).toEqual(['waits', 'waits', 'unavailable']);
    pass(4_750);
    expect(waiting[0]?.outcome).toBe('waits');
    pass(500);
    expect(waiting.map(({ outcome }) => outcome)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(account.used()).toBe(100);
  });

  it('gives up what slow peers have held for two seconds, oldest first, once someone needs the room', () => {
    for (const holder of ['a', 'b', 'c']) account.keep(holdOf(holder, 30, true));
    pass(10_000);
    expect(account.used()).toBe(90);
    const asked = ask('d', 20);
    pass(251);
    expect([asked.outcome, account.used()]).toEqual(['kept', 80]);
  });

  it('gives up nothing that is younger, not slow, or of another where the share is full', () => {
    account.keep(holdOf('b', 40, true));
    account.keep(holdOf('a', 60));
    pass(3_000);
    const asked = ask('a', 10);
    pass(1_000);
    expect([asked.outcome, account.used()]).toEqual(['waits', 100]);
    account.release(holdOf('a', 60));
    const young = createByteAccount({ max: 10, shareMax: 10, waitersMax: 1, endsOwn: true });
    young.keep(holdOf('a', 10, true));
    pass(1_999);
    expect(young.keep(holdOf('b', 1))).toBe(false);
    pass(1);
    expect(young.keep(holdOf('b', 1))).toBe(true);
  });
});
