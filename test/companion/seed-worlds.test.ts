import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, GUEST, shareServer, startTestServer, type TestUser } from '../support/server.ts';
import { control, TOKEN } from './control.ts';
import { EXAMPLE, seedOf } from './seed-text.ts';

const SECRETS = `/v1/${ALPHA}/secrets`;
const T0 = Date.UTC(2030, 0, 1);
const folder = mkdtempSync(join(tmpdir(), 'csms-seed-'));
afterAll(() => rmSync(folder, { recursive: true }));

function seedFile(text: string): string {
  const file = join(folder, 'seed.yaml');
  writeFileSync(file, text);
  return file;
}

const server = shareServer(async () => ({
  mode: 'dev',
  listen: true,
  env: { CSMS_CONTROL_TOKEN: TOKEN, CSMS_SEED: seedFile(EXAMPLE) },
}));

const put = (text: string, world = 'main') => control(server, 'PUT', `/${world}/seed`, { body: text });
const reset = () => control(server, 'POST', '/main/reset');
const post = (path: string, body: object, user = ADMIN) => server.send({ method: 'POST', path, body }, user);
const get = (path: string, user = ADMIN) => server.send({ method: 'GET', path }, user);
const namesIn = async (user = ADMIN) =>
  (await get(SECRETS, user)).json.secrets.map(({ name }: { name: string }) => name);

/** A user of a world, as the control API shows it. */
async function userOf(world: string, name: string): Promise<TestUser> {
  const { users } = (await control(server, 'GET', `/${world}`)).json;
  const { ak, password, sk } = users.find((user: { name: string }) => user.name === name);
  return { ...ADMIN, name, accessKeyId: ak, secretKey: sk, password };
}

beforeEach(async () => {
  expect((await put(EXAMPLE)).status).toBe(200);
  await reset();
});

describe('a start with a seed', () => {
  it('has applied all of it when the server listens, with its clock', async () => {
    const started = await startTestServer({
      mode: 'dev',
      listen: true,
      env: { CSMS_CONTROL_TOKEN: TOKEN, CSMS_SEED: seedFile(EXAMPLE) },
    });
    try {
      const { json } = await started.send({ method: 'GET', path: SECRETS });
      expect(json.secrets).toHaveLength(4);
      expect(json.secrets[0].create_time).toBe(T0);
      const clock = await control(started, 'GET', '/main/clock');
      expect(clock.json).toEqual({ now: '2030-01-01T00:00:00.000Z', frozen: true });
      // The same seed, project and clock: the same ids and times.
      expect(json).toEqual((await get(SECRETS)).json);
      const one = await control(started, 'GET', '/main/seed');
      expect(one.text).toBe((await control(server, 'GET', '/main/seed')).text);
    } finally {
      await started.close();
    }
  });

  it.each([
    [
      'csms: 1\nsecrets:\n  - { name: a }\n',
      '3: secrets[0]: secret_string, secret_binary or versions is missing',
    ],
    [undefined, '1: (file): cannot be read'],
  ])('ends with the line of what is wrong: %#', async (text, complaint) => {
    const file = text === undefined ? join(folder, 'nowhere.yaml') : seedFile(text);
    const start = startTestServer({ mode: 'dev', env: { CSMS_SEED: file } });
    await expect(start).rejects.toThrow(`${file}:${complaint}`);
  });
});

