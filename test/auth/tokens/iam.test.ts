import { beforeEach, describe, expect, it } from 'vitest';
import type { SecretError } from '../../../src/core/errors.ts';
import {
  ADMIN_ID,
  bodyOf,
  DOMAIN_ID,
  directoryOf,
  IDENTITIES,
  loginsOf,
  movableClock,
  PASSWORD,
  PASSWORD_HASH,
  PROJECT_ID,
  READER_ID,
  rejectionOf,
  USER,
} from '../fixtures.ts';

const directory = directoryOf();
const clock = movableClock();
let present = directory;
let { login } = loginsOf(() => present, clock);
beforeEach(() => {
  ({ login } = loginsOf(() => present, clock));
});

describe('a password login', () => {
  it('names each policy of its user as a role', async () => {
    const { body } = await login(bodyOf(USER));
    expect(body.token.roles).toEqual([
      { id: '0', name: 'admin' },
      { id: '0', name: 'CSMS ReadOnlyAccess' },
    ]);
  });

  it('writes milliseconds as microseconds', async () => {
    clock.advance(965);
    const { body } = await login(bodyOf(USER));
    clock.advance(-965);
    expect(body.token.issued_at).toBe('2026-01-02T03:04:05.965000Z');
  });

  it.each([
    ['name and domain name', USER],
    ['name and domain id', { ...USER, domain: { id: DOMAIN_ID } }],
    ['id', { id: ADMIN_ID, password: PASSWORD }],
    ['id and domain', { id: ADMIN_ID, password: PASSWORD, domain: { name: 'acme' } }],
    ['name, with members that are not known', { ...USER, email: 'x' }],
  ])('names its user by %s', async (_name, user) => {
    expect((await login(bodyOf(user))).body.token.user.id).toBe(ADMIN_ID);
  });

  it.each([
    ['nothing', undefined, 'unscoped'],
    ['an empty scope', {}, 'unscoped'],
    ['the word for none', 'unscoped', 'unscoped'],
    ['a domain name', { domain: { name: 'acme' } }, 'acme'],
    ['a domain id', { domain: { id: DOMAIN_ID } }, 'acme'],
    ['a project id', { project: { id: PROJECT_ID } }, 'local-1'],
    ['a project name', { project: { name: 'local-2' } }, 'local-2'],
    ['a project in its domain', { project: { name: 'local-1', domain: { name: 'acme' } } }, 'local-1'],
    ['both, where the project wins', { project: { id: PROJECT_ID }, domain: { name: 'other' } }, 'local-1'],
  ])('with %s as scope', async (_name, scope, wanted) => {
    const { token } = (await login(bodyOf(USER, scope))).body;
    expect(token.project?.name ?? token.domain?.name ?? 'unscoped').toBe(wanted);
  });

  it.each([
    ['a wrong password', { ...USER, password: 'Passw0rd' }, undefined],
    ['an unknown user', { ...USER, name: 'nobody' }, undefined],
    ['an unknown domain', { ...USER, domain: { name: 'nowhere' } }, undefined],
    ['a user of another domain', { ...USER, domain: { name: 'other' } }, undefined],
    ['an unknown id', { id: 'c'.repeat(32), password: PASSWORD }, undefined],
    ['a user without a password', { id: READER_ID, password: PASSWORD }, undefined],
    [
      'a wrong password with a scope out of reach',
      { ...USER, password: 'x' },
      { project: { name: 'local-9' } },
    ],
  ])('is refused with one answer for %s', async (_name, user, scope) => {
    expect(await rejectionOf(login(bodyOf(user, scope)))).toEqual({ code: 'login-refused', message: '' });
  });

  it.each([
    ['an unknown project', { project: { id: 'd'.repeat(32) } }],
    ['an unknown project name', { project: { name: 'local-9' } }],
    ['a project of another domain', { project: { id: '3'.repeat(32) } }],
    ['an own project in another domain', { project: { name: 'local-1', domain: { name: 'other' } } }],
    ['another domain', { domain: { name: 'other' } }],
    ['an unknown domain as scope', { domain: { id: 'x' } }],
  ])('with the right password is refused with another answer for %s', async (_name, scope) => {
    expect(await rejectionOf(login(bodyOf(USER, scope)))).toEqual({ code: 'scope-refused', message: '' });
  });

  it('logs what was wrong', async () => {
    const reasonOf = (user: object, scope?: object) =>
      login(bodyOf(user, scope)).catch((error: SecretError) => error.logReason);
    expect(await reasonOf({ ...USER, password: 'x' })).toBe('wrong password');
    expect(await reasonOf({ ...USER, name: 'nobody' })).toBe('no such user');
    expect(await reasonOf({ id: READER_ID, password: 'x' })).toBe('the user has no password');
    expect(await reasonOf(USER, { project: { name: 'cn-north-4' } })).toBe(
      'no project cn-north-4 in this domain (there is: local-1, local-2)',
    );
    expect(await reasonOf(USER, { domain: { name: 'other' } })).toBe(
      "the scope names another domain than the user's (acme)",
    );
  });

  it.each([
    undefined,
    null,
    [],
    'auth',
    {},
    { auth: {} },
    { auth: { identity: { methods: 'password', password: { user: USER } } } },
    { auth: { identity: { methods: ['token'], password: { user: USER } } } },
    { auth: { identity: { methods: ['token'], token: {} } } },
    { auth: { identity: { methods: ['token'], token: { id: '' } } } },
    { auth: { identity: { methods: ['token'], token: { id: 'x'.repeat(4_097) } } } },
    { auth: { identity: { methods: [], password: { user: USER } } } },
    {
      auth: { identity: { methods: Array.from({ length: 9 }, () => 'password'), password: { user: USER } } },
    },
    { auth: { identity: { methods: ['password'] } } },
    bodyOf([]),
    bodyOf({ ...USER, password: undefined }),
    bodyOf({ ...USER, password: '' }),
    bodyOf({ ...USER, password: 1 }),
    bodyOf({ ...USER, password: 'a'.repeat(1_025) }),
    bodyOf({ ...USER, name: ['admin'] }),
    bodyOf({ ...USER, name: 'a'.repeat(129) }),
    bodyOf({ name: 'admin', password: PASSWORD }),
    bodyOf({ name: 'admin', password: PASSWORD, domain: {} }),
    bodyOf({ name: 'admin', password: PASSWORD, domain: 'acme' }),
    bodyOf(USER, 'domain'),
    bodyOf(USER, []),
    bodyOf(USER, { project: {} }),
    bodyOf(USER, { project: 'local-1' }),
    bodyOf(USER, { project: { id: 1 } }),
    bodyOf(USER, { domain: {} }),
    bodyOf(USER, { domain: null }),
    JSON.parse('{"__proto__":{"auth":{}}}'),
  ])('is invalid as %j', async (body) => {
    expect(await rejectionOf(login(body))).toEqual({ code: 'login-invalid', message: '' });
  });

  it('is throttled after 10 failures, for the same user and address, however named', async () => {
    const wrong = { ...USER, password: 'x' };
    for (let index = 0; index < 10; index += 1) {
      expect((await rejectionOf(login(bodyOf(wrong)))).code).toBe('login-refused');
    }
    expect((await rejectionOf(login(bodyOf(USER)))).code).toBe('throttled');
    expect((await rejectionOf(login(bodyOf({ id: ADMIN_ID, password: PASSWORD })))).code).toBe('throttled');
    expect((await rejectionOf(login(bodyOf(USER), '10.0.0.2'))).code).toBe('accepted');
    clock.advance(60_000);
    expect((await rejectionOf(login(bodyOf(USER)))).code).toBe('accepted');
    clock.advance(-60_000);
  });

  it('is throttled for unknown users just as well, by either name of the domain', async () => {
    for (let index = 0; index < 10; index += 1) {
      const user = {
        name: 'nobody',
        password: 'x',
        domain: index % 2 === 0 ? { name: 'acme' } : { id: DOMAIN_ID },
      };
      expect((await rejectionOf(login(bodyOf(user)))).code).toBe('login-refused');
    }
    const again = { name: 'nobody', password: 'x', domain: { name: 'acme' } };
    expect((await rejectionOf(login(bodyOf(again)))).code).toBe('throttled');
  });
});

