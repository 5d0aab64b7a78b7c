import { describe, expect, it } from 'vitest';
import { ALPHA, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';
import { EXAMPLE, seedOf } from './seed-text.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const KMS = `/v1.0/${ALPHA}/kms`;
const options = { mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } } as const;
const server = shareServer(options);
const other = shareServer(options);
const T0 = Date.UTC(2030, 0, 1);
const DAY_MS = 86_400_000;

type Server = typeof server;
const put = (text: string, at: Server = server) => control(at, 'PUT', '/main/seed', { body: text });
const exported = async (at: Server = server) => (await control(at, 'GET', '/main/seed')).text;
const get = async (path: string, at: Server = server) => (await at.send({ method: 'GET', path })).json;
const post = (path: string, body: object) => server.send({ method: 'POST', path, body });
const secretNames = async () => (await get(SECRETS)).secrets.map(({ name }: { name: string }) => name);

describe('a seed', () => {
  it('makes secrets, keys and events as it says', async () => {
    expect((await put(EXAMPLE)).json).toEqual({ created: 6, replaced: 0, unchanged: 0 });
    const { secrets } = await get(SECRETS);
    expect(secrets.map(({ name }: { name: string }) => name)).toEqual(['api-key', 'db', 'leaving', 'tls']);
    expect(secrets[1]).toMatchObject({
      state: 'ENABLED',
      create_time: T0,
      update_time: T0,
      rotation_func_urn: `urn:fss:local-1:${ALPHA}:function:default:rotate-db`,
      next_rotation_time: T0 + 30 * DAY_MS,
    });
    expect(secrets[2]).toMatchObject({ state: 'PENDING_DELETE', scheduled_delete_time: T0 + 7 * DAY_MS });
    expect((await get(`${SECRETS}/api-key/versions/latest`)).version).toMatchObject({
      secret_string: 'hunter2',
      version_metadata: { id: 'v1', create_time: T0, version_stages: ['SYSCURRENT'] },
    });
    expect((await get(`/v1/${ALPHA}/csms/events/alarm`)).event).toMatchObject({
      event_types: ['SECRET_ROTATED', 'SECRET_VERSION_EXPIRED'],
      state: 'ENABLED',
      notification: { target_type: 'SMN', target_id: `urn:smn:local-1:${ALPHA}:ops`, target_name: 'ops' },
    });
    const { key_info: key } = (await post(`${KMS}/describe-key`, { key_id: 'alias/payments' })).json;
    expect(key).toMatchObject({ key_id: '11111111-1111-4111-8111-111111111111', key_alias: 'payments' });
    const rotation = await post(`${KMS}/get-key-rotation-status`, { key_id: key.key_id });
    expect(rotation.json).toMatchObject({ key_rotation_enabled: true, rotation_interval: 90 });
  });

  it('gives the stages that nobody lists: the last has SYSCURRENT, the one before SYSPREVIOUS', async () => {
    const { version_metadatas: versions } = await get(`${SECRETS}/tls/versions`);
    expect(versions).toEqual([
      expect.objectContaining({
        id: 'v1',
        create_time: T0,
        expire_time: T0 + 30 * DAY_MS,
        version_stages: [],
      }),
      expect.objectContaining({ id: 'v2', version_stages: ['SYSPREVIOUS', 'blue'] }),
      expect.objectContaining({ id: 'v3', create_time: T0 - 10 * DAY_MS, version_stages: ['SYSCURRENT'] }),
    ]);
    const { version } = await get(`${SECRETS}/tls/versions/v2`);
    expect(version.secret_binary).toBe('AAEC/w==');
    await put(
      seedOf(
        'secrets:',
        '  - name: listed',
        '    versions:',
        '      - { secret_string: a, id: v4, version_stages: [SYSCURRENT] }',
        '      - { secret_string: b, id: v7 }',
      ),
    );
    const listed = await get(`${SECRETS}/listed/versions`);
    expect(listed.version_metadatas).toMatchObject([
      { id: 'v4', version_stages: ['SYSCURRENT'] },
      { id: 'v7', version_stages: [] },
    ]);
    const added = await post(`${SECRETS}/listed/versions`, { secret_string: 'c' });
    expect(added.json.version_metadata.id).toBe('v8');
  });

  it('changes nothing when it is applied again', async () => {
    const before = await exported();
    expect((await put(EXAMPLE)).json).toEqual({ created: 0, replaced: 0, unchanged: 6 });
    expect(await exported()).toBe(before);
  });

  it('wins over what was changed, and leaves all others alone', async () => {
    const before = await get(`${SECRETS}/api-key`);
    await post(SECRETS, { name: 'mine', secret_string: 'own' });
    await post(`${SECRETS}/api-key/versions`, { secret_string: 'changed' });
    await server.send({ method: 'PUT', path: `/v1/${ALPHA}/csms/events/alarm`, body: { state: 'DISABLED' } });
    await post(`${KMS}/disable-key-rotation`, { key_id: '11111111-1111-4111-8111-111111111111' });
    await server.send({ method: 'DELETE', path: `${SECRETS}/leaving` });
    expect((await put(EXAMPLE)).json).toEqual({ created: 1, replaced: 3, unchanged: 2 });
    expect((await get(`${SECRETS}/api-key/versions/latest`)).version.secret_string).toBe('hunter2');
    expect((await get(`${SECRETS}/api-key`)).secret.id).toBe(before.secret.id);
    expect((await get(`${SECRETS}/mine/versions/latest`)).version.secret_string).toBe('own');
    // Sealed under the key whose rotation the seed has switched on again.
    expect((await get(`${SECRETS}/tls/versions/v3`)).version.secret_string).toBe('three');
    expect((await put(EXAMPLE)).json.unchanged).toBe(6);
  });

  it('sees every difference', async () => {
    const line = (members: string) => seedOf('secrets:', `  - { name: differs, ${members} }`);
    const base = 'secret_string: a, create_time: 2029-01-01T00:00:00Z';
    const changes = [
      base,
      base.replace('a,', 'b,'),
      base.replace('secret_string: a', 'secret_binary: YQ=='),
      `${base}, description: d`,
      `${base}, tags: { a: b }`,
      `${base}, tags: { a: c }`,
      `${base}, kms_key_id: payments`,
      `${base}, event_subscriptions: [alarm]`,
      `${base}, state: DISABLED`,
      `${base}, scheduled_delete_time: now+8d`,
      `${base}, version_stages: [SYSCURRENT, blue]`,
      `${base}, expire_time: 2040-01-01T00:00:00Z`,
      `${base}, update_time: 2029-02-01T00:00:00Z`,
      `${base}, id: 22222222-2222-4222-8222-222222222222`,
      base.replace('2029', '2028'),
      base,
    ];
    for (const [index, members] of changes.entries()) {
      const [first, second] = [(await put(line(members))).json, (await put(line(members))).json];
      expect({ members, first }).toEqual({
        members,
        first: { created: index === 0 ? 1 : 0, replaced: index === 0 ? 0 : 1, unchanged: 0 },
      });
      expect(second).toEqual({ created: 0, replaced: 0, unchanged: 1 });
    }
    await server.send({ method: 'DELETE', path: `${SECRETS}/differs` });
  });

  it('is applied whole or not at all', async () => {
    const before = await exported();
    const late = seedOf(
      'keys:',
      '  - { key_alias: extra }',
      'secrets:',
      '  - { name: extra, secret_string: a }',
      '  - { name: last, secret_string: b, kms_key_id: nowhere }',
    );
    const refused = await put(late);
    expect(refused.status).toBe(400);
    expect(refused.json).toEqual({
      error_code: 'seed-invalid',
      error_msg: 'seed.yaml:6: secrets[1].kms_key_id: names a key that does not exist',
      line: 6,
      key: 'secrets[1].kms_key_id',
    });
    expect(await exported()).toBe(before);
  });

  it('may name keys and events that are there already', async () => {
    const text = seedOf(
      'secrets:',
      '  - { name: guest, secret_string: a, kms_key_id: alias/payments, event_subscriptions: [alarm] }',
    );
    expect((await put(text)).json.created).toBe(1);
  });

  it('tells no event, and what has expired is not told afterwards', async () => {
    const text = seedOf(
      'events:',
      '  - { name: told, event_types: [SECRET_VERSION_CREATED, SECRET_VERSION_EXPIRED, SECRET_DELETED], topic: ops }',
      'secrets:',
      '  - { name: quiet, secret_string: a, expire_time: now-1d, event_subscriptions: [told] }',
    );
    await put(text);
    await put(text.replace('secret_string: a', 'secret_string: b'));
    const settled = await control(server, 'POST', '/main/clock/advance', { body: { by: '0s' } });
    expect(settled.json).toMatchObject({ settled: true, fired: [] });
    const told = await control(server, 'GET', '/main/notifications?name=quiet');
    expect(told.json.notifications).toEqual([]);
    await post(`${SECRETS}/quiet/versions`, { secret_string: 'c' });
    const after = await control(server, 'GET', '/main/notifications?name=quiet');
    expect(after.json.notifications).toMatchObject([{ event_type: 'SECRET_VERSION_CREATED' }]);
  });

  it('is held to the quota of the world, at the line of what is too much', async () => {
    const { length } = await secretNames();
    await control(server, 'PUT', '/main/quota', { body: { secrets: length + 1 } });
    const text = seedOf('secrets:', ...['x', 'y'].map((name) => `  - { name: ${name}, secret_string: a }`));
    expect((await put(text)).json).toMatchObject({ error_code: 'seed-invalid', line: 4, key: 'secrets[1]' });
    expect((await put(EXAMPLE)).status).toBe(200);
    await control(server, 'DELETE', '/main/quota');
  });

  it('is not held to a quota that was lowered since for what is there', async () => {
    await control(server, 'PUT', '/main/quota', { body: { secrets: 1, events: 1 } });
    const text = await exported();
    expect((await put(text)).json).toMatchObject({ created: 0, replaced: 0 });
    const changed = await put(text.replace('hunter2', 'hunter3'));
    await control(server, 'DELETE', '/main/quota');
    expect(changed.json).toMatchObject({ created: 0, replaced: 1 });
  });

  it('takes names from nobody who is not in it', async () => {
    const { id } = (await get(`${SECRETS}/mine`)).secret;
    const stolen = seedOf('secrets:', `  - { name: thief, secret_string: a, id: ${id} }`);
    expect((await put(stolen)).json.key).toBe('secrets[0].id');
    const key = (await post(`${KMS}/create-key`, { key_alias: 'theirs' })).json.key_info.key_id;
    const stolenKey = seedOf('keys:', `  - { key_alias: thief, key_id: ${key} }`);
    expect((await put(stolenKey)).json.key).toBe('keys[0].key_id');
  });

  it('gives a key another id without taking the values of others away', async () => {
    const made = (await post(`${KMS}/create-key`, { key_alias: 'swapped' })).json.key_info.key_id;
    await post(SECRETS, { name: 'under-it', secret_string: 'still here', kms_key_id: made });
    const text = seedOf(
      'keys:',
      '  - { key_alias: swapped, key_id: 33333333-3333-4333-8333-333333333333 }',
      'secrets:',
      '  - { name: under-new, secret_string: new, kms_key_id: swapped }',
    );
    expect((await put(text)).json).toEqual({ created: 1, replaced: 1, unchanged: 0 });
    expect((await get(`${SECRETS}/under-it/versions/latest`)).version.secret_string).toBe('still here');
    expect((await get(`${SECRETS}/under-it`)).secret.kms_key_id).toBe(made);
    expect((await get(`${SECRETS}/under-new`)).secret.kms_key_id).toBe(
      '33333333-3333-4333-8333-333333333333',
    );
  });
});