describe('the users of a seed', () => {
  it('call with their keys and log in with their passwords, beside those of the file', async () => {
    const reader = await userOf('main', 'reader');
    expect(reader).toMatchObject({
      accessKeyId: 'AKREADER',
      secretKey: 'sk-reader-000001',
      password: 'reader-password',
    });
    expect((await get(SECRETS, reader)).status).toBe(200);
    expect((await get(SECRETS)).status).toBe(200);
    const identity = {
      methods: ['password'],
      password: { user: { name: 'reader', password: 'reader-password', domain: { name: ADMIN.domainName } } },
    };
    const scope = { project: { id: ALPHA } };
    const token = await server.sendUnsigned({
      method: 'POST',
      path: '/v3/auth/tokens',
      body: { auth: { identity, scope } },
    });
    expect(token.status).toBe(201);
  });

  it('stay until main is reset, and then are those of the seed that was applied last', async () => {
    await put(seedOf('users:', '  - { name: writer, ak: AKWRITER, sk: sk-writer-000001 }'));
    expect((await get(SECRETS, await userOf('main', 'writer'))).status).toBe(200);
    const reader = await userOf('main', 'reader');
    await reset();
    expect((await get(SECRETS, reader)).status).toBe(401);
    expect((await get(SECRETS, await userOf('main', 'writer'))).status).toBe(200);
    await put(EXAMPLE);
    expect((await get(SECRETS, reader)).status).toBe(200);
  });

  it('may do everything, whatever policies the seed gives them, and have keys and passwords that are made up where it says none', async () => {
    const text = seedOf(
      'policies:',
      '  - name: look',
      '    document: { Version: "5.0", Statement: [{ Effect: Allow, Action: ["csms:secret:list"] }] }',
      'users:',
      '  - { name: some, policies: [look] }',
    );
    await put(text);
    const some = await userOf('main', 'some');
    expect((await get(SECRETS, some)).status).toBe(200);
    expect((await get(`${SECRETS}/none`, some)).status).toBe(404);
    await put(text);
    expect(await userOf('main', 'some')).toEqual(some);
  });

  it('cannot be those of the identities file, or have their keys', async () => {
    const named = await put(seedOf('users:', `  - { name: ${GUEST.name}, ak: AKX, sk: sk-x }`));
    expect(named.json).toMatchObject({ error_code: 'seed-invalid', line: 3, key: 'users[0].name' });
    const keyed = await put(seedOf('users:', `  - { name: x, ak: ${GUEST.accessKeyId}, sk: sk-x }`));
    expect(keyed.json).toMatchObject({ error_code: 'seed-invalid', line: 3, key: 'users[0].ak' });
  });

  it('have keys of their own in a fork, whatever the seed says', async () => {
    const forks = await Promise.all(
      ['w1', 'w2'].map((name) => control(server, 'POST', '', { body: { name } })),
    );
    expect(forks.map(({ status }) => status)).toEqual([201, 201]);
    const before = await userOf('w1', 'reader');
    const text = EXAMPLE.replace('hunter2', 'hunter3')
      .replace('name: reader', 'name: other')
      .replace('AKREADER', 'AKOTHER')
      .replace('CSMS ReadOnlyAccess', 'everything');
    for (const world of ['w1', 'w2']) {
      expect((await put(EXAMPLE, world)).json).toEqual({ created: 0, replaced: 0, unchanged: 6 });
      expect((await put(text, world)).json).toMatchObject({ replaced: 1 });
    }
    expect(await userOf('w1', 'reader')).toEqual(before);
    const [one, two] = [await userOf('w1', 'other'), await userOf('w2', 'other')];
    expect(one.accessKeyId).toBe('AKOTHER');
    expect(two.accessKeyId).not.toBe('AKOTHER');
    expect(two.password).not.toBe(one.password);
    const apiKeyOf = async (user: TestUser) =>
      (await get(`${SECRETS}/api-key/versions/latest`, user)).json.version.secret_string;
    expect(await Promise.all([ADMIN, one, two].map(apiKeyOf))).toEqual(['hunter2', 'hunter3', 'hunter3']);
    const taken = await put(text);
    expect([taken.status, taken.json.error_code]).toEqual([409, 'credentials-taken']);
    expect(await apiKeyOf(ADMIN)).toBe('hunter2');
    for (const world of ['w1', 'w2']) await control(server, 'DELETE', `/${world}`);
  });
});

describe('workers that begin at once', () => {
  it('apply one seed to a fork each, with keys and passwords of their own', async () => {
    const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
    await Promise.all(names.map((name) => control(server, 'POST', '', { body: { name } })));
    const text = seedOf(
      'users:',
      '  - { name: shared, ak: AKSHARED, sk: sk-shared-000001, password: shared-password }',
      'secrets:',
      '  - { name: shared, secret_string: a }',
    );
    const answers = await Promise.all(names.map((name) => put(text, name)));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const users = await Promise.all(names.map((name) => userOf(name, 'shared')));
    expect(new Set(users.map(({ accessKeyId }) => accessKeyId)).size).toBe(8);
    expect(new Set(users.map(({ password }) => password)).size).toBe(8);
    expect(users.filter(({ accessKeyId }) => accessKeyId === 'AKSHARED')).toHaveLength(1);
    expect((await get(`${SECRETS}/shared`)).status).toBe(404);
    await Promise.all(names.map((name) => control(server, 'DELETE', `/${name}`)));
  });
});

