import { describe, expect, it } from 'vitest';
import { SCRYPT_COST, type ScryptCost, verifyPassword } from '../../../src/auth/logins/password.ts';
import {
  createPasswordChecker,
  HASHED_FAILURES_MAX,
  type PasswordAttempt,
  REFUSAL_DELAY_MS,
} from '../../../src/auth/logins/password-checker.ts';
import { createLoginQueue } from '../../../src/auth/logins/queue.ts';
import { movableClock, PASSWORD, PASSWORD_HASH, rejectionOf } from '../fixtures.ts';

const CHEAP: ScryptCost = { ln: 10, r: 8, p: 1 };
const RIGHT: PasswordAttempt = {
  principal: 'admin',
  address: '10.0.0.1',
  phc: PASSWORD_HASH,
  password: PASSWORD,
};
const WRONG = { ...RIGHT, password: 'wrong' };
const NOBODY = { ...RIGHT, principal: 'nobody', phc: undefined };

interface Options {
  readonly costs: readonly ScryptCost[];
  readonly wait: (ms: number) => Promise<unknown>;
}

/** A checker that counts what it hashes, and for whom; a refusal that is put off comes when `wait` lets it. */
function counting(
  queue = createLoginQueue(),
  { costs: given = [CHEAP], wait = async () => undefined }: Partial<Options> = {},
) {
  const hashed: (string | undefined)[] = [];
  const costs: (ScryptCost | undefined)[] = [];
  const clock = movableClock();
  const { check } = createPasswordChecker({
    clock,
    queue,
    costs: () => given,
    wait,
    async verify(phc, password, cost) {
      hashed.push(phc);
      costs.push(cost);
      return phc !== undefined && verifyPassword(phc, password, cost);
    },
  });
  const guess = (name: string, address = RIGHT.address) => check({ ...NOBODY, principal: name, address });
  return { check, clock, costs, guess, hashed };
}

describe('a name that nobody has', () => {
  it('costs what a wrong password of someone does', async () => {
    const { check, costs, hashed } = counting();
    expect([await check(NOBODY), await check(WRONG), await check(RIGHT)]).toEqual([false, false, true]);
    expect(hashed).toEqual([undefined, PASSWORD_HASH, PASSWORD_HASH]);
    expect(costs).toEqual([CHEAP, CHEAP, CHEAP]);
  });

  it('costs always the same, and as often this or that as users do', async () => {
    const other: ScryptCost = { ln: 11, r: 8, p: 1 };
    const { clock, costs, guess } = counting(createLoginQueue(), { costs: [CHEAP, other, CHEAP, CHEAP] });
    const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
    for (const name of [...names, ...names]) {
      await guess(name);
      clock.advance(60_000);
    }
    expect(costs.slice(0, 60)).toEqual(costs.slice(60));
    // The chance to be outside is one in a hundred thousand.
    const dear = costs.slice(60).filter((cost) => cost === other).length;
    expect(dear).toBeGreaterThan(1);
    expect(dear).toBeLessThan(31);
  });

  it('costs what new passwords do where there are none', async () => {
    const { costs, guess } = counting(createLoginQueue(), { costs: [] });
    await guess('nobody');
    expect(costs).toEqual([SCRYPT_COST]);
  });

  it('costs nothing more once many logins of an address have failed, and others are not touched by it', async () => {
    const { check, guess, hashed } = counting();
    const guesses: boolean[] = [];
    for (let count = 0; count < HASHED_FAILURES_MAX; count += 1) guesses.push(await guess(`n${count}`));
    expect(hashed).toHaveLength(HASHED_FAILURES_MAX);
    const late = Promise.all(Array.from({ length: 64 }, (_, index) => guess(`late${index}`)));
    expect(await check(RIGHT)).toBe(true);
    await guess('elsewhere', '10.0.0.2');
    expect(hashed).toHaveLength(HASHED_FAILURES_MAX + 2);
    expect(new Set([...guesses, ...(await late)])).toEqual(new Set([false]));
    expect(hashed).toHaveLength(HASHED_FAILURES_MAX + 2);
  });

  it('costs nothing while all places for hashing are taken', async () => {
    const { check, guess, hashed } = counting(createLoginQueue({ concurrent: 1 }));
    const first = check(RIGHT);
    await Promise.all(Array.from({ length: 20 }, (_, index) => guess(`n${index}`, `10.0.1.${index}`)));
    expect(await first).toBe(true);
    expect(hashed).toEqual([PASSWORD_HASH]);
  });
});