describe('a key of a seed', () => {
  it('may be one that the API would seal nothing under', async () => {
    const text = seedOf(
      'keys:',
      '  - { key_alias: closed, enabled: false }',
      'secrets:',
      '  - { name: closed, secret_string: a, kms_key_id: closed }',
    );
    expect((await put(text)).json.created).toBe(2);
    const read = await server.send({ method: 'GET', path: `${SECRETS}/closed/versions/latest` });
    expect([read.status, read.json.error_code]).toEqual([400, 'CSMS.0401']);
    expect(await exported()).toContain('name: closed');
    expect((await put(text)).json.unchanged).toBe(2);
    const key = (await post(`${KMS}/describe-key`, { key_id: 'alias/closed' })).json.key_info;
    await post(`${KMS}/enable-key`, { key_id: key.key_id });
    expect((await get(`${SECRETS}/closed/versions/latest`)).version.secret_string).toBe('a');
    await put(text);
  });

  it('that is not there yet is made: the default key too, with the same id everywhere', async () => {
    const [one, two] = await Promise.all(
      [server, other].map(async (at) => {
        await put(seedOf('secrets:', '  - { name: under-default, secret_string: a }'), at);
        return (await get(`${SECRETS}/under-default`, at)).secret;
      }),
    );
    expect(two.kms_key_id).toBe(one.kms_key_id);
    expect(two.id).toBe(one.id);
  });
});

