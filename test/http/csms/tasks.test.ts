import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FunctionServer, startFunction } from '../../support/function-server.ts';
import { ADMIN, ALPHA, BETA, shareServer } from '../../support/server.ts';
import { callsOf, ok, problem, UUID } from '../calls.ts';

const KEY = 'the key of the function that rotates';
const urn = (name: string, project = ALPHA) => `urn:fss:local-1:${project}:function:default:${name}`;
const account = (username: string, password: string) => JSON.stringify({ username, password });

let rotator: FunctionServer;
const directory = mkdtempSync(join(tmpdir(), 'csms-hooks-'));
const server = shareServer(async () => {
  rotator = await startFunction(KEY, {
    app: 'Canary-one',
    two: 'Canary-one',
    two_2: 'Canary-two',
    late: 'x',
  });
  writeFileSync(join(directory, 'good.key'), KEY, { mode: 0o600 });
  writeFileSync(join(directory, 'bad.key'), 'another key, which is wrong', { mode: 0o600 });
  const entry = (name: string, key: string) =>
    `  - { urn: "${urn(name)}", url: "${rotator.url}", secret_file: ${key}.key }\n`;
  const functions = `${entry('rotate', 'good')}${entry('forged', 'bad')}`;
  writeFileSync(join(directory, 'hooks.yaml'), `functions:\n${functions}`);
  return { env: { CSMS_HOOKS: join(directory, 'hooks.yaml'), CSMS_WEBHOOK_HOSTS: 'loopback' } };
});
afterAll(() => {
  rotator.close();
  rmSync(directory, { recursive: true, force: true });
});
const acme = callsOf(server);

const list = (query = '', project = ALPHA, user = ADMIN) =>
  server.send({ method: 'GET', path: `/v1/${project}/csms/tasks${query}` }, user);
async function create(
  name: string,
  username: string,
  subType = 'SingleUser',
  more: object = {},
): Promise<void> {
  await acme.create(name, {
    secret_string: account(username, 'Canary-one'),
    secret_type: 'RDS-FG',
    rotation_config: JSON.stringify({ InstanceId: 'db1', SecretSubType: subType }),
    rotation_func_urn: urn('rotate'),
    ...more,
  });
}
const rotate = async (name: string): Promise<string> =>
  ok(await acme.post(`/${name}/rotate`)).rotation_task_id;
const taskOf = async (id: string) => ok(await list(`?task_id=${id}`)).tasks[0];
async function untilEnded(id: string) {
  await expect.poll(async () => (await taskOf(id)).task_status, { timeout: 60_000 }).not.toBe('RUNNING');
  return taskOf(id);
}
const currentOf = async (name: string) =>
  JSON.parse(ok(await acme.get(`/${name}/versions/latest`)).version.secret_string);

