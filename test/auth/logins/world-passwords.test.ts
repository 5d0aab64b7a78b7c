import { describe, expect, it } from 'vitest';
import { createRevocations } from '../../../src/app/identity/revocations.ts';
import { createDirectory } from '../../../src/auth/identities/directory.ts';
import { type DigestWay, digestPassword } from '../../../src/auth/logins/password.ts';
import { LOGIN_FAILURES_MAX, LOGIN_WINDOW_MS } from '../../../src/auth/logins/throttle.ts';
import { createWorldPasswords, GUESSES_MAX } from '../../../src/auth/logins/world-passwords.ts';
import type { Found, Realm, Realms } from '../../../src/auth/realm.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { movableClock, PASSWORD_HASH, rejectionOf } from '../fixtures.ts';

const SALT = 'of-all-worlds';
const QUERY = { userName: 'admin', domainName: 'acme' };
const INTERVAL_MS = LOGIN_WINDOW_MS / LOGIN_FAILURES_MAX;

function realmOf(world: string, passwordHash: string): Realm {
  const user = {
    id: 'u',
    name: 'admin',
    domainId: 'd',
    domainName: 'acme',
    passwordHash,
    isDisabled: false,
    policies: [],
    groups: [],
    projects: [],
    projectIds: new Set<string>(),
  };
  const domain = { id: 'd', name: 'acme', projects: [], enterpriseProjects: [], groups: [] };
  const directory = createDirectory({ domains: [domain], users: [user], accessKeys: [], policies: [] });
  return {
    world,
    nonce: '',
    revoked: createRevocations(),
    clock: { nowMs: Date.now },
    directory: () => directory,
  };
}

const forkOf = (name: string, way: DigestWay = {}) =>
  realmOf(name, digestPassword(`password of ${name}`, { salt: SALT, ...way }));

/** Main, whose password is `right`, and others; counts what main is asked. */
function searching(...others: readonly Realm[]) {
  const main = realmOf('main', PASSWORD_HASH);
  const worlds = new Map([main, ...others].map((realm) => [realm.world, realm]));
  const realms: Realms = { main, all: () => worlds.values(), find: (name) => worlds.get(name) };
  const clock = movableClock();
  const passwords = createWorldPasswords({ clock });
  const inMain = { asked: 0, isHeldBack: false };
  return {
    clock,
    inMain,
    /** The world of a password; undefined when it is wrong everywhere. */
    async find(password: string, { address = '10.0.0.1', query = QUERY as object } = {}) {
      const found = await passwords.find(realms, { query, password, address }, async () => {
        inMain.asked += 1;
        if (inMain.isHeldBack) throw new SecretError('throttled', 'by main');
        const [user] = main.directory().usersOf('d');
        return password === 'right' && user ? ({ user, realm: main } satisfies Found) : undefined;
      });
      return found?.realm.world;
    },
  };
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index += 1) await work();
}

describe('a password', () => {
  it('is found in the one of a thousand worlds that has it, and is else for main', async () => {
    const { find, inMain } = searching(...Array.from({ length: 1_000 }, (_, index) => forkOf(`w${index}`)));
    expect(await find('password of w777')).toBe('w777');
    expect(await find('password of w777', { query: { userId: 'u' } })).toBe('w777');
    expect(inMain.asked).toBe(0);
    expect(await find('right')).toBe('main');
    expect(await find('password of nobody')).toBeUndefined();
    expect(await find('password of w777', { query: { ...QUERY, userName: 'other' } })).toBeUndefined();
    expect(inMain.asked).toBe(3);
  });

  it('that was made at random is let in, whatever was guessed before', async () => {
    const { find, inMain } = searching(forkOf('made', { isRandom: true }), forkOf('chosen'));
    await times(GUESSES_MAX, () => find('wrong'));
    expect((await rejectionOf(find('wrong'))).code).toBe('throttled');
    expect(inMain.asked).toBe(GUESSES_MAX);
    expect(await find('password of made')).toBe('made');
  });

  it('that was chosen is held back after so many guesses, as a wrong one is, and main is not asked', async () => {
    const { clock, find, inMain } = searching(forkOf('chosen'), forkOf('other'));
    await times(GUESSES_MAX - 1, () => find('wrong'));
    // A right one neither counts nor gives more guesses.
    await times(20, async () => expect(await find('password of chosen')).toBe('chosen'));
    await find('wrong');
    for (const password of ['password of chosen', 'password of other', 'wrong', 'right']) {
      const refused = { code: 'throttled', retryAfterSeconds: INTERVAL_MS / 1_000 };
      await expect(find(password), password).rejects.toMatchObject(refused);
    }
    expect(inMain.asked).toBe(GUESSES_MAX);
    expect(await find('password of chosen', { address: '10.0.0.2' })).toBe('chosen');
    clock.advance(INTERVAL_MS);
    expect(await find('password of chosen')).toBe('chosen');
    expect(await find('wrong')).toBeUndefined();
    expect((await rejectionOf(find('password of chosen'))).code).toBe('throttled');
  });

  it('of five thousand at once is checked a hundred times, and the right one among the rest not told', async () => {
    const { find, inMain } = searching(forkOf('chosen'));
    const guesses = Array.from({ length: 5_000 }, (_, index) =>
      find(index === 4_000 ? 'password of chosen' : `guess ${index}`),
    );
    const outcomes = await Promise.allSettled(guesses);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(GUESSES_MAX);
    expect(outcomes[4_000]).toMatchObject({ status: 'rejected', reason: { code: 'throttled' } });
    expect(inMain.asked).toBe(GUESSES_MAX);
  });

  it('that main holds back was a guess elsewhere: the refusal says that it is none of the chosen ones', async () => {
    const { find, inMain } = searching(forkOf('chosen'));
    inMain.isHeldBack = true;
    await times(GUESSES_MAX, async () => expect((await rejectionOf(find('wrong'))).message).toBe('by main'));
    expect((await rejectionOf(find('password of chosen'))).code).toBe('throttled');
  });

  it('of main is no guess elsewhere, however often it is used, also at the same time', async () => {
    const { find } = searching(forkOf('chosen'));
    const logins = Array.from({ length: 5 * GUESSES_MAX }, () => find('right'));
    expect(new Set(await Promise.all(logins))).toEqual(new Set(['main']));
    expect(await find('password of chosen')).toBe('chosen');
  });

  it('is for main alone where no world has a chosen one', async () => {
    const { find, inMain } = searching(forkOf('made', { isRandom: true }));
    await times(2 * GUESSES_MAX, () => find('wrong'));
    expect(inMain.asked).toBe(2 * GUESSES_MAX);
  });
});
