import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Webhooks } from '../../../src/app/outbound/webhooks.ts';
import {
  createRotation,
  createRotationSchedule,
  type RotationDeps,
} from '../../../src/app/rotation/rotation.ts';
import { createTaskRetention, readTasks, rotateSecret } from '../../../src/app/rotation/tasks.ts';
import { setStrengthCheck } from '../../../src/app/secrets/checker.ts';
import { createSecret } from '../../../src/app/secrets/secrets.ts';
import { showVersion } from '../../../src/app/secrets/versions.ts';
import type { Command } from '../../../src/core/commands.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { TASK_KEPT_MS, type Task } from '../../../src/core/rotation/tasks.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { aDraft, anEvent, DAY_MS, marks, outcomeOf, REF, T0 } from '../../support/builders.ts';
import { FakeDatabase, type FunctionAnswer } from '../../support/database.ts';
import { aWorld, type World } from '../../support/world.ts';

const URN = `urn:fss:local-1:${REF.projectId}:function:default:rotate`;
const NEVER = new AbortController().signal;
const PATH = `${REF.projectId}/${REF.name}`;

let world: World;
let database: FakeDatabase;
let sent: { url: string; body: string; headers: Readonly<Record<string, string>> }[];

beforeEach(() => {
  world = aWorld();
  world.events.set(`${REF.projectId}/alarm`, anEvent());
  database = new FakeDatabase({ app: 'Canary-one', app_2: 'Canary-two' });
  sent = [];
});

const webhooks: Webhooks = {
  post: async (url, body, headers, bounds) => {
    sent.push({ url, body, headers });
    return database.webhooks.post(url, body, headers, bounds);
  },
};
const hooks = {
  findTopic: () => undefined,
  findFunction: (urn: string) =>
    urn === URN || urn.includes(':foreign:')
      ? { urls: ['https://rotate/'], sign: (text: string) => `hmac:${text.length}` }
      : undefined,
};
const depsOf = (changes: Partial<RotationDeps> = {}): RotationDeps => ({
  ...world.deps,
  hooks,
  webhooks,
  jitter: { fraction: () => 0 },
  machineClock: world.deps.clock,
  // Runs of these tests wait for all that they began.
  pause: () => new Promise(() => undefined),
  ...changes,
});
const runOnce = (changes: Partial<RotationDeps> = {}) =>
  createRotation(depsOf(changes)).run(world.clock.wallMs, NEVER);
const textValue = (value: unknown) =>
  parseValue({ text: JSON.stringify(value), binary: undefined }, world.deps.choices.limits);
const latest = async (version: number | 'latest' = 'latest') =>
  JSON.parse((await showVersion(world.deps, REF, version)).bytes.toString());
const aggregate = () => world.secrets.get(PATH)!;
const task = (): Task => [...world.tasks.values()].at(-1)!;

async function create(
  subType: 'SingleUser' | 'MultiUser' = 'SingleUser',
  changes: Parameters<typeof aDraft>[0] = {},
  value: unknown = { username: 'app', password: 'Canary-one', host: 'Canary-host' },
  ref = REF,
): Promise<void> {
  const rotationConfig = JSON.stringify({ InstanceId: 'db1', SecretSubType: subType });
  const draft = aDraft({
    secretType: 'RDS-FG',
    rotationConfig,
    rotationFuncUrn: URN,
    eventSubscriptions: ['alarm'],
    ...changes,
  });
  await createSecret(world.deps, { ref, draft, value: textValue(value), kmsKeyId: undefined });
}

/** Creates the secret, and begins to rotate it. */
async function begin(...secret: Parameters<typeof create>): Promise<Task> {
  await create(...secret);
  return rotateSecret(world.deps, secret[3] ?? REF);
}

/** Runs attempt after attempt until the task has ended. */
async function runToEnd(): Promise<void> {
  for (let runs = 0; runs < 20 && task().status === 'RUNNING'; runs += 1) {
    world.clock.wallMs = Math.max(world.clock.wallMs, task().nextAttemptMs ?? 0);
    await runOnce();
  }
}

