import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../support/exchange.ts';
import {
  ADMIN,
  ALPHA,
  GUEST,
  member,
  OUTSIDER,
  shareServer,
  startTestServer,
  type TestUser,
} from '../../support/server.ts';
import { INVALID, loginBody, NOT_THERE, ok, problem, stopClock } from '../calls.ts';

const server = shareServer();

const users = '/v1/csms/users';
const get = (path: string, user: TestUser = ADMIN) => server.send({ method: 'GET', path }, user);
const change = (body: unknown, user: TestUser = GUEST) =>
  server.send({ method: 'POST', path: `${users}/change-password`, body }, user);
const login = (user: TestUser, password: string, at = server): Promise<Answer> =>
  at.sendUnsigned({
    method: 'POST',
    path: '/v3/auth/tokens',
    body: loginBody(user, { project: { id: ALPHA } }, password),
  });
const listed = ({ id, name, domainId }: TestUser) => ({
  user_id: id,
  user_name: name,
  name,
  org_id: domainId,
  pwd_must_modify: false,
  user_org_relation_list: [],
  disabled: 'false',
  locked: 'false',
});

describe('ListUsers', () => {
  it('lists the users of the caller’s domain', async () => {
    expect(ok(await get(`${users}?offset=0&limit=10`))).toEqual({
      total: 2,
      users: [ADMIN, GUEST].map(listed),
    });
    expect(ok(await get(`${users}?offset=0&limit=100`, OUTSIDER))).toEqual({
      total: 1,
      users: [listed(OUTSIDER)],
    });
  });

  it.each([
    ['offset=1&limit=10', []],
    ['offset=0&limit=10&user_info=UES', ['guest']],
    ['offset=0&limit=10&user_info=', ['admin', 'guest']],
    [`offset=0&limit=10&org_id=${ADMIN.domainId}`, ['admin', 'guest']],
    [`offset=0&limit=10&org_id=${OUTSIDER.domainId}`, []],
    ['offset=0&limit=10&org_id=', ['admin', 'guest']],
  ])('with %s has %j', async (query, names) => {
    const answer = ok(await get(`${users}?${query}`));
    expect(answer.users.map((user: { name: string }) => user.name)).toEqual(names);
  });
});

describe('ShowUserDetail', () => {
  it('shows a user of the domain, with types of its own', async () => {
    expect(ok(await get(`${users}/${GUEST.id}`))).toEqual({
      ...listed(GUEST),
      disabled: false,
      domain_id: GUEST.domainId,
    });
  });

  it.each([OUTSIDER.id, 'absent', 'change-password', '%00', 'x'.repeat(2_000)])(
    'has nothing to show of %s',
    async (id) => {
      const answer = await get(`${users}/${id}`);
      expect(problem(answer)).toEqual(NOT_THERE);
      expect(answer.json.error).toBeUndefined();
    },
  );
});

describe('a disabled user', () => {
  const left = member('left');
  const withLeft = shareServer({ identities: { users: { left: { policies: [], isDisabled: true } } } });

  it('is shown as one, with the type of each call', async () => {
    const list = ok(await withLeft.send({ method: 'GET', path: `${users}?offset=0&limit=10` }, ADMIN));
    expect(list.users.map(({ disabled }: { disabled: string }) => disabled)).toEqual([
      'false',
      'false',
      'true',
    ]);
    const shown = ok(await withLeft.send({ method: 'GET', path: `${users}/${left.id}` }, ADMIN));
    expect(shown.disabled).toBe(true);
  });
});

describe('UpdateUserPassword', () => {
  const file = () => readFileSync(join(server.directory, 'identities.yaml'), 'utf8');
  const next = 'Next-passphrase-8d3w';

  it('gives the caller another password: old logins and tokens are void, access keys stay', async () => {
    const before = file();
    const token = (await login(GUEST, GUEST.password)).headers['x-subject-token'] ?? '';
    const withToken = () =>
      server.sendUnsigned({
        method: 'GET',
        path: `/v1/${ALPHA}/secrets`,
        headers: { 'x-auth-token': token },
      });
    expect((await withToken()).status).toBe(200);
    expect(ok(await change({ old_password: GUEST.password, password: next }))).toEqual({ user_id: GUEST.id });
    expect((await withToken()).status).toBe(401);
    expect((await login(GUEST, GUEST.password)).status).toBe(401);
    expect((await login(GUEST, next)).status).toBe(201);
    expect((await login(ADMIN, ADMIN.password)).status).toBe(201);
    ok(await get(`${users}/${GUEST.id}`, GUEST));
    // One line of the file is another one, and it holds no password.
    const [old, present] = [before.split('\n'), file().split('\n')];
    expect(present.filter((line, at) => line !== old[at])).toEqual([
      expect.stringMatching(/^ +password: "\$scrypt\$ln=16,/),
    ]);
    expect(present).toHaveLength(old.length);
    expect(file()).not.toContain(next);
    expect(statSync(join(server.directory, 'identities.yaml')).mode & 0o777).toBe(0o600);
  });

  it('holds over a reload, and can be called with a token', async () => {
    await server.composed.reload();
    const token = (await login(GUEST, next)).headers['x-subject-token'] ?? '';
    const answer = await server.sendUnsigned({
      method: 'POST',
      path: `${users}/change-password`,
      headers: { 'x-auth-token': token },
      body: { old_password: next, password: GUEST.password },
    });
    expect(ok(answer)).toEqual({ user_id: GUEST.id });
    expect((await login(GUEST, GUEST.password)).status).toBe(201);
  });

  it.each([
    ['a wrong old password', { old_password: 'wrong', password: next }, 'old_password'],
    [
      'a weak password',
      { old_password: GUEST.password, password: 'Passw0rd' },
      'password must be hard to guess',
    ],
    [
      'the same password',
      { old_password: GUEST.password, password: GUEST.password },
      'password must be another one',
    ],
  ])('refuses %s, and leaves the file alone', async (_, body, named) => {
    const before = file();
    const answer = await change(body);
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain(named);
    expect(file()).toBe(before);
  });

  it('carries out one of two at the same moment', async () => {
    const answers = await Promise.all(
      ['One-passphrase-2f6h', 'Two-passphrase-5j9l'].map((password) =>
        change({ old_password: GUEST.password, password }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(problem(answers.find(({ status }) => status === 400)!)).toEqual([400, 'CSMS.0003']);
  });
});

describe('too many wrong old passwords', () => {
  it('are refused, and so are logins from there', async () => {
    stopClock();
    const other = await startTestServer();
    const send = (old_password: string) =>
      other.send({
        method: 'POST',
        path: `${users}/change-password`,
        body: { old_password, password: 'gX4kW9bZ2fM7' },
      });
    for (let count = 0; count < 10; count += 1) expect((await send('wrong')).status).toBe(400);
    expect(problem(await send(ADMIN.password))).toEqual([429, 'APIGW.0308']);
    expect((await login(ADMIN, ADMIN.password, other)).status).toBe(429);
    await other.close();
  });
});
