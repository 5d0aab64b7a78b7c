import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ALPHA, GUEST, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const server = shareServer({
  mode: 'dev',
  listen: true,
  env: { CSMS_CONTROL_TOKEN: TOKEN, CSMS_LIMITS: 'secrets=50,tags=15' },
});
const OF_SERVER = {
  'requests-per-second': null,
  secrets: 50,
  versions: 20,
  stages: 12,
  tags: 15,
  events: 30,
  'value-bytes': 65_536,
};

const put = (body: object) => control(server, 'PUT', '/main/quota', { body });
const post = (path: string, body: object) => server.send({ method: 'POST', path, body });
const get = (path: string) => server.send({ method: 'GET', path });
const create = (name: string, value = 'x') => post(SECRETS, { name, secret_string: value });
const isRefused = async (sent: ReturnType<typeof post>, code: string) => {
  const { status, json } = await sent;
  return status === 400 && json.error_code === code;
};

afterEach(async () => {
  expect((await control(server, 'DELETE', '/main/quota')).status).toBe(204);
});

describe('the quota of a world', () => {
  it('is at first the server’s', async () => {
    expect(await control(server, 'GET', '/main/quota')).toMatchObject({ status: 200, json: OF_SERVER });
  });

  it('may be that of the real service', async () => {
    const huawei = {
      profile: 'huawei',
      'requests-per-second': 20,
      secrets: 500,
      versions: 20,
      stages: 12,
      tags: 20,
      events: 30,
      'value-bytes': 65_536,
    };
    expect((await put({ profile: 'huawei' })).json).toEqual(huawei);
    expect((await control(server, 'GET', '/main/quota')).json).toEqual(huawei);
  });

  it('may be in figures: what they leave out is the server’s, whatever was set before', async () => {
    await put({ profile: 'huawei' });
    expect((await put({ events: 2, 'value-bytes': 10 })).json).toEqual({
      ...OF_SERVER,
      events: 2,
      'value-bytes': 10,
    });
    expect((await put({ 'requests-per-second': 5 })).json).toEqual({
      ...OF_SERVER,
      'requests-per-second': 5,
    });
    await control(server, 'DELETE', '/main/quota');
    expect((await control(server, 'GET', '/main/quota')).json).toEqual(OF_SERVER);
  });

  it.each([
    [{ profile: 'other' }, /^profile /],
    [{ profile: 'huawei', secrets: 5 }, /^profile /],
    [{ secrets: 0 }, /^secrets /],
    [{ versions: 21 }, /^versions /],
    [{ 'value-bytes': 65_537 }, /^value-bytes /],
    [{ 'requests-per-second': 0 }, /^requests-per-second /],
    [{ tags: '5' }, /^tags /],
    [{ 'free-bytes': 1 }, /^free-bytes /],
    [{ valueBytes: 1 }, /^valueBytes /],
  ])('is refused by the name of the wrong member: %j', async (body, message) => {
    const { status, json } = await put(body);
    expect([status, json.error_code, json.error_msg]).toEqual([
      400,
      'invalid',
      expect.stringMatching(message),
    ]);
    expect((await control(server, 'GET', '/main/quota')).json).toEqual(OF_SERVER);
  });
});