describe('a rotation of one account', () => {
  it('gives it another password, and the secret follows', async () => {
    const { id } = await begin();
    world.clock.wallMs = T0 + 1_000;
    expect(await runOnce()).toBe(4);
    expect(task()).toMatchObject({ id, status: 'SUCCESS', attempts: 1, error: undefined });
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
    expect(await latest()).toStrictEqual({ username: 'app', password: 'Canary-made-1', host: 'Canary-host' });
    expect([...database.passwords]).toStrictEqual([
      ['app', 'Canary-made-1'],
      ['app_2', 'Canary-two'],
    ]);
    expect(aggregate().secret).toMatchObject({ rotationTimeMs: T0 + 1_000, nextRotationTimeMs: undefined });
    expect(database.calls.map(({ step }) => step)).toStrictEqual(['create', 'set', 'test', 'finish']);
    expect([...world.notifications.values()].map(({ eventType }) => eventType)).toStrictEqual([
      'SECRET_VERSION_CREATED',
      'SECRET_ROTATED',
    ]);
  });

  it('is called with a signature for the time of the machine, whatever the world has', async () => {
    await begin();
    await runOnce({ machineClock: { nowMs: () => T0 + 90_000 } });
    expect(sent[0]?.headers['X-CSMS-Signature']).toMatch(new RegExp(`^t=${T0 / 1_000 + 90},`));
  });

  it('is called by a signed request that says what it is about, and values are nowhere else', async () => {
    await begin();
    await runOnce();
    const [first, set] = sent;
    expect(first).toMatchObject({
      url: 'https://rotate/',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'X-CSMS-Signature': `t=${T0 / 1_000},v1=hmac:${first!.body.length + 11}`,
      },
    });
    expect(JSON.parse(set!.body)).toMatchObject({
      step: 'set',
      urn: task().functionUrn,
      taskId: task().id,
      versionId: 'v2',
      instanceId: 'db1',
      current: { password: 'Canary-one' },
      pending: { password: 'Canary-made-1' },
    });
    const elsewhere = JSON.stringify([[...world.tasks], [...world.notifications], world.logged]);
    expect(elsewhere).not.toContain('Canary');
  });
});

describe('a rotation of two accounts', () => {
  it('resets the one that is not in use, which then comes into use; and back again', async () => {
    await begin('MultiUser');
    await runToEnd();
    expect(await latest()).toMatchObject({ username: 'app_2', password: 'Canary-made-1' });
    expect(database.canLogIn({ username: 'app', password: 'Canary-one' })).toBe(true);
    await rotateSecret(world.deps, REF);
    await runToEnd();
    expect(await latest()).toMatchObject({ username: 'app', password: 'Canary-made-2' });
    expect(database.canLogIn({ username: 'app_2', password: 'Canary-made-1' })).toBe(true);
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 3, SYSPREVIOUS: 2 });
    expect(database.calls.at(-1)?.previous).toMatchObject({ username: 'app_2' });
  });
});

/** What can happen to the server at any of its ways out: the write is lost, or only the answer is. */
describe('a crash', () => {
  const faults = ['before', 'after'] as const;
  const types = ['SingleUser', 'MultiUser'] as const;
  const places = ['call', 'change'].flatMap((way) =>
    [1, 2, 3, 4].flatMap((number) =>
      faults.flatMap((moment) => types.map((subType) => ({ way, number, moment, subType }))),
    ),
  );

  it.each(places)('$moment $way $number of $subType ends in order after the next start', async (place) => {
    const { moment, number, subType, way } = place;
    await begin(subType);
    let count = 0;
    let isDead = false;
    const guard = async <T>(kind: string, work: () => Promise<T>): Promise<T> => {
      if (isDead) throw new SecretError('outcome-unknown');
      if (kind === way) count += 1;
      const isHere = kind === way && count === number;
      if (isHere && moment === 'before') isDead = true;
      if (isDead) throw new SecretError('outcome-unknown');
      const result = await work();
      if (isHere) isDead = true;
      if (isDead) throw new SecretError('outcome-unknown');
      return result;
    };
    const { store } = world.deps;
    const dying: Partial<RotationDeps> = {
      webhooks: { post: (...all) => guard('call', () => webhooks.post(...all)) },
      store: { ...store, change: (command) => guard('change', () => store.change(command)) },
    };
    await expect(runOnce(dying)).rejects.toMatchObject({ code: 'outcome-unknown' });
    // In between, the secret is readable, and what it says is one of the two accounts.
    expect(['app', 'app_2']).toContain((await latest()).username);
    await runToEnd();
    expect(task()).toMatchObject({ status: 'SUCCESS', attempts: 1 });
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
    expect(database.canLogIn(await latest())).toBe(true);
    expect(aggregate().versions).toHaveLength(2);
    const rotated = [...world.notifications.values()].filter((one) => one.eventType === 'SECRET_ROTATED');
    expect(rotated).toHaveLength(1);
  });
});

