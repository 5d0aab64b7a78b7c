import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/app/ports/deps.ts';
import { createDirectory } from '../../../src/auth/identities/directory.ts';
import type { Directory, User } from '../../../src/auth/identities/identities.ts';
import { createUsers } from '../../../src/auth/identities/users.ts';
import { hashPassword, verifyPassword } from '../../../src/auth/logins/password.ts';
import type { HashChange } from '../../../src/auth/logins/password-change.ts';
import { createPasswordChecker } from '../../../src/auth/logins/password-checker.ts';
import { LOGIN_FAILURES_MAX, LOGIN_WINDOW_MS } from '../../../src/auth/logins/throttle.ts';
import { outcome, outcomeOf } from '../../support/builders.ts';
import { realmsOf } from '../fixtures.ts';

const OLD = 'Old-passphrase-9k2q';
const NEW = 'New-passphrase-4w7z';
const COST = { ln: 10, r: 8, p: 1 };
let oldHash: string;
beforeAll(async () => {
  oldHash = await hashPassword(OLD, COST);
});

const userOf = (id: string, name: string, domainId = 'acme', passwordHash?: string): User => ({
  id,
  name,
  domainId,
  domainName: domainId,
  passwordHash,
  isDisabled: false,
  policies: [],
  groups: [],
  projects: [],
  projectIds: new Set(),
});
const callerOf = (user: User): Caller => ({
  world: 'main',
  domainId: user.domainId,
  userId: user.id,
  userName: user.name,
  projectIds: user.projectIds,
  method: 'token',
  accessKeyId: undefined,
});

const ADA = userOf('u1', 'Ada');
const adam = userOf('u2', 'adam');
const bob = userOf('u3', 'bob');
const OUTSIDER = userOf('u4', 'adam', 'globex');

let changes: HashChange[];
let clock: { timeMs: number };
let directory: Directory;
beforeEach(() => {
  changes = [];
  clock = { timeMs: 1_000_000 };
  const users = [{ ...ADA, passwordHash: oldHash }, adam, OUTSIDER, bob];
  directory = createDirectory({ domains: [], users, accessKeys: [], policies: [] });
});
const users = () => {
  const passwords = createPasswordChecker({
    clock: { nowMs: () => clock.timeMs },
    costs: () => directory.passwordCosts,
  });
  return createUsers({
    realms: realmsOf(() => directory, { nowMs: () => clock.timeMs }),
    passwords,
    replaceHash: async (change) => void changes.push(change),
  });
};
const page = (changed: object = {}) =>
  users().list(callerOf(ADA), { search: undefined, domainId: undefined, page: 0, limit: 10, ...changed });

describe('the list', () => {
  it('has the users of the own domain, in the order of the file, and only what may be seen', () => {
    expect(page()).toEqual({
      total: 3,
      users: [
        { id: 'u1', name: 'Ada', domainId: 'acme', isDisabled: false },
        { id: 'u2', name: 'adam', domainId: 'acme', isDisabled: false },
        { id: 'u3', name: 'bob', domainId: 'acme', isDisabled: false },
      ],
    });
  });

  it.each([
    ['ad', ['Ada', 'adam']],
    ['AD', ['Ada', 'adam']],
    ['o', ['bob']],
    ['', ['Ada', 'adam', 'bob']],
    ['x', []],
  ])('searched for %j has %j', (search, names) => {
    const found = page({ search });
    expect(found.users.map(({ name }) => name)).toEqual(names);
    expect(found.total).toBe(names.length);
  });

  it.each([
    [0, 2, ['Ada', 'adam']],
    [1, 2, ['bob']],
    [2, 2, []],
    [0, 3, ['Ada', 'adam', 'bob']],
  ])('on page %i of %i has %j, and the total of all', (number, limit, names) => {
    const found = page({ page: number, limit });
    expect(found.users.map(({ name }) => name)).toEqual(names);
    expect(found.total).toBe(3);
  });

  it('of another domain is empty', () => {
    expect(page({ domainId: 'globex' })).toEqual({ total: 0, users: [] });
    expect(page({ domainId: 'acme' }).total).toBe(3);
  });
});

describe('a user', () => {
  it('is shown to its own domain, and to no other', () => {
    expect(users().show(callerOf(ADA), 'u3')).toEqual({
      id: 'u3',
      name: 'bob',
      domainId: 'acme',
      isDisabled: false,
    });
    for (const id of ['u4', 'absent', 'constructor'])
      expect(outcome(() => users().show(callerOf(ADA), id))).toBe('resource-not-found');
  });
});

describe('a change of the password', () => {
  const change = (changed: object = {}, user = ADA, view = users()) =>
    outcomeOf(
      view.changePassword(callerOf(user), {
        oldPassword: OLD,
        newPassword: NEW,
        address: '127.0.0.1',
        ...changed,
      }),
    );

  it('stores a hash of the new one in place of the one that was checked', async () => {
    expect(await change()).toBe('ok');
    expect(changes).toEqual([{ userId: 'u1', before: oldHash, after: expect.any(String) }]);
    expect(await verifyPassword(changes[0]!.after, NEW)).toBe(true);
  });

  it.each([
    ['wrong old one', { oldPassword: `${OLD}x` }],
    ['too short new one', { newPassword: 'gX4kW9b' }],
    ['common new one', { newPassword: 'Passw0rd2026' }],
    ['the old one again', { newPassword: OLD }],
    ['too long new one', { newPassword: `${NEW}${'x'.repeat(1_024)}` }],
    ['lone surrogate', { newPassword: `${NEW}\ud800` }],
  ])('is refused for a %s, and changes nothing', async (_, changed) => {
    expect(await change(changed)).toBe('invalid-parameter');
    expect(changes).toEqual([]);
  });

  it('is not possible for a user without a password, or one that is gone', async () => {
    expect(await change({}, bob)).toBe('password-fixed');
    expect(await change({}, userOf('gone', 'gone'))).toBe('password-fixed');
  });

  it('counts wrong old ones, and is refused after too many, until a while has passed', async () => {
    const view = users();
    for (let count = 0; count < LOGIN_FAILURES_MAX; count += 1)
      expect(await change({ oldPassword: 'wrong' }, ADA, view)).toBe('invalid-parameter');
    expect(await change({}, ADA, view)).toBe('throttled');
    expect(await change({ address: '127.0.0.2' }, ADA, view)).toBe('ok');
    clock.timeMs += LOGIN_WINDOW_MS;
    expect(await change({}, ADA, view)).toBe('ok');
  });

  it('forgets the wrong ones after a right one', async () => {
    const view = users();
    for (let round = 0; round < 2; round += 1) {
      for (let count = 1; count < LOGIN_FAILURES_MAX; count += 1)
        expect(await change({ oldPassword: 'wrong' }, ADA, view)).toBe('invalid-parameter');
      expect(await change({}, ADA, view)).toBe('ok');
    }
  });
});