describe('RotateSecret', () => {
  it('gives one account another password', async () => {
    await create('single', 'app');
    const id = await rotate('single');
    expect(id).toMatch(UUID);
    expect(await untilEnded(id)).toEqual({
      task_id: id,
      secret_name: 'single',
      operate_type: 'SINGLE_USER',
      task_status: 'SUCCESS',
      task_time: expect.any(Number),
      attempt_nums: 1,
      rotation_func_urn: urn('rotate'),
      task_error_code: null,
      task_error_msg: null,
    });
    const value = await currentOf('single');
    expect(value).toEqual({ username: 'app', password: rotator.database.passwords.get('app') });
    expect(value.password).not.toBe('Canary-one');
    expect(await acme.marks('single')).toEqual({ SYSCURRENT: 'v2', SYSPREVIOUS: 'v1' });
    const { secret } = ok(await acme.get('/single'));
    expect(secret.rotation_time).toBeGreaterThanOrEqual((await taskOf(id)).task_time);
    expect(secret.next_rotation_time).toBeNull();
    expect(rotator.refused).toEqual([]);
  });

  it('swaps two accounts', async () => {
    await create('multi', 'two', 'MultiUser', { auto_rotation: true, rotation_period: '1d' });
    expect(await untilEnded(await rotate('multi'))).toMatchObject({
      task_status: 'SUCCESS',
      operate_type: 'MULTI_USER',
    });
    expect(await currentOf('multi')).toEqual({
      username: 'two_2',
      password: rotator.database.passwords.get('two_2'),
    });
    expect(rotator.database.passwords.get('two')).toBe('Canary-one');
    const { secret } = ok(await acme.get('/multi'));
    expect(secret.next_rotation_time - secret.rotation_time).toBe(86_400_000);
  });

  it('joins the rotation that is under way', async () => {
    rotator.silence = () => 'before';
    await create('late', 'late');
    const id = await rotate('late');
    await expect.poll(() => rotator.bodies.some((body) => body.includes(id)), { timeout: 60_000 }).toBe(true);
    expect(await rotate('late')).toBe(id);
    expect(await taskOf(id)).toMatchObject({ task_status: 'RUNNING', attempt_nums: 1 });
    rotator.silence = () => undefined;
  });

  it.each<[string, object, string, RegExp]>([
    ['unmapped', { rotation_func_urn: urn('nowhere') }, 'FUNCTION_NOT_MAPPED', /hooks\.yaml/],
    ['no-function', { rotation_func_urn: null }, 'FUNCTION_NOT_MAPPED', /no rotation_func_urn/],
    ['foreign', { rotation_func_urn: urn('rotate', BETA) }, 'FUNCTION_NOT_MAPPED', /of this project/],
    [
      'forged',
      { rotation_func_urn: urn('forged') },
      'FUNCTION_REFUSED',
      /status 401: \(its text is left out, because the new value is not known yet\)$/,
    ],
    ['unreadable', { rotation_config: '{}' }, 'CONFIG_INVALID', /SecretSubType/],
    ['plain', { secret_string: 'Canary-plain' }, 'VALUE_UNUSABLE', /username and password/],
  ])(
    'that cannot be carried out ends FAILED, with a clear text: %s',
    async (name, more, code, text) => {
      await create(name, 'app', 'SingleUser', more);
      const task = await untilEnded(await rotate(name));
      expect(task).toMatchObject({ task_status: 'FAILED', task_error_code: code, attempt_nums: 1 });
      expect(task.task_error_msg).toMatch(text);
      expect(await acme.marks(name)).toEqual({ SYSCURRENT: 'v1' });
      expect(rotator.bodies.join()).not.toContain(`"${name}"`);
    },
    30_000,
  );

  it('refuses what cannot be rotated, in the nested shape', async () => {
    await acme.create('common');
    await create('pending', 'app');
    ok(await acme.post('/pending/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    const refusals: [string, number, string][] = [
      ['common', 400, 'CSMS.0002'],
      ['pending', 400, 'CSMS.0103'],
      ['a%2Cb', 400, 'CSMS.0002'],
    ];
    for (const [name, status, code] of refusals) {
      const answer = await acme.post(`/${name}/rotate`);
      expect([name, ...problem(answer)]).toEqual([name, status, code]);
      expect(answer.json.error).toMatchObject({ error_code: code, error_msg: answer.json.error_msg });
    }
    expect((await acme.post('/common/rotate')).json.error_msg).toContain('secret_name');
  });

  it('takes the empty body that SDKs send, and refuses what is no JSON', async () => {
    await acme.create('bodies');
    const headers = { 'content-type': 'application/json' };
    // Refused for its type, so it got that far.
    for (const body of [undefined, {}, { unknown: 1 }]) {
      expect(problem(await acme.post('/bodies/rotate', body, headers))).toEqual([400, 'CSMS.0002']);
    }
    expect(problem(await acme.post('/bodies/rotate', '{'))).toEqual([400, 'CSMS.0004']);
  });
});

describe('ListSecretTask', () => {
  const ids = async (query: string) =>
    ok(await list(query)).tasks.map(({ task_id }: { task_id: string }) => task_id);

  it('lists newest first, with every filter, and counts over all pages', async () => {
    const all = ok(await list('?limit=1000'));
    expect(all.total).toBe(all.tasks.length);
    expect(all.next_marker).toBeNull();
    const times = all.tasks.map(({ task_time }: { task_time: number }) => task_time);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    for (const [query, matches] of [
      ['secret_name=single', (task: Record<string, unknown>) => task.secret_name === 'single'],
      ['status=SUCCESS', (task: Record<string, unknown>) => task.task_status === 'SUCCESS'],
      ['status=FAILED', (task: Record<string, unknown>) => task.task_status === 'FAILED'],
      [
        'secret_name=plain&status=FAILED',
        (task: Record<string, unknown>) => task.secret_name === 'plain' && task.task_status === 'FAILED',
      ],
      ['secret_name=plain&status=SUCCESS', () => false],
    ] as const) {
      const expected = all.tasks.filter(matches);
      expect(ok(await list(`?${query}`)).tasks, query).toEqual(expected);
      expect(ok(await list(`?${query}&limit=1`)).total, query).toBe(expected.length);
    }
  });

  it('continues behind the marker, which may be empty', async () => {
    const expected = await ids('?limit=1000');
    const seen: string[] = [];
    let marker: string | null = '';
    while (marker !== null) {
      const page: { tasks: { task_id: string }[]; next_marker: string | null } = ok(
        await list(`?limit=2&marker=${marker}`),
      );
      seen.push(...page.tasks.map(({ task_id }) => task_id));
      marker = page.next_marker;
    }
    expect(seen).toEqual(expected);
    expect(seen.length).toBeGreaterThan(4);
  });

  const NONE = '00000000-0000-4000-8000-000000000000';
  it('finds one by its id, and none that is not there', async () => {
    const [first] = await ids('');
    expect(await ids(`?task_id=${first}`)).toEqual([first]);
    expect(ok(await list(`?task_id=${NONE}`))).toEqual({ tasks: [], total: 0, next_marker: null });
  });

  it.each([
    ['task_id', `task_id=${NONE}&limit=1`],
    ['task_id', `task_id=${NONE}&secret_name=x`],
    ['task_id', `task_id=${NONE}&status=FAILED`],
    ['task_id', `task_id=${NONE}&marker=${NONE}`],
    ['marker', `marker=${NONE}`],
  ])('refuses, and names %s: %s', async (name, query) => {
    const answer = await list(`?${query}`);
    expect(problem(answer)).toEqual([400, 'CSMS.0002']);
    expect(answer.json.error_msg).toContain(name);
    expect(answer.json.error).toBeUndefined();
  });

  it('shows nothing of another project', async () => {
    const [first] = await ids('');
    expect(ok(await list('', BETA))).toEqual({ tasks: [], total: 0, next_marker: null });
    expect(ok(await list(`?task_id=${first}`, BETA)).tasks).toEqual([]);
    expect(problem(await list(`?marker=${first}`, BETA))).toEqual([400, 'CSMS.0002']);
  });
});

describe('values', () => {
  it('are in no log, no task and no error; the function alone has seen them', async () => {
    expect(rotator.bodies.join()).toContain('Canary-made-1');
    const tasks = JSON.stringify(ok(await list('?limit=1000')));
    expect(server.logText()).toContain('a step of a rotation is done');
    expect(`${server.logText()}${tasks}`).not.toContain('Canary');
  });
});