describe('the clock of a seed', () => {
  it('is set and frozen, and relative times count by it', async () => {
    await control(server, 'POST', '/main/clock/advance', { body: { by: '1d' } });
    const text = `${EXAMPLE.replace('2030-01-01', '2031-01-01')}  - { name: new, secret_string: a }\n`;
    await put(text);
    const clock = await control(server, 'GET', '/main/clock');
    expect(clock.json).toEqual({ now: '2031-01-01T00:00:00.000Z', frozen: true });
    expect((await get(`${SECRETS}/new`)).json.secret.create_time).toBe(Date.UTC(2031, 0, 1));
    // Made before, by another clock: relative times are not compared.
    expect((await get(`${SECRETS}/api-key`)).json.secret.create_time).toBe(T0);
  });

  it('stays as it is when the seed is wrong', async () => {
    const { json: before } = await control(server, 'GET', '/main/clock');
    await put(`${EXAMPLE.replace('2030-01-01', '2031-01-01')}  - { name: new }\n`);
    expect((await control(server, 'GET', '/main/clock')).json).toEqual(before);
  });
});

describe('the hooks of a seed', () => {
  it('are those of its world', async () => {
    const text = seedOf('hooks:', '  topics: [{ urn: "*", endpoints: [builtin] }]');
    await put(text);
    const { json } = await control(server, 'GET', '/main/hooks');
    expect(json).toEqual({ topics: [{ urn: '*', endpoints: ['builtin'] }], functions: [] });
    const wrong = await put(seedOf('hooks:', '  topics: [{ urn: "*", endpoints: [ftp://x] }]'));
    expect(wrong.json).toMatchObject({ error_code: 'seed-invalid', line: 3 });
    expect(wrong.json.key).toMatch(/^hooks\.topics\[0\]/);
  });
});

describe('the reset of main', () => {
  it('leaves what the seed says and nothing else', async () => {
    const before = (await control(server, 'GET', '/main/seed')).text;
    await post(SECRETS, { name: 'mine', secret_string: 'own' });
    await post(`${SECRETS}/api-key/versions`, { secret_string: 'changed' });
    await server.send({ method: 'DELETE', path: `${SECRETS}/leaving` });
    await post(`/v1.0/${ALPHA}/kms/create-key`, { key_alias: 'mine' });
    await post(`${SECRETS}/db/rotate`, {});
    await control(server, 'POST', '/main/faults', { body: { operation: 'ListSecrets', status: 503 } });
    await control(server, 'PUT', '/main/quota', { body: { secrets: 1 } });
    await control(server, 'POST', '/main/clock/advance', { body: { by: '40d' } });
    const { json, status } = await reset();
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'main', clock: { now: '2030-01-01T00:00:00.000Z', frozen: true } });
    expect((await control(server, 'GET', '/main/seed')).text).toBe(before);
    expect(await namesIn()).toEqual(['api-key', 'db', 'leaving', 'tls']);
    expect((await get(`/v1/${ALPHA}/csms/tasks`)).json.tasks).toEqual([]);
    expect((await control(server, 'GET', '/main/faults')).json.faults).toEqual([]);
    expect((await control(server, 'GET', '/main/notifications')).json).toMatchObject({ notifications: [] });
    expect((await post(SECRETS, { name: 'mine', secret_string: 'own' })).status).toBe(200);
  });

  it('is to the seed that was applied last', async () => {
    await put(seedOf('secrets:', '  - { name: only, secret_string: a }'));
    await reset();
    expect(await namesIn()).toEqual(['only']);
    const clock = await control(server, 'GET', '/main/clock');
    // Without a clock in the seed it is the machine's again.
    expect(clock.json.frozen).toBe(false);
    expect(Math.abs(Date.parse(clock.json.now) - Date.now())).toBeLessThan(60_000);
  });

  it('keeps the material that keys began with, for what is being sealed at that moment', async () => {
    const key_id = '11111111-1111-4111-8111-111111111111';
    const KMS = `/v1.0/${ALPHA}/kms`;
    const sealed = await post(`${KMS}/encrypt-data`, { key_id, plain_text: 'held' });
    await control(server, 'POST', '/main/clock/advance', { body: { by: '91d' } });
    const rotations = async () =>
      (await post(`${KMS}/get-key-rotation-status`, { key_id })).json.number_of_rotations;
    expect(await rotations()).toBe(1);
    await reset();
    expect(await rotations()).toBe(0);
    const opened = await post(`${KMS}/decrypt-data`, { cipher_text: sealed.json.cipher_text });
    expect(opened.json.plain_text).toBe('held');
    const answers = await Promise.all([
      ...Array.from({ length: 40 }, (_, at) => post(SECRETS, { name: `own-${at}`, secret_string: 'x' })),
      reset(),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const name of await namesIn()) {
      const { status } = await get(`${SECRETS}/${name}/versions/latest`);
      expect({ name, status }).toEqual({ name, status: name === 'leaving' ? 403 : 200 });
    }
  });

  it('is refused where no seed was ever applied', async () => {
    const bare = await startTestServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });
    try {
      const { json, status } = await control(bare, 'POST', '/main/reset');
      expect([status, json.error_code]).toEqual([409, 'no-seed']);
      await control(bare, 'PUT', '/main/seed', { body: 'csms: 2' });
      expect((await control(bare, 'POST', '/main/reset')).status).toBe(409);
    } finally {
      await bare.close();
    }
  });
});