describe('a function that fails', () => {
  it('is called again after growing waits, and eight failures end the rotation', async () => {
    await begin();
    database.fault = () => ({ status: 503, body: { error_msg: 'down' } });
    const waits: number[] = [];
    for (let runs = 0; runs < 20 && task().status === 'RUNNING'; runs += 1) {
      world.clock.wallMs = task().nextAttemptMs!;
      await runOnce();
      waits.push((task().nextAttemptMs ?? world.clock.wallMs) - world.clock.wallMs);
    }
    expect(waits).toStrictEqual([2_500, 5_000, 10_000, 20_000, 40_000, 80_000, 150_000, 0]);
    const message =
      'The function answered with status 503: (its text is left out, because the new value is not known yet)';
    const error = { code: 'FUNCTION_FAILED', message };
    expect(task()).toMatchObject({ status: 'FAILED', attempts: 8, error, nextAttemptMs: undefined });
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 1 });
    expect([...world.notifications.values()].at(-1)?.eventType).toBe('SECRET_ROTATED_FAILED');
    expect(JSON.stringify([...world.notifications.values()])).not.toContain('answered with status');
    expect(world.logged.at(-1)).toBe('a rotation failed');
  });

  it('is not called before the wait is over', async () => {
    await begin();
    database.fault = () => ({ status: 503, body: {} });
    await runOnce();
    world.clock.wallMs = task().nextAttemptMs! - 1;
    expect(await runOnce()).toBe(0);
    expect(database.calls).toHaveLength(1);
  });

  it('for the first times rotates in the end, with the value that was stored', async () => {
    await begin();
    let failures = 0;
    database.fault = () => (++failures % 2 === 1 ? { status: 500, body: {} } : undefined);
    await runToEnd();
    // The failure of finish is noted.
    expect(task()).toMatchObject({ status: 'SUCCESS', error: { code: 'FUNCTION_FAILED' } });
    expect(database.calls.map(({ step }) => step).join()).toBe('create,create,set,set,test,test,finish');
    expect(database.canLogIn(await latest())).toBe(true);
  });

  it('after it has set the password leaves no account behind: the next rotation continues with it', async () => {
    await begin();
    database.fault = ({ step }) => (step === 'test' ? { status: 400, body: {} } : undefined);
    await runToEnd();
    expect(task()).toMatchObject({ status: 'FAILED', error: { code: 'FUNCTION_REFUSED' } });
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 1, SYSPENDING: 2 });
    database.fault = () => undefined;
    await rotateSecret(world.deps, REF);
    await runToEnd();
    expect(task().status).toBe('SUCCESS');
    expect(database.calls.filter(({ step }) => step === 'create')).toHaveLength(1);
    expect(await latest()).toMatchObject({ password: 'Canary-made-1' });
    expect(database.canLogIn(await latest())).toBe(true);
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
  });

  it.each<[string, FunctionAnswer, string]>([
    ['no new value', { status: 200, body: {} }, 'ANSWER_INVALID'],
    [
      'another account',
      { status: 200, body: { pending: { username: 'x', password: 'y' } } },
      'ANSWER_INVALID',
    ],
    [
      'a value that is too large',
      { status: 200, body: { pending: { username: 'app', password: 'y'.repeat(65_536) } } },
      'ANSWER_INVALID',
    ],
    ['a refusal', { status: 401, body: { error_msg: 'the signature is wrong' } }, 'FUNCTION_REFUSED'],
  ])('with %s leaves the secret as it is', async (_, answer, code) => {
    await begin();
    database.fault = () => answer;
    await runToEnd();
    expect(task()).toMatchObject({ status: 'FAILED', error: { code } });
    expect(task().error?.message).not.toContain('yyy');
    expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 1 });
    expect(aggregate().versions).toHaveLength(1);
  });

  it('with a weak password leaves the secret as it is where the project has new values checked', async () => {
    await create();
    await setStrengthCheck(world.deps, REF.projectId, true);
    await rotateSecret(world.deps, REF);
    const pending = { username: 'app', password: 'hunter2' };
    database.fault = () => ({ status: 200, body: { pending } });
    const from = vi.spyOn(Buffer, 'from');
    await runToEnd();
    const made = from.mock.calls.map(([text]) => text as unknown);
    const values = from.mock.results.filter((_, at) => made[at] === JSON.stringify(pending));
    from.mockRestore();
    expect(values.length).toBeGreaterThan(0);
    for (const { value } of values) expect(value).toEqual(Buffer.alloc(JSON.stringify(pending).length));
    expect(task()).toMatchObject({ status: 'FAILED', error: { code: 'ANSWER_INVALID' } });
    expect(task().error?.message).toMatch(/too weak for this project/);
    expect(task().error?.message).not.toContain('hunter2');
    expect(aggregate().versions).toHaveLength(1);
  });

  it.each([
    ['timed-out', 'FUNCTION_UNREACHABLE'],
    ['answer-too-large', 'ANSWER_INVALID'],
  ] as const)('as %s is tried again', async (reason, code) => {
    await begin();
    await runOnce({ webhooks: { post: async () => ({ kind: 'failed', reason }) } });
    expect(task()).toMatchObject({ status: 'RUNNING', attempts: 2, error: { code } });
  });

  it('has half a minute and 128 KiB for its answer', async () => {
    await begin();
    let given: unknown;
    await runOnce({
      webhooks: {
        post: async (_url, _body, _headers, bounds) => {
          given = bounds;
          return { kind: 'failed', reason: 'timed-out' };
        },
      },
    });
    expect(given).toStrictEqual({ timeoutMs: 30_000, responseBytesMax: 131_072, signal: NEVER });
  });
});

