import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ALPHA,
  BETA,
  GAMMA,
  GUEST,
  shareServer,
  startTestServer,
  type TestServer,
} from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const env = { CSMS_CONTROL_TOKEN: TOKEN };
const server = shareServer({ mode: 'dev', listen: true, env });
const SECRETS = `/v1/${ALPHA}/secrets`;
const CANARY = 'canary-value-5d1f';

const ask = (query = '', on: Pick<TestServer, 'baseUrl'> = server) =>
  control(on, 'GET', `/main/requests${query}`);
const clear = () => control(server, 'DELETE', '/main/requests');
const create = (name: string) =>
  server.send({ method: 'POST', path: SECRETS, body: { name, secret_string: CANARY } });
const show = (name: string, query = '') => server.send({ method: 'GET', path: `${SECRETS}/${name}${query}` });
const namesOf = (answer: Awaited<ReturnType<typeof ask>>) =>
  answer.json.requests.map(({ name }: { name: string | null }) => name);

/** What has happened once the list has another request. */
async function next(act: () => Promise<unknown>) {
  const { last } = (await ask()).json;
  await act();
  const { status, json } = await ask(`?since=${last}&wait=30s`);
  expect(status).toBe(200);
  return json.requests;
}

describe('the list of requests', () => {
  it('has what was asked, with the members of the contract and no others', async () => {
    const [entry, ...others] = await next(() => show('absent', '?x=canary'));
    expect(others).toEqual([]);
    expect(entry).toEqual({
      seq: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      operation: 'ShowSecret',
      method: 'GET',
      path: `${SECRETS}/absent`,
      name: 'absent',
      user: 'admin',
      status: 404,
      error_code: 'CSMS.0106',
      fault: null,
      duration_ms: expect.any(Number),
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(Object.keys(entry)[0]).toBe('seq');
  });

  it('takes the name from the body of a new secret, and has no body, header or query', async () => {
    const [entry] = await next(() => create('from-body'));
    expect(entry).toMatchObject({
      operation: 'CreateSecret',
      name: 'from-body',
      status: 200,
      error_code: null,
    });
    const [list] = await next(() => server.send({ method: 'GET', path: `${SECRETS}?limit=1` }));
    expect(list).toMatchObject({ operation: 'ListSecrets', path: SECRETS, name: null });
    expect((await ask()).text).not.toMatch(/canary|limit|AK|Authorization/i);
  });

  it.each([
    ['a wrong body', { method: 'POST', path: SECRETS, body: { name: 7 } }, 400, null],
    ['a wrong name', { method: 'GET', path: `${SECRETS}/${'x'.repeat(65)}` }, 400, null],
    ['another project', { method: 'GET', path: `/v1/${GAMMA}/secrets/of-others` }, 403, 'of-others'],
  ] as const)('has a request that was refused for %s', async (_, request, status, name) => {
    const [entry] = await next(() => server.send(request));
    expect(entry).toMatchObject({ status, name, error_code: expect.stringMatching(/^(CSMS|APIGW)\./) });
  });

  it('has a request that was one too many', async () => {
    await control(server, 'PUT', '/main/quota', { body: { 'requests-per-second': 1 } });
    const entries = await next(() => Promise.all(['a', 'b', 'c'].map((name) => show(name))));
    await control(server, 'DELETE', '/main/quota');
    const { requests } = (await ask(`?since=${entries[0].seq - 1}&status=429`)).json;
    expect(requests[0]).toMatchObject({ operation: 'ShowSecret', user: 'admin', error_code: 'APIGW.0308' });
  });

  it('has no request of nobody', async () => {
    const { last } = (await ask()).json;
    expect((await server.sendUnsigned({ method: 'GET', path: SECRETS })).status).toBe(401);
    await server.sendUnsigned({ method: 'GET', path: '/readyz' });
    await ask();
    expect((await ask()).json.last).toBe(last);
  });

  it('is in the order in which requests end', async () => {
    await clear();
    const path = `${SECRETS}/slow/versions`;
    const request = { method: 'POST', path, body: { secret_string: CANARY } } as const;
    const body = JSON.stringify(request.body);
    const headers = { ...server.sign(request), 'content-length': body.length, expect: '100-continue' };
    const slow = httpRequest(`${server.baseUrl}${path}`, { method: 'POST', headers });
    slow.flushHeaders();
    await once(slow, 'continue');
    await show('quick');
    slow.end(body);
    await once(slow, 'response');
    expect(namesOf(await ask('?count=2&wait=30s'))).toEqual(['quick', 'slow']);
  });

  it('has a request whose client went before its response, without a status', async () => {
    await create('leaving');
    const [entry] = await next(async () => {
      const path = `${SECRETS}/leaving`;
      const headers = Object.entries(server.sign({ method: 'GET', path })).map(
        ([name, value]) => `${name}: ${value}`,
      );
      const socket = connect(Number(new URL(server.baseUrl).port), '127.0.0.1');
      await once(socket, 'connect');
      // The reset has arrived before there is a response.
      server.app.server.once('request', () => socket.resetAndDestroy());
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${new URL(server.baseUrl).host}\r\n${headers.join('\r\n')}\r\n\r\n`,
      );
    });
    expect(entry).toMatchObject({ name: 'leaving', status: null, error_code: null, fault: null });
  });

  it.each([
    ['a status', { status: 503 }, { status: 503, error_code: 'APIGW.0201' }],
    ['a reset', { reset: true }, { status: null, error_code: null }],
    [
      'a status behind what was done',
      { status: 500, when: 'after' },
      { status: 500, error_code: 'CSMS.0001' },
    ],
    ['a reset behind what was done', { reset: true, when: 'after' }, { status: null, error_code: null }],
    ['lateness', { latency: '1ms' }, { status: 404, error_code: 'CSMS.0106' }],
  ])('says which fault a request met: %s', async (_, fault, shown) => {
    const body = { operation: 'ShowSecret', name: 'faulty', times: 1, ...fault };
    const { id } = (await control(server, 'POST', '/main/faults', { body })).json;
    const path = `${SECRETS}/faulty`;
    const headers = server.sign({ method: 'GET', path });
    const [entry] = await next(() => fetch(`${server.baseUrl}${path}`, { headers }).catch(() => undefined));
    expect(entry).toMatchObject({ operation: 'ShowSecret', name: 'faulty', fault: id, ...shown });
  });

  it('has the name of a new secret whose body was not checked', async () => {
    const body = { operation: 'CreateSecret', status: 503, times: 1 };
    await control(server, 'POST', '/main/faults', { body });
    const [entry] = await next(() => create('never-made'));
    expect(entry).toMatchObject({ name: 'never-made', status: 503, fault: expect.stringMatching(/^f\d+$/) });
  });

  it('does not take for a name what has not the form of one', async () => {
    const [entry] = await next(() => create('canary value'));
    expect(entry).toMatchObject({ operation: 'CreateSecret', name: null, status: 400 });
  });

  it('is emptied, and counts on', async () => {
    await show('a');
    const { last } = (await ask('?wait=30s')).json;
    const emptied = await clear();
    expect([emptied.status, emptied.text]).toEqual([204, '']);
    expect((await ask()).json).toEqual({ requests: [], last });
    await show('b');
    expect((await ask('?wait=30s')).json).toMatchObject({ requests: [{ seq: last + 1 }], last: last + 1 });
  });
});

describe('a query', () => {
  it.each([
    ['operation=Show*', ['one', 'two']],
    ['operation=ListSecrets', [null]],
    ['method=GET&name=*o*', ['one', 'two']],
    [`path=/v1/*/secrets/one`, ['one']],
    ['name=null', [null]],
    ['user=guest', ['two']],
    ['status=2xx', [null]],
    ['status=404', ['one', 'two']],
    ['status=4xx&user=admin', ['one']],
    ['error_code=CSMS.*', ['one', 'two']],
    ['fault=*', []],
    ['request_id=*', ['one', null, 'two']],
  ])('%s', async (query, names) => {
    await clear();
    await show('one');
    await server.send({ method: 'GET', path: SECRETS });
    await server.send({ method: 'GET', path: `${SECRETS}/two` }, GUEST);
    expect(namesOf(await ask(`?${query}`))).toEqual(names);
    const { requests, last } = (await ask()).json;
    expect(namesOf(await ask(`?since=${last - 1}`))).toEqual(['two']);
    expect(namesOf(await ask(`?seq=${requests[0].seq}`))).toEqual(['one']);
  });

  it.each([
    ['at=x', 'at'],
    ['duration_ms=1', 'duration_ms'],
    ['bogus=1', 'bogus'],
    ['since=x', 'since'],
    ['since=-1', 'since'],
    ['count=0', 'count'],
    ['count=10001', 'count'],
    ['wait=61s', 'wait'],
    ['wait=1', 'wait'],
    ['wait=', 'wait'],
    ['name=a&name=b', 'name'],
    ['status=9xx9', 'status'],
    ['status=9xx', 'status'],
    ['status=SUCCESS', 'status'],
    ['status=4x*', 'status'],
    ['status=', 'status'],
  ])('%s is refused by its name', async (query, member) => {
    const { status, json } = await ask(`?${query}`);
    expect([status, json.error_code]).toEqual([400, 'invalid']);
    expect(json.error_msg).toMatch(new RegExp(`^${member}\\b`));
  });

  it('of a world that is not there finds none', async () => {
    expect((await control(server, 'GET', '/none/requests')).status).toBe(404);
  });
});

describe('a wait', () => {
  it('ends with the last request that was wanted', async () => {
    await clear();
    const wait = ask('?name=wanted&count=2&wait=30s');
    for (const name of ['wanted', 'other', 'wanted']) await show(name);
    const { status, json } = await wait;
    expect([status, json.requests.map(({ name }: { name: string }) => name)]).toEqual([
      200,
      ['wanted', 'wanted'],
    ]);
  });

  it('ends with 408 and what there is', async () => {
    await clear();
    await show('once');
    const { status, json } = await ask('?name=once&count=2&wait=250ms');
    expect(status).toBe(408);
    expect(json).toEqual({
      requests: [expect.objectContaining({ name: 'once' })],
      last: expect.any(Number),
      error_code: 'timeout',
      error_msg: 'fewer entries than count fit',
    });
  });

  it('of no time asks whether there is enough', async () => {
    await clear();
    expect((await ask('?wait=0s')).status).toBe(408);
    await show('x');
    expect((await ask('?wait=0s')).status).toBe(200);
  });

  it('is forgotten when its client goes', async () => {
    const leave = new AbortController();
    const waits = Array.from({ length: 100 }, () =>
      control(server, 'GET', '/main/requests?name=never&wait=60s', { signal: leave.signal }).catch(
        () => 'gone',
      ),
    );
    const { json } = await ask('?name=never&wait=1s');
    expect(json.error_msg).toBe('fewer entries than count fit');
    leave.abort();
    expect(new Set(await Promise.all(waits))).toEqual(new Set(['gone']));
    const others = Array.from({ length: 100 }, () => ask('?name=at-last&wait=30s'));
    await show('at-last');
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
  });

  it('has one of 128 places: who comes later does not wait, and others are served', async () => {
    const waits = Array.from({ length: 128 }, () => ask('?name=crowd&wait=60s'));
    let refused = await ask('?name=crowd&wait=1s');
    while (refused.json.error_msg !== '128 requests wait already') refused = await ask('?name=crowd&wait=1s');
    expect(refused).toMatchObject({ status: 408, json: { requests: [], error_code: 'timeout' } });
    expect((await ask()).status).toBe(200);
    await show('crowd');
    for (const { status } of await Promise.all(waits)) expect(status).toBe(200);
  });

  it('is answered when the server stops', async () => {
    const other = await startTestServer({ mode: 'dev', listen: true, env });
    const waits = ['requests', 'notifications'].map((noun) =>
      control(other, 'GET', `/main/${noun}?wait=60s`),
    );
    // Both are there before a later one is answered.
    await ask('?wait=1s', other);
    const beginMs = performance.now();
    await other.close();
    for (const { status, json } of await Promise.all(waits)) {
      expect([status, json.error_code, json.error_msg]).toEqual([408, 'timeout', 'the server stops']);
    }
    expect(performance.now() - beginMs).toBeLessThan(30_000);
  });
});

describe('the log', () => {
  it('has no failure of the control API, and nothing of what it was asked', () => {
    expect(server.logText()).not.toMatch(/control failed/);
    expect(server.logText()).not.toContain(CANARY);
  });
});

describe('requests of a project', () => {
  it('that has no such secret are listed as any', async () => {
    const [entry] = await next(() => server.send({ method: 'GET', path: `/v1/${BETA}/secrets/x` }));
    expect(entry).toMatchObject({ path: `/v1/${BETA}/secrets/x`, status: 404 });
  });
});
