import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, GUEST, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const CHOSEN = 'chosen-password-1';

const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

async function fork(name: string, password?: string) {
  const credentials = password === undefined ? {} : { password };
  const { json, status } = await control(server, 'POST', '', { body: { name, credentials } });
  expect([status, json.error_msg]).toEqual([201, undefined]);
  return json;
}

const drop = (name: string) => control(server, 'DELETE', `/${name}`);

function logIn(password: string, name = ADMIN.name) {
  const user = { name, password, domain: { name: ADMIN.domainName } };
  const identity = { methods: ['password'], password: { user } };
  const body = { auth: { identity, scope: { project: { id: ALPHA } } } };
  return server.sendUnsigned({ method: 'POST', path: '/v3/auth/tokens', body });
}

async function tokenFor(password: string, name = ADMIN.name): Promise<string> {
  const { headers, status } = await logIn(password, name);
  expect(status).toBe(201);
  return String(headers['x-subject-token']);
}

const statusWith = async (token: string) =>
  (await server.sendUnsigned({ method: 'GET', path: SECRETS, headers: { 'x-auth-token': token } })).status;

describe('a token', () => {
  it('ends with its world: another one of that name, with the same password, is another', async () => {
    const seed = 'csms: 1\nusers: [{ name: reader, password: reader-password }]\n';
    const make = async () => {
      const { credentials } = await fork('again', CHOSEN);
      expect((await control(server, 'PUT', '/again/seed', { body: seed })).status).toBe(200);
      return [credentials.token, await tokenFor(CHOSEN), await tokenFor('reader-password', 'reader')];
    };
    const former = await make();
    expect((await control(server, 'POST', '/again/reset')).status).toBe(200);
    expect(await Promise.all(former.slice(0, 2).map(statusWith))).toEqual([200, 200]);
    await drop('again');
    const present = await make();
    expect(await Promise.all(former.map(statusWith))).toEqual([401, 401, 401]);
    expect(await Promise.all(present.map(statusWith))).toEqual([200, 200, 200]);
    await drop('again');
  });
});

describe('wrong passwords', () => {
  it('hold back main as ever, and forks not: nobody meant them', async () => {
    const made = await fork('made');
    await fork('chosen', CHOSEN);
    const wrong = async () => (await logIn('wrong-password')).status;
    const refusals = [];
    for (let failure = 0; failure < 12; failure += 1) refusals.push(await wrong());
    expect(refusals).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    expect((await logIn(ADMIN.password)).status).toBe(429);
    expect((await logIn(CHOSEN)).status).toBe(201);
    expect(new Set(await Promise.all(Array.from({ length: 200 }, wrong)))).toEqual(new Set([429]));
    // A hundred guesses are enough at what a person may have thought of, and none are at what is random.
    expect((await logIn(CHOSEN)).status).toBe(429);
    expect((await logIn(made.credentials.password)).status).toBe(201);
    const reset = (await control(server, 'POST', '/made/reset')).json;
    expect((await logIn(reset.credentials.password)).status).toBe(201);
    const second = (await control(server, 'POST', '', { body: { name: 'second', from: 'chosen' } })).json;
    expect((await logIn(second.credentials.password)).status).toBe(201);
    for (const name of ['made', 'chosen', 'second']) await drop(name);
  });

  it('count for a user of a seed as the password came about', async () => {
    await fork('seeded');
    const users = '[{ name: reader, password: reader-password }, { name: writer }]';
    const seed = `csms: 1\nusers: ${users}\n`;
    // Applied again, both keep what they have.
    for (const _ of [1, 2])
      expect((await control(server, 'PUT', '/seeded/seed', { body: seed })).status).toBe(200);
    const { json } = await control(server, 'GET', '/seeded');
    const passwordOf = (user: string) =>
      json.users.find(({ name }: { name: string }) => name === user).password;
    for (const name of ['reader', 'writer']) {
      for (let failure = 0; failure < 110; failure += 1) await logIn('wrong-password', name);
      const { status } = await logIn(passwordOf(name), name);
      expect([name, status]).toEqual([name, name === 'reader' ? 429 : 201]);
    }
    await drop('seeded');
  });
});

describe('a password of main', () => {
  const change = async (password: string) => {
    const token = await tokenFor(GUEST.password, GUEST.name);
    const path = '/v1/csms/users/change-password';
    const body = { old_password: GUEST.password, password };
    return server.sendUnsigned({ method: 'POST', path, body, headers: { 'x-auth-token': token } });
  };

  it('cannot become that of the user in a fork, where a login with it would lead', async () => {
    const { users } = await fork('taken');
    const { password } = users.find(({ name }: { name: string }) => name === GUEST.name);
    const refused = await change(password);
    expect(refused).toMatchObject({ status: 400, json: { error_code: 'CSMS.0002' } });
    expect(refused.json.error_msg).not.toContain(password);
    expect((await logIn(GUEST.password, GUEST.name)).status).toBe(201);
    await drop('taken');
    expect((await change(password)).status).toBe(200);
  });
});