describe('an export', () => {
  it('makes an empty server of the same project export the same, and answer the same', async () => {
    await put(
      seedOf(
        'secrets:',
        '  - name: only-v2',
        '    create_time: 2029-01-01T00:00:00Z',
        '    versions: [{ secret_string: a, id: v2, create_time: 2029-01-01T00:00:00Z }]',
      ),
    );
    await put(
      seedOf(
        'secrets:',
        `  - { name: odd, secret_string: ${JSON.stringify('a\u2028"\\\n\t: # \u0007\u{1f511}\u007f -')} }`,
        '  - { name: yes, secret_string: "true", description: " ", tags: { "a b": "", "null": "1" } }',
        '  - { name: frozen, secret_string: a, state: FROZEN, enterprise_project_id: "7" }',
        'keys:',
        '  - { key_alias: off, enabled: false, key_description: ": x", aliases: [alias/b, a] }',
        '  - { key_alias: going, scheduled_delete_time: now+40d, tags: { z: "1", a: "" } }',
        'events:',
        '  - name: far',
        '    event_types: [SECRET_DELETED]',
        '    state: DISABLED',
        '    notification: { target_type: SMN, target_id: "urn:smn:x:y:z", target_name: other }',
      ),
    );
    await post(`${SECRETS}/api-key/versions`, { secret_string: 'second', version_stages: ['green'] });
    const text = await exported();
    const { status } = await put(text, other);
    expect(status).toBe(200);
    expect(await exported(other)).toBe(text);
    for (const path of [
      SECRETS,
      `${SECRETS}/api-key/versions`,
      `${SECRETS}/odd/versions/latest`,
      `${SECRETS}/tls/versions/v2`,
      `/v1/${ALPHA}/csms/events`,
      `/v1/${ALPHA}/csms/secrets/tags`,
    ]) {
      const [one, two] = [await get(path), await get(path, other)];
      // Rotations count anew.
      const strip = (json: object) => JSON.stringify(json).replaceAll(/"next_rotation_time":\d+/g, '');
      expect(strip(two)).toBe(strip(one));
    }
    expect((await put(text)).json).toMatchObject({ created: 0, replaced: 0 });
    expect((await put(text, other)).json).toMatchObject({ created: 0, replaced: 0 });
  });

  it('can be applied whatever year its clock shows', async () => {
    await put(seedOf('clock: 9990-01-01T00:00:00Z', 'secrets: [{ name: late, secret_string: a }]'));
    // What the years before have left to be deleted goes now, and not behind the export.
    await control(server, 'POST', '/main/clock/advance', { body: { by: '0s' } });
    const text = await exported();
    expect((await put(text)).json).toMatchObject({ created: 0, replaced: 0 });
  });

  it('is YAML, sorted by name, and holds no user', async () => {
    const answer = await control(server, 'GET', '/main/seed');
    expect(answer.headers['content-type']).toBe('application/yaml; charset=utf-8');
    const [, keysAndEvents = '', secrets = ''] = /^([\s\S]*)^secrets:\n([\s\S]*)$/m.exec(answer.text) ?? [];
    const names = (text: string) =>
      [...text.matchAll(/^ {2}- (?:name|key_alias): "?([\w/-]+)/gm)].map(([, name]) => name);
    expect(names(secrets)).toEqual(names(secrets).toSorted());
    expect(names(keysAndEvents).filter((name) => /^(?:alarm|far|told)$/.test(name ?? ''))).toEqual([
      'alarm',
      'far',
      'told',
    ]);
    expect(answer.text).not.toContain('AKREADER');
  });
});