describe('a quota', () => {
  /** The path of a secret's tags, which has its id. */
  let tagsPath: string;

  beforeAll(async () => {
    for (const name of ['one', 'two', 'three']) expect((await create(name)).status).toBe(200);
    for (let count = 0; count < 6; count += 1) {
      await post(`${SECRETS}/one/versions`, { secret_string: 'x', version_stages: [`stage-${count}`] });
    }
    const tags = ['a', 'b', 'c'].map((key) => ({ key, value: '' }));
    tagsPath = `/v1/${ALPHA}/csms/${(await get(`${SECRETS}/one`)).json.secret.id}/tags`;
    const tagged = await post(`${tagsPath}/action`, { action: 'create', tags });
    expect(tagged.status).toBe(204);
  });

  it('is for what comes: what is there stays', async () => {
    await put({ secrets: 1, versions: 4, stages: 3, tags: 1, events: 1, 'value-bytes': 1 });
    expect((await get(SECRETS)).json.secrets).toHaveLength(3);
    expect((await get(`${SECRETS}/one/versions`)).json.version_metadatas).toHaveLength(7);
    expect((await get(tagsPath)).json.tags).toHaveLength(3);
    expect(await isRefused(create('four'), 'CSMS.0202')).toBe(true);
    const stages = `${SECRETS}/one/stages`;
    const move = (name: string, version: string) =>
      server.send({ method: 'PUT', path: `${stages}/${name}`, body: { version_id: version } });
    expect((await move('stage-0', 'v3')).status).toBe(200);
    expect(await isRefused(move('stage-9', 'v3'), 'CSMS.0203')).toBe(true);
    const tag = (key: string) => post(tagsPath, { tag: { key, value: 'new' } });
    expect((await tag('a')).status).toBe(204);
    expect(await isRefused(tag('d'), 'CSMS.0002')).toBe(true);
    expect(await isRefused(post(`${SECRETS}/two/versions`, { secret_string: 'xx' }), 'CSMS.0002')).toBe(true);
    expect((await get(`${SECRETS}/one/versions/v7`)).json.version.secret_string).toBe('x');
    await control(server, 'DELETE', '/main/quota');
    expect((await create('four')).status).toBe(200);
  });

  it('bounds a secret’s stages by their number, wherever the present ones are', async () => {
    await server.send({ method: 'DELETE', path: `${SECRETS}/one/stages/stage-0` });
    await server.send({ method: 'DELETE', path: `${SECRETS}/one/stages/stage-1` });
    await put({ stages: 6 });
    const place = (name: string) =>
      server.send({ method: 'PUT', path: `${SECRETS}/one/stages/${name}`, body: { version_id: 'v3' } });
    expect(await isRefused(place('stage-9'), 'CSMS.0203')).toBe(true);
    await put({ stages: 7 });
    expect((await place('stage-9')).status).toBe(200);
    expect(await isRefused(place('stage-10'), 'CSMS.0203')).toBe(true);
  });

  it('of versions lets the oldest without a stage make room, and those with one stay beyond it', async () => {
    await put({ versions: 4 });
    const numbers = async (name: string) =>
      (await get(`${SECRETS}/${name}/versions`)).json.version_metadatas.map(({ id }: { id: string }) => id);
    expect((await create('short')).status).toBe(200);
    for (let count = 0; count < 5; count += 1) {
      expect((await post(`${SECRETS}/short/versions`, { secret_string: 'x' })).status).toBe(200);
    }
    expect((await numbers('short')).sort()).toEqual(['v3', 'v4', 'v5', 'v6']);
    expect((await create('staged')).status).toBe(200);
    for (let count = 0; count < 6; count += 1) {
      const body = { secret_string: 'x', version_stages: [`stage-${count}`] };
      expect((await post(`${SECRETS}/staged/versions`, body)).status).toBe(200);
    }
    expect(await numbers('staged')).toHaveLength(7);
  });

  it('of events ends with them', async () => {
    await put({ events: 1 });
    const event = (name: string) =>
      post(`/v1/${ALPHA}/csms/events`, {
        name,
        event_types: ['SECRET_ROTATED'],
        state: 'ENABLED',
        notification: { target_type: 'SMN', target_id: `urn:smn:local-1:${ALPHA}:ops`, target_name: 'ops' },
      });
    expect((await event('first')).status).toBe(200);
    expect(await isRefused(event('second'), 'CSMS.0202')).toBe(true);
  });

  it('may change while requests run: each holds to one or the other', async () => {
    const statuses: number[] = [];
    const changing = Array.from({ length: 20 }, (_, index) =>
      put({ 'value-bytes': index % 2 === 0 ? 1 : 10 }),
    );
    const running = Array.from({ length: 40 }, async () => {
      statuses.push((await post(`${SECRETS}/three/versions`, { secret_string: 'four' })).status);
    });
    await Promise.all([...changing, ...running]);
    expect(statuses.filter((status) => status !== 200 && status !== 400)).toEqual([]);
  });
});

describe('requests per second', () => {
  // Nothing comes back while time stands still.
  const inOneMoment = async (work: () => Promise<void>) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    await work().finally(() => vi.useRealTimers());
  };
  const allowed = async (count: number, user?: typeof GUEST) => {
    let passed = 0;
    for (let index = 0; index < count; index += 1) {
      const { status, headers, json } = await server.send({ method: 'GET', path: SECRETS }, user);
      if (status === 200) passed += 1;
      else expect([status, json.error_code, headers['retry-after']]).toEqual([429, 'APIGW.0308', '1']);
    }
    return passed;
  };

  it('are counted for each user', () =>
    inOneMoment(async () => {
      await put({ profile: 'huawei' });
      expect(await allowed(25)).toBe(20);
      expect(await allowed(25, GUEST)).toBe(20);
      await put({ 'requests-per-second': 3 });
      expect(await allowed(5)).toBe(3);
      await control(server, 'DELETE', '/main/quota');
      expect(await allowed(30)).toBe(30);
    }));

  it('do not count against the control API', () =>
    inOneMoment(async () => {
      await put({ 'requests-per-second': 1 });
      for (let count = 0; count < 5; count += 1) {
        expect((await control(server, 'GET', '/main/quota')).status).toBe(200);
      }
    }));
});
