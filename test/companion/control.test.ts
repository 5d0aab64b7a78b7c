import { describe, expect, it } from 'vitest';
import { createControl } from '../../src/companion/control/app.ts';
import { createProtection } from '../../src/companion/control/protection.ts';
import type { TestWorlds } from '../../src/companion/worlds/test-worlds.ts';
import { createLog, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const server = shareServer({
  mode: 'dev',
  listen: true,
  env: { CSMS_CONTROL_TOKEN: TOKEN, CSMS_CONTROL_HOSTS: 'ci.example' },
});

it.each(['a b', 'ci.example:4280', 'ci.example,/'])('its hosts are not %s', (hosts) => {
  expect(() => createProtection({ token: TOKEN, hosts })).toThrow(
    /^CSMS_CONTROL_HOSTS must be a list of host/,
  );
});

describe('the control API', () => {
  it('lists main first, with its clock', async () => {
    const { status, json } = await control(server, 'GET', '');
    expect(status).toBe(200);
    expect(json.worlds).toEqual([
      { name: 'main', from: null, ttl: null, clock: { now: expect.stringMatching(/Z$/), frozen: false } },
    ]);
  });

  it.each([
    ['127.0.0.1:4280', 200],
    ['[::1]:4280', 200],
    ['csms', 200],
    ['csms.localhost', 200],
    ['host.docker.internal:4280', 200],
    ['ci.example', 200],
    ['rebound.example', 403],
    ['localhost.example', 403],
  ])('answers a request for %s with %i', async (host, status) => {
    expect((await control(server, 'GET', '', { headers: { host } })).status).toBe(status);
  });

  it.each([
    ['a page', { origin: 'http://127.0.0.1:4280' }, 403],
    ['a browser', { 'sec-fetch-site': 'none' }, 403],
    ['nobody', { authorization: '' }, 401],
    ['another token', { authorization: `Bearer ${TOKEN}x` }, 401],
  ])('refuses %s, whatever the path', async (_who, headers, status) => {
    for (const path of ['', '/main', '/none', '/main/none']) {
      const refused = await control(server, 'GET', path, { headers });
      expect([refused.status, refused.json.error_code]).toEqual([
        status,
        status === 403 ? 'forbidden' : 'unauthorized',
      ]);
      expect(Object.keys(refused.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });

  it('knows no other paths and worlds', async () => {
    for (const path of ['/none', '/main/none', '/none/clock']) {
      const { status, json } = await control(server, 'GET', path);
      expect([status, json.error_code]).toEqual([404, 'not-found']);
    }
  });

  it.each(['/%zz', '/%E0%A4%A/clock', `/${'a'.repeat(200)}`, `/${'a'.repeat(200)}/clock`])(
    'knows no path %s, and says so to who may call alone',
    async (path) => {
      const codes: unknown[] = [];
      for (const headers of [{}, { authorization: '' }, { authorization: '', origin: 'http://a.example' }]) {
        const { json, ...refused } = await control(server, 'GET', path, { headers });
        codes.push(refused.status, json.error_code, refused.headers['cache-control']);
      }
      const always = 'no-store';
      expect(codes).toEqual([
        404,
        'not-found',
        always,
        401,
        'unauthorized',
        always,
        403,
        'forbidden',
        always,
      ]);
    },
  );

  it.each(['', 'x', 'a/b/c;;', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data'])(
    'reads JSON as the Content-Type "%s"',
    async (type) => {
      const call = { body: '{"by": "0s", "none": 1}', headers: { 'content-type': type } };
      const { json, status } = await control(server, 'POST', '/main/clock/advance', call);
      expect([status, json.error_msg]).toEqual([400, 'none is not a member here']);
    },
  );

  it('says nothing of what failed inside, and logs where, without what a foreign error quotes', async () => {
    const lines: string[] = [];
    const failing = await createControl({
      checkAccess: () => undefined,
      worlds: {} as TestWorlds,
      log: createLog('error', lines),
      register: (app) => app.get('/_csms/fails', () => JSON.parse('"hunter2')),
    });
    const { body, statusCode } = await failing.inject('/_csms/fails');
    await failing.close();
    expect([statusCode, JSON.parse(body).error_code]).toEqual([500, 'internal']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'SyntaxError',
      stack: expect.stringMatching(/^ +at /),
    });
    expect([body, ...lines].join()).not.toContain('hunter2');
  });

  it('says that a body is too large to a client that sends all of it first', async () => {
    const body = 'x'.repeat(17 * 1_048_576);
    const { status, json } = await control(server, 'POST', '', { body });
    expect([status, json.error_code]).toEqual([413, 'too-large']);
    expect((await control(server, 'GET', '')).status).toBe(200);
  });
});