describe('a rotation that cannot begin', () => {
  const GOOD = { username: 'app', password: 'Canary-one' };
  it.each<[string, Parameters<typeof aDraft>[0], unknown, string]>([
    ['without a function', { rotationFuncUrn: undefined }, GOOD, 'FUNCTION_NOT_MAPPED'],
    ['with a function that is not mapped', { rotationFuncUrn: `${URN}2` }, GOOD, 'FUNCTION_NOT_MAPPED'],
    [
      'with a function of another project',
      { rotationFuncUrn: 'urn:fss:r:foreign:function:f' },
      GOOD,
      'FUNCTION_NOT_MAPPED',
    ],
    ['with a configuration that is none', { rotationConfig: 'x' }, GOOD, 'CONFIG_INVALID'],
    ['with a value that is no account', {}, 'plain', 'VALUE_UNUSABLE'],
    ['with a value without a password', {}, { username: 'app' }, 'VALUE_UNUSABLE'],
  ])('%s fails at once, with a clear text, and nobody is called', async (_, draft, value, code) => {
    await begin('SingleUser', draft, value);
    await runOnce();
    expect(task()).toMatchObject({ status: 'FAILED', attempts: 1, error: { code } });
    expect(task().error?.message).toMatch(/^[A-Za-z].{20,}[.)]$/);
    expect(sent).toStrictEqual([]);
  });

  it('waits for a key that cannot be used', async () => {
    await begin();
    const [key] = world.keys.values();
    const path = `${key!.projectId}/${key!.id}`;
    world.keys.set(path, { ...key!, state: 'DISABLED', revision: key!.revision + 1 });
    await runOnce();
    expect(task()).toMatchObject({ status: 'RUNNING', error: { code: 'VALUE_UNUSABLE' } });
    world.keys.set(path, { ...key!, revision: key!.revision + 2 });
    await runToEnd();
    expect(task().status).toBe('SUCCESS');
  });

  it('fails when a stored value does not pass its check', async () => {
    await begin();
    const keyring = {
      ...world.deps.keyring,
      open: () => {
        throw new SecretError('damaged');
      },
    };
    await runOnce({ keyring });
    expect(task()).toMatchObject({ status: 'FAILED', error: { code: 'VALUE_UNUSABLE' } });
  });
});