it('a refusal under many failures comes after the same delay for those who exist and those who do not, a right password at once', async () => {
  const waiting: [ms: number, end: () => void][] = [];
  const wait = (ms: number) => new Promise<void>((end) => waiting.push([ms, end]));
  const { check, guess } = counting(createLoginQueue(), { wait });
  for (let count = 0; count < HASHED_FAILURES_MAX; count += 1) await guess(`n${count}`);
  const answered: string[] = [];
  const note = (name: string) => (isRight: boolean) => answered.push(`${name} ${isRight}`);
  const all = [check(WRONG).then(note('admin')), guess('nobody').then(note('nobody'))];
  expect(await check({ ...RIGHT, principal: 'other' })).toBe(true);
  expect(answered).toEqual([]);
  expect(waiting.map(([ms]) => ms)).toEqual([REFUSAL_DELAY_MS, REFUSAL_DELAY_MS, REFUSAL_DELAY_MS]);
  for (const [, end] of waiting) end();
  await Promise.all(all);
  expect(answered.toSorted()).toEqual(['admin false', 'nobody false']);
});

describe('someone with the right password', () => {
  it('gets in as often as it likes at the same moment', async () => {
    const { check, hashed } = counting();
    const all = await Promise.all(Array.from({ length: 25 }, () => rejectionOf(check(RIGHT))));
    expect(new Set(all.map(({ code }) => code))).toEqual(new Set(['accepted']));
    expect(hashed).toHaveLength(25);
  });

  it('does not help those who guess at the same moment: ten of them are checked, as ever', async () => {
    const { check, hashed } = counting();
    const all = await Promise.all(Array.from({ length: 25 }, () => rejectionOf(check(WRONG))));
    expect(all.filter(({ code }) => code === 'throttled')).toHaveLength(15);
    expect(hashed).toHaveLength(10);
    expect((await rejectionOf(check(RIGHT))).code).toBe('throttled');
  });

  it('gets in beside those who guess for the same name from elsewhere', async () => {
    const { check } = counting();
    const crowd = Array.from({ length: 64 }, () => rejectionOf(check({ ...WRONG, address: '10.0.0.2' })));
    expect(await check(RIGHT)).toBe(true);
    const codes = (await Promise.all(crowd)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'throttled')).toHaveLength(54);
  });

  it('is hashed next when it was here before, however many wait', async () => {
    const { check, hashed } = counting(createLoginQueue({ concurrent: 1 }));
    await check(RIGHT);
    const crowd = Array.from({ length: 64 }, (_, index) =>
      rejectionOf(check({ ...WRONG, principal: `user${index}`, address: `10.0.1.${index}` })),
    );
    expect(await check(RIGHT)).toBe(true);
    // Its own two, and the one of the crowd that was running.
    expect(hashed.length).toBeLessThanOrEqual(4);
    await Promise.all(crowd);
  });

  it('is let through at a low rate where others guess for the same name from the same address', async () => {
    const { check, clock } = counting();
    for (let count = 0; count < 10; count += 1) await check(WRONG);
    expect((await rejectionOf(check(RIGHT))).code).toBe('throttled');
    clock.advance(6_000);
    expect(await check(RIGHT)).toBe(true);
    expect(await check(RIGHT)).toBe(true);
  });

  it('is counted with others of its /64, and apart from other networks', async () => {
    const { check } = counting();
    for (let count = 0; count < 10; count += 1) await check({ ...WRONG, address: `2001:db8::${count + 1}` });
    expect((await rejectionOf(check({ ...RIGHT, address: '2001:db8::ffff' }))).code).toBe('throttled');
    expect(await check({ ...RIGHT, address: '2001:db8:0:1::1' })).toBe(true);
  });
});

it('what was turned away before it was checked does not count', async () => {
  const { check } = counting(createLoginQueue({ concurrent: 1, waitingMax: 1 }));
  const turnedAway = await Promise.all(Array.from({ length: 10 }, () => rejectionOf(check(WRONG))));
  expect(turnedAway.filter(({ code }) => code === 'throttled').length).toBeGreaterThanOrEqual(7);
  const codes: string[] = [];
  for (let count = 0; count < 7; count += 1) codes.push((await rejectionOf(check(WRONG))).code);
  expect(new Set(codes)).toEqual(new Set(['accepted']));
});