describe('a token for a token', () => {
  const exchange = (token: string, scope?: unknown) =>
    login({
      auth: {
        identity: { methods: ['token'], token: { id: token } },
        ...(scope === undefined ? {} : { scope }),
      },
    });
  const tokenFor = async (scope?: unknown) => (await login(bodyOf(USER, scope))).token;
  const LOCAL_1 = { project: { name: 'local-1' } };

  it.each([
    ['no scope', undefined],
    ['a domain', { domain: { name: 'acme' } }],
    ['the same project', LOCAL_1],
  ])('is given for one with %s, for a project', async (_, held) => {
    const { body } = await exchange(await tokenFor(held), LOCAL_1);
    expect(body.token).toMatchObject({
      methods: ['token'],
      user: { id: ADMIN_ID },
      project: { id: PROJECT_ID },
    });
  });

  it('reaches no further than the first, when that is for one project', async () => {
    const held = await tokenFor(LOCAL_1);
    for (const scope of [undefined, { domain: { name: 'acme' } }, { project: { name: 'local-2' } }]) {
      expect((await rejectionOf(exchange(held, scope))).code).toBe('scope-refused');
    }
    expect((await rejectionOf(exchange(await tokenFor(), { project: { id: '3'.repeat(32) } }))).code).toBe(
      'scope-refused',
    );
  });

  it('ends when the first one does, however often it is exchanged', async () => {
    const first = await tokenFor();
    clock.advance(20 * 3_600_000);
    const second = await exchange(first);
    clock.advance(3 * 3_600_000);
    const third = await exchange(second.token, LOCAL_1);
    expect(third.body.token.expires_at).toBe('2026-01-03T03:04:05.000000Z');
    expect(third.body.token.issued_at).toBe('2026-01-03T02:04:05.000000Z');
    clock.advance(3_600_000);
    expect((await rejectionOf(exchange(third.token, LOCAL_1))).code).toBe('token-expired');
    clock.advance(-24 * 3_600_000);
  });

  it('is void with the password of the first, and refused for what is no token', async () => {
    const held = await tokenFor();
    const changed = directoryOf(IDENTITIES.replace(PASSWORD_HASH, PASSWORD_HASH.replace('$p504', '$p505')));
    present = changed;
    expect((await rejectionOf(exchange(held))).code).toBe('unauthenticated');
    present = directory;
    expect((await rejectionOf(exchange(held))).code).toBe('accepted');
    expect((await rejectionOf(exchange(`${held}x`))).code).toBe('unauthenticated');
  });
});
