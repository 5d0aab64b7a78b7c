import { beforeAll, describe, expect, it } from 'vitest';
import type { TestRequest } from '../support/exchange.ts';
import { ADMIN, ALPHA, shareServer, type TestUser } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });
const LIST: TestRequest = { method: 'GET', path: SECRETS };

/** Makes a copy of a world, and returns its first user. */
async function fork(name: string, from = 'main'): Promise<TestUser> {
  const { status, json } = await control(server, 'POST', '', { body: { name, from } });
  expect(status).toBe(201);
  const { ak, sk } = json.credentials;
  return { ...ADMIN, accessKeyId: ak, secretKey: sk };
}
const put = (path: string, body: object) => control(server, 'PUT', path, { body });
const post = async (path: string, body: object = {}) => {
  const { status, json } = await control(server, 'POST', path, { body });
  expect(status).toBeLessThan(300);
  return json;
};
const statusFor = async (user: TestUser) => (await server.send(LIST, user)).status;
const faultsOf = async (world: string) => (await control(server, 'GET', `/${world}/faults`)).json.faults;

describe('faults and quota of a fork', () => {
  let user: TestUser;
  beforeAll(async () => {
    await post('/main/faults', { operation: 'ListSecrets', name: 'nobody', status: 500 });
    await put('/main/quota', { secrets: 7 });
    user = await fork('one');
  });

  it('begin empty, and are no other world’s', async () => {
    expect(await faultsOf('one')).toEqual([]);
    expect((await control(server, 'GET', '/one/quota')).json.secrets).toBe(5_000);
    await post('/one/faults', { operation: 'ListSecrets', status: 503 });
    await put('/one/quota', { secrets: 3 });
    expect([await statusFor(user), await statusFor(ADMIN)]).toEqual([503, 200]);
    expect((await control(server, 'GET', '/main/quota')).json.secrets).toBe(7);
    const other = await fork('two', 'one');
    expect(await statusFor(other)).toBe(200);
    expect((await control(server, 'GET', '/two/quota')).json.secrets).toBe(5_000);
  });

  it('begin again with a reset', async () => {
    expect(await faultsOf('one')).toHaveLength(1);
    await post('/one/reset');
    expect(await faultsOf('one')).toEqual([]);
    expect((await control(server, 'GET', '/one/quota')).json.secrets).toBe(5_000);
    expect(await statusFor(user)).toBe(200);
  });

  it('count the requests of its users apart from those of the same users elsewhere', async () => {
    await put('/one/quota', { 'requests-per-second': 1 });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => statusFor(user)));
    expect(statuses).toContain(429);
    expect(await statusFor(ADMIN)).toBe(200);
    await control(server, 'DELETE', '/one/quota');
  });

  it('are seen in its list of requests', async () => {
    const { id } = await post('/one/faults', { operation: 'ShowSecret', name: 'x', status: 503 });
    const reset = await post('/one/faults', { operation: 'ShowSecret', name: 'y', reset: true });
    await server.send({ method: 'GET', path: `${SECRETS}/x` }, user);
    const gone: TestRequest = { method: 'GET', path: `${SECRETS}/y` };
    await expect(
      fetch(`${server.baseUrl}${gone.path}`, { headers: server.sign(gone, user) }),
    ).rejects.toThrow();
    const { json } = await control(server, 'GET', '/one/requests?operation=ShowSecret&wait=5s&count=2');
    expect(json.requests).toMatchObject([
      { name: 'x', fault: id, status: 503, error_code: 'APIGW.0201' },
      { name: 'y', fault: reset.id, status: null, error_code: null },
    ]);
  });

  it('let a request that waits end when the world is deleted', async () => {
    const leaving = await fork('leaving');
    await post('/leaving/faults', { latency: '300ms' });
    const sent = statusFor(leaving);
    await expect.poll(async () => (await faultsOf('leaving'))[0].hits, { timeout: 30_000 }).toBe(1);
    expect((await control(server, 'DELETE', '/leaving')).status).toBe(204);
    expect([200, 503]).toContain(await sent);
  });

  it('spoil what it tells and rotates, in its own time', async () => {
    const rotating = await fork('rotating');
    await post('/rotating/clock/freeze');
    const send = async (path: string, body: object) => {
      const answer = await server.send({ method: 'POST', path, body }, rotating);
      expect(answer.status).toBe(200);
    };
    const notification = {
      target_type: 'SMN',
      target_id: `urn:smn:local-1:${ALPHA}:ops`,
      target_name: 'ops',
    };
    const event_types = ['SECRET_ROTATED', 'SECRET_ROTATED_FAILED'];
    await send(`/v1/${ALPHA}/csms/events`, { name: 'alarm', event_types, state: 'ENABLED', notification });
    for (const name of ['db-1', 'db-2']) {
      await send(SECRETS, {
        name,
        secret_string: '{"username": "app", "password": "First-Pw1!"}',
        secret_type: 'RDS-FG',
        auto_rotation: true,
        rotation_period: '30d',
        rotation_func_urn: `urn:fss:local-1:${ALPHA}:function:default:rotate`,
        rotation_config: '{"InstanceId": "db1", "SecretSubType": "SingleUser"}',
        event_subscriptions: ['alarm'],
      });
    }
    await post('/rotating/faults', { operation: 'Rotate.test', name: 'db-1', status: 400 });
    await post('/rotating/faults', { operation: 'Rotate.set', name: 'db-2', status: 503, times: 2 });
    await post('/rotating/faults', { operation: 'Notify', name: 'db-2', reset: true, times: 3 });
    const { fired, settled } = await post('/rotating/clock/advance', { by: '721h' });
    expect(settled).toBe(true);
    const kinds = fired.map(({ type, name, status }: Record<string, string>) => [type, name, status]);
    expect(kinds).toContainEqual(['SECRET_ROTATED_FAILED', 'db-1', undefined]);
    expect(kinds).toContainEqual(['SECRET_ROTATED', 'db-2', undefined]);
    expect(kinds).toContainEqual(['NOTIFICATION', 'db-2', 'SUCCESS']);
    expect((await faultsOf('rotating')).map(({ hits }: { hits: number }) => hits)).toEqual([1, 2, 3]);
    const { json } = await control(server, 'GET', '/rotating/notifications');
    expect(json.notifications).toMatchObject([
      { name: 'db-1', event_type: 'SECRET_ROTATED_FAILED', status: 'SUCCESS', attempts: 1 },
      { name: 'db-2', event_type: 'SECRET_ROTATED', status: 'SUCCESS', attempts: 4 },
    ]);
  });
});