describe('a secret that changes during its rotation', () => {
  /** Something happens while the function works on that step. */
  async function during(step: string, happens: () => Promise<unknown>): Promise<void> {
    await begin();
    let isDone = false;
    const meddling: Webhooks = {
      post: async (url, body, headers, bounds) => {
        const outcome = await webhooks.post(url, body, headers, bounds);
        if (!isDone && JSON.parse(body).step === step) {
          isDone = true;
          await happens();
        }
        return outcome;
      },
    };
    await runOnce({ webhooks: meddling });
    await runToEnd();
  }
  const change = (command: object) =>
    world.deps.store.change({ aggregate: 'secret', ref: REF, nowMs: T0, ...command } as Command);

  const steps = ['create', 'set', 'test'];
  it.each([
    ...steps.map((step) => [step, { kind: 'delete-secret' }] as const),
    ...steps.map((step) => [step, { kind: 'schedule-deletion', recoveryWindowDays: 7 }] as const),
    ['set', { kind: 'remove-stage', name: 'SYSPENDING' }] as const,
  ])('ends its rotation: during %s by %j', async (step, command) => {
    await during(step, () => change(command));
    expect(task()).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_CHANGED' } });
    const left = world.secrets.get(PATH);
    expect(left && marks(left).SYSCURRENT).toBe(command.kind === 'delete-secret' ? undefined : 1);
    if (command.kind === 'remove-stage') expect(marks(aggregate())).toStrictEqual({ SYSCURRENT: 1 });
  });

  it('and is deleted during finish is rotated anyway', async () => {
    await during('finish', () => change({ kind: 'delete-secret' }));
    expect(task()).toMatchObject({ status: 'SUCCESS' });
  });

  it('and gets another key seals the new value under it', async () => {
    await during('create', async () => {
      await world.deps.store.change({
        aggregate: 'key',
        kind: 'ensure-key',
        ref: { projectId: REF.projectId, id: 'other' },
        alias: 'other',
        isDefault: false,
        material: Buffer.from('m'),
        firstRevision: 1,
        nowMs: T0,
      });
      await change({ kind: 'update-secret', update: { kmsKeyId: 'other' } });
    });
    expect(task().status).toBe('SUCCESS');
    expect(aggregate().versions.at(-1)?.kmsKeyId).toBe('other');
  });
});

describe('a function that does not answer', () => {
  const OTHER = { projectId: 'b'.repeat(32), name: 'other' };

  /** A secret of another project, with a function of its own. */
  async function createOther(): Promise<void> {
    const draft = {
      rotationConfig: '{"InstanceId":"db2","SecretSubType":"SingleUser"}',
      rotationFuncUrn: URN.replace(REF.projectId, OTHER.projectId),
      eventSubscriptions: [],
    };
    await begin('SingleUser', draft, { username: 'app_2', password: 'Canary-two' }, OTHER);
  }
  const anyHook = { ...hooks, findFunction: () => ({ urls: ['https://any/'], sign: () => 'hmac' }) };

  it('keeps nobody else waiting, and is not called twice', async () => {
    await begin();
    const silent = Promise.withResolvers<void>();
    const post: Webhooks['post'] = async (...call) => {
      if (JSON.parse(call[1]).instanceId === 'db1') await silent.promise;
      return webhooks.post(...call);
    };
    const job = createRotation(depsOf({ webhooks: { post }, hooks: anyHook, pause: async () => undefined }));
    expect(await job.run(T0, NEVER)).toBe(0);
    await createOther();
    let steps = 0;
    for (let runs = 0; runs < 50; runs += 1) steps += await job.run(T0, NEVER);
    expect(steps).toBe(4);
    expect(database.calls).toHaveLength(4);
    silent.resolve();
    for (let runs = 0; runs < 50; runs += 1) steps += await job.run(T0, NEVER);
    expect(steps).toBe(8);
    expect([...world.tasks.values()].map(({ status }) => status)).toStrictEqual(['SUCCESS', 'SUCCESS']);
  });

  it('leaves room for other projects, however many secrets one has', async () => {
    for (let count = 0; count < 12; count += 1)
      await begin('SingleUser', {}, undefined, { ...REF, name: `s${count}` });
    await createOther();
    const called: string[] = [];
    const post: Webhooks['post'] = (_url, body) => {
      called.push(JSON.parse(body).instanceId);
      return new Promise(() => undefined);
    };
    const job = createRotation(depsOf({ webhooks: { post }, hooks: anyHook, pause: async () => undefined }));
    for (let runs = 0; runs < 50; runs += 1) await job.run(T0, NEVER);
    expect(called.filter((instance) => instance === 'db1')).toHaveLength(8);
    expect(called.filter((instance) => instance === 'db2')).toHaveLength(1);
  });
});