describe('a large seed', () => {
  it('is compared and exported while others have their turns', async () => {
    await control(server, 'POST', '', { body: { name: 'large' } });
    const text = `csms: 1\nsecrets:\n${Array.from({ length: 600 }, (_, index) => `  - { name: n${index}, secret_string: x }\n`).join('')}`;
    expect((await put(text, 'large')).json.created).toBe(600);
    let isOver = false;
    const exported = control(server, 'GET', '/large/seed').finally(() => {
      isOver = true;
    });
    let turns = 0;
    for (; !isOver; turns += 1) await control(server, 'GET', '/large/clock');
    expect((await exported).text).toContain('n599');
    expect(turns).toBeGreaterThan(3);
    expect((await put(text, 'large')).json).toEqual({ created: 0, replaced: 0, unchanged: 600 });
    await control(server, 'DELETE', '/large');
  });
});

describe('a body', () => {
  it('is UTF-8, and YAML whatever it is called', async () => {
    const latin1 = Buffer.from(seedOf('secrets:', '  - { name: a, secret_string: "caf\u00e9" }'), 'latin1');
    const sent = await fetch(`${server.baseUrl}/_csms/worlds/main/seed`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: latin1,
    });
    expect(sent.status).toBe(400);
    expect(await sent.json()).toMatchObject({ error_msg: 'seed.yaml:1: (file): must be UTF-8' });
    const json = JSON.stringify({ csms: 1, secrets: [{ name: 'json', secret_string: 'a' }] });
    expect((await put(json)).json).toEqual({ created: 1, replaced: 0, unchanged: 0 });
    expect((await put(`\ufeff${EXAMPLE.replaceAll('\n', '\r\n')}`)).json.unchanged).toBe(6);
    const empty = await put('');
    expect([empty.status, empty.json.error_code]).toEqual([400, 'seed-invalid']);
  });

  it('has at most 16 MiB', async () => {
    const { json, status } = await put(`csms: 1 # ${'x'.repeat(16 * 1_048_576)}`);
    expect([status, json.error_code]).toEqual([413, 'too-large']);
  });
});

describe('two seeds at once, and changes beside them', () => {
  it('are each applied whole, one after the other', async () => {
    const of = (value: string) =>
      seedOf('secrets:', ...['a', 'b', 'c'].map((name) => `  - { name: ${name}, secret_string: ${value} }`));
    const answers = await Promise.all([
      ...['one', 'two', 'three', 'four'].map((value) => put(of(value))),
      ...Array.from({ length: 20 }, (_, at) => post(SECRETS, { name: `own-${at}`, secret_string: 'x' })),
      reset(),
      ...Array.from({ length: 20 }, () => get(SECRETS)),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const values = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => (await get(`${SECRETS}/${name}/versions/latest`)).json),
    );
    const texts = new Set(values.map(({ version }) => version.secret_string));
    expect(texts.size).toBe(1);
  });
});

describe('values', () => {
  it('are in no line of the log', async () => {
    await put(EXAMPLE.replace('one, expire', 'Tr0ub4dor, expire').replace('now+30d', 'never'));
    await control(server, 'GET', '/main/seed');
    for (const value of ['hunter2', 'first-Pw1!', 'Tr0ub4dor', 'sk-reader', 'reader-password'])
      expect(server.logText()).not.toContain(value);
  });
});

describe('a year after each reset', () => {
  it('is the same', async () => {
    const hooks = {
      topics: [{ urn: '*', endpoints: ['builtin'] }],
      functions: [{ urn: '*', url: 'builtin' }],
    };
    const year = async () => {
      await control(server, 'PUT', '/main/hooks', { body: hooks });
      const { json } = await control(server, 'POST', '/main/clock/advance', { body: { by: '365d' } });
      await reset();
      return json;
    };
    const [first, second] = [await year(), await year()];
    expect(first.fired.length).toBeGreaterThan(12);
    expect(first.settled).toBe(true);
    expect(second).toEqual(first);
  });
});
