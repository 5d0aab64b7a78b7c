import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, shareServer } from '../support/server.ts';
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