describe('a server that stops', () => {
  it('cuts the call off and notes nothing', async () => {
    await begin();
    const before = task();
    const stopping = new AbortController();
    const post: Webhooks['post'] = async (_url, _body, _headers, bounds) => {
      stopping.abort();
      expect(bounds?.signal?.aborted).toBe(true);
      return { kind: 'failed', reason: 'timed-out' };
    };
    const job = createRotation(depsOf({ webhooks: { post } }));
    expect(await job.run(T0, stopping.signal)).toBe(0);
    expect(task()).toStrictEqual(before);
    await runToEnd();
    expect(task()).toMatchObject({ status: 'SUCCESS', attempts: 1 });
  });
});

describe('automatic rotation', () => {
  const AUTO = { autoRotation: true, rotationPeriod: '1d' };
  const schedule = (changes: Partial<World['deps']> = {}) =>
    createRotationSchedule({ ...world.deps, ...changes }).run(world.clock.wallMs, NEVER);

  it('starts when it is due, once for each period', async () => {
    await create('SingleUser', AUTO);
    world.clock.wallMs = T0 + DAY_MS - 1;
    expect(await schedule()).toBe(0);
    world.clock.wallMs = T0 + DAY_MS;
    expect([await schedule(), await schedule()]).toStrictEqual([1, 0]);
    await runToEnd();
    expect(task()).toMatchObject({ status: 'SUCCESS', isAutomatic: true });
    expect(aggregate().secret).toMatchObject({
      rotationTimeMs: T0 + DAY_MS,
      nextRotationTimeMs: T0 + 2 * DAY_MS,
    });
  });

  it('continues beside a secret that is gone or damaged, and says so once', async () => {
    await create('SingleUser', AUTO);
    world.clock.wallMs = T0 + DAY_MS;
    const { store } = world.deps;
    const throwing = (code: 'damaged' | 'secret-not-found' | 'unavailable') => ({
      store: {
        ...store,
        change: async () => {
          throw new SecretError(code);
        },
      },
    });
    expect(await schedule(throwing('secret-not-found'))).toBe(0);
    const job = createRotationSchedule({ ...world.deps, ...throwing('damaged') });
    for (let runs = 0; runs < 2; runs += 1) expect(await job.run(T0 + DAY_MS, NEVER)).toBe(0);
    expect(world.logged).toStrictEqual(['a secret is damaged and was not rotated']);
    expect(await outcomeOf(schedule(throwing('unavailable')))).toBe('unavailable');
  });
});

describe('the list of tasks', () => {
  it('is newest first, page by page, with the filters of its caller', async () => {
    await create();
    for (let count = 0; count < 3; count += 1) {
      database.fault = () => (count === 1 ? { status: 400, body: {} } : undefined);
      await rotateSecret(world.deps, REF);
      await runToEnd();
    }
    const read = (search: object) =>
      readTasks(world.deps, { projectId: REF.projectId, limit: 2, ...search } as never);
    const first = await read({});
    expect([first.entries.length, first.hasMore, first.total]).toStrictEqual([2, true, 3]);
    const marker = first.entries[1]!.id;
    const second = await read({ marker });
    expect([second.entries.length, second.hasMore, second.total]).toStrictEqual([1, false, 3]);
    const times = [...first.entries, ...second.entries].map(({ createTimeMs }) => createTimeMs);
    expect(times).toStrictEqual([...times].sort((a, b) => b - a));
    expect((await read({ status: 'FAILED' })).total).toBe(1);
    expect((await read({ status: 'FAILED', secretName: 'other' })).total).toBe(0);
    expect((await read({ secretName: REF.name })).total).toBe(3);
    expect((await read({ taskId: marker })).entries.map(({ id }) => id)).toStrictEqual([marker]);
    expect((await read({ taskId: marker, projectId: 'other' })).entries).toStrictEqual([]);
    expect(await outcomeOf(read({ marker: 'none' }))).toBe('invalid-parameter');
    expect(await outcomeOf(read({ marker, projectId: 'other' }))).toBe('invalid-parameter');
  });

  it('loses what is older than three months, except what is under way', async () => {
    await begin();
    const job = createTaskRetention(world.deps);
    const late = T0 + TASK_KEPT_MS + 1;
    expect(await job.run(late, NEVER)).toBe(0);
    await runToEnd();
    expect(await job.run(late - 1, NEVER)).toBe(0);
    expect(await job.run(late, NEVER)).toBe(1);
    expect(world.tasks.size).toBe(0);
  });
});
