import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { decideTask } from '../../../src/core/rotation/rules.ts';
import {
  ATTEMPTS_MAX,
  TASK_KEPT_MS,
  type Task,
  type TaskCommand,
  type TaskDecision,
  type TaskStep,
} from '../../../src/core/rotation/tasks.ts';
import type { Secret, SecretAggregate } from '../../../src/core/secrets/secrets.ts';
import {
  aNewVersion,
  anAggregate,
  anEvent,
  aTask,
  DAY_MS,
  marks,
  outcome,
  REF,
  range,
  SECRET_ID,
  T0,
  TASK_ID,
} from '../../support/builders.ts';
import { failAttempt, passStep, startRotation, storePending } from '../../support/stores.ts';

const NOW = T0 + 5_000;
const CONFIG = '{"InstanceId":"db1","SecretSubType":"MultiUser"}';
const URN = `urn:fss:local-1:${REF.projectId}:function:default:rotate`;
const ERROR = { code: 'FUNCTION_FAILED', message: 'no' } as const;
const TOLD = 'The rotation failed; its task says more.';
const ROTATED: Partial<Secret> = {
  secretType: 'RDS-FG',
  autoRotation: true,
  rotationPeriod: '30d',
  rotationConfig: CONFIG,
  rotationFuncUrn: URN,
  nextRotationTimeMs: NOW,
  eventSubscriptions: ['alarm'],
};

/** A rotated secret with v1 (SYSPREVIOUS), v2 (SYSCURRENT), and perhaps v3 (SYSPENDING). */
function aRotated(changes: Partial<Secret> = {}, stages: Record<string, number> = {}): SecretAggregate {
  const all = { SYSCURRENT: 2, SYSPREVIOUS: 1, ...stages };
  return anAggregate({
    secret: { ...ROTATED, ...changes },
    versions: range(1, Math.max(...Object.values(all))),
    stages: all,
  });
}
const withPending = (changes: Partial<Secret> = {}) => aRotated(changes, { SYSPENDING: 3 });

function decide(
  parts: { current?: Task; latest?: Task; secret?: SecretAggregate },
  command: TaskCommand,
): TaskDecision {
  const { current, latest, secret } = parts;
  return decideTask({ current, latest, secret, events: [anEvent()] }, command);
}

const base = { aggregate: 'task', ref: REF, id: TASK_ID, nowMs: NOW } as const;
const start = (dueSecretId?: string) => startRotation(REF, TASK_ID, dueSecretId, NOW);
const pass = (step: TaskStep, attempts = 1) => {
  return { ...passStep(REF, TASK_ID, step, NOW), progress: { step, attempts } };
};
const store = () => storePending(REF, TASK_ID, aNewVersion(), NOW);
const fail = (step: TaskStep, nextAttemptMs: number | undefined, attempts = 1) => {
  const failed = failAttempt(REF, TASK_ID, step, nextAttemptMs);
  return { ...failed, nowMs: NOW, progress: { step, attempts }, error: ERROR };
};
/** What the outbox is told. */
const told = ({ secret }: TaskDecision) =>
  (secret?.notifications ?? []).map(({ eventType, content }) => ({
    eventType,
    ...JSON.parse(content).data,
  }));

describe('the start of a rotation', () => {
  it('makes a task and leaves the secret alone', () => {
    const decision = decide({ secret: aRotated() }, start());
    expect(decision.next).toStrictEqual(
      aTask({ subType: 'MultiUser', functionUrn: URN, createTimeMs: NOW, nextAttemptMs: NOW }),
    );
    expect(decision.secret).toBeUndefined();
    expect(decision.result).toStrictEqual({ task: decision.next, changed: true });
  });

  it.each<[string, Partial<Secret>, ErrorCode]>([
    ['COMMON', { secretType: 'COMMON' }, 'invalid-parameter'],
    [
      'waiting for deletion',
      { state: 'PENDING_DELETE', scheduledDeleteTimeMs: 1 },
      'secret-pending-deletion',
    ],
    ['disabled', { state: 'DISABLED' }, 'secret-not-enabled'],
    ['frozen', { state: 'FROZEN' }, 'secret-not-enabled'],
  ])('is refused for a secret that is %s', (_, changes, code) => {
    expect(outcome(() => decide({ secret: aRotated(changes) }, start()))).toBe(code);
  });

  it('is refused for a secret that is not there', () => {
    expect(outcome(() => decide({}, start()))).toBe('secret-not-found');
  });

  it('joins the rotation that is under way, and brings its next attempt forward', () => {
    const latest = aTask({ id: 'other', nextAttemptMs: NOW + 99, attempts: 3, error: ERROR });
    const { next, secret } = decide({ latest, secret: aRotated() }, start());
    expect(next).toStrictEqual({ ...latest, nextAttemptMs: NOW });
    expect(secret).toBeUndefined();
    const early = aTask({ id: 'other', nextAttemptMs: NOW - 99 });
    expect(decide({ latest: early, secret: aRotated() }, start()).next).toStrictEqual(early);
  });

  it.each(['SUCCESS', 'FAILED'] as const)(
    'does not join one that ended as %s, and comes after it',
    (status) => {
      const latest = aTask({ id: 'other', status, nextAttemptMs: undefined, createTimeMs: NOW + 7 });
      const { next } = decide({ latest, secret: aRotated() }, start());
      expect(next).toMatchObject({ id: TASK_ID, createTimeMs: NOW + 8 });
    },
  );

  it('continues with the value that an earlier rotation left behind', () => {
    const { next, secret } = decide({ secret: withPending() }, start());
    expect(next).toMatchObject({ step: 'set', versionNumber: 3 });
    expect(secret).toBeUndefined();
  });

  it('gives up a value that is older than the current one', () => {
    const { next, secret } = decide({ secret: aRotated({}, { SYSPENDING: 1 }) }, start());
    expect(next).toMatchObject({ step: 'create', versionNumber: undefined });
    expect(marks(secret!.next!)).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
    expect(secret?.next?.secret.revision).toBe(2);
  });

  it.each([undefined, 'no json', '{}', '{"InstanceId":"i","SecretSubType":"Other"}'])(
    'knows no strategy where the configuration is %s',
    (rotationConfig) => {
      expect(decide({ secret: aRotated({ rotationConfig }) }, start()).next?.subType).toBeUndefined();
    },
  );
});

describe('an automatic start', () => {
  it('sets the next rotation, so that the secret is not due any more', () => {
    const { next, secret } = decide({ secret: aRotated() }, start(SECRET_ID));
    expect(next).toMatchObject({ isAutomatic: true, status: 'RUNNING' });
    expect(secret?.next?.secret).toMatchObject({ nextRotationTimeMs: NOW + 30 * DAY_MS, revision: 2 });
    expect(secret?.next?.secret.rotationTimeMs).toBeUndefined();
  });

  it('joins a rotation by hand, and still sets the next one', () => {
    const latest = aTask({ id: 'other' });
    const { next, secret } = decide({ latest, secret: aRotated() }, start(SECRET_ID));
    expect(next).toMatchObject({ id: 'other', isAutomatic: false });
    expect(secret?.next?.secret.nextRotationTimeMs).toBe(NOW + 30 * DAY_MS);
  });

  it.each<[string, Partial<Secret>, string]>([
    ['is another one', {}, 'another id'],
    ['is not due yet', { nextRotationTimeMs: NOW + 1 }, SECRET_ID],
    ['is not rotated any more', { autoRotation: false }, SECRET_ID],
    ['has no time', { nextRotationTimeMs: undefined }, SECRET_ID],
    ['waits for its deletion', { state: 'PENDING_DELETE', scheduledDeleteTimeMs: 1 }, SECRET_ID],
  ])('does nothing when the secret %s', (_, changes, id) => {
    const { next, secret, result } = decide({ secret: aRotated(changes) }, start(id));
    expect([next, secret, result.changed]).toStrictEqual([undefined, undefined, false]);
  });

  it('counts the failures right before it', () => {
    const countAfter = (latest: Task) => decide({ latest, secret: aRotated() }, start()).next?.failuresBefore;
    const ended = { id: 'other', nextAttemptMs: undefined, failuresBefore: 1 } as const;
    expect(countAfter(aTask({ ...ended, status: 'FAILED', isAutomatic: true }))).toBe(2);
    expect(countAfter(aTask({ ...ended, status: 'FAILED', isAutomatic: false }))).toBe(1);
    expect(countAfter(aTask({ ...ended, status: 'SUCCESS', isAutomatic: true }))).toBe(0);
  });
});

describe('the new value', () => {
  it('is a version with SYSPENDING, and tells nobody', () => {
    const decision = decide({ current: aTask(), secret: aRotated() }, store());
    expect(decision.next).toMatchObject({ step: 'set', versionNumber: 3, status: 'RUNNING' });
    expect(marks(decision.secret!.next!)).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1, SYSPENDING: 3 });
    expect(decision.secret?.added?.map(({ versionNumber }) => versionNumber)).toEqual([3]);
    expect(told(decision)).toStrictEqual([]);
    expect(decision.secret?.facts[0]).toMatchObject({ kind: 'version-added', origin: 'rotation' });
  });

  it.each<[string, Partial<Secret>, ErrorCode]>([
    ['the key is another one', { kmsKeyId: 'another' }, 'seal-outdated'],
    ['the secret is disabled', { state: 'DISABLED' }, 'secret-not-enabled'],
  ])('is refused when %s', (_, changes, code) => {
    expect(outcome(() => decide({ current: aTask(), secret: aRotated(changes) }, store()))).toBe(code);
  });

  it.each([undefined, aRotated({ id: 'another' })])('fails the task when the secret is gone', (secret) => {
    const decision = decide({ current: aTask(), ...(secret && { secret }) }, store());
    expect(decision.next).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_CHANGED' } });
    expect(decision.secret).toBeUndefined();
  });
});

describe('steps', () => {
  const at = (step: TaskStep, changes: Partial<Task> = {}) => aTask({ step, versionNumber: 3, ...changes });

  it('set leads to test, and leaves the secret alone', () => {
    const { next, secret } = decide(
      { current: at('set', { error: ERROR }), secret: withPending() },
      pass('set'),
    );
    expect([next?.step, next?.error, secret]).toStrictEqual(['test', undefined, undefined]);
  });

  it('test brings the new version into use: stages and times in one decision', () => {
    const decision = decide({ current: at('test'), secret: withPending() }, pass('test'));
    expect(decision.next).toMatchObject({ step: 'finish', status: 'RUNNING', nextAttemptMs: NOW });
    expect(marks(decision.secret!.next!)).toStrictEqual({ SYSCURRENT: 3, SYSPREVIOUS: 2 });
    expect(decision.secret?.next?.secret).toMatchObject({
      rotationTimeMs: NOW,
      nextRotationTimeMs: NOW + 30 * DAY_MS,
      updateTimeMs: NOW,
      revision: 2,
    });
    expect(told(decision)).toMatchObject([{ eventType: 'SECRET_ROTATED', versionId: 'v3' }]);
    expect(decision.result.notificationIds).toEqual(decision.secret?.notifications?.map(({ id }) => id));
    expect(decision.secret?.facts).toMatchObject([
      { kind: 'secret-rotated', version: { number: 3 } },
      { kind: 'stage-moved', name: 'SYSCURRENT', from: 2, to: 3 },
      { kind: 'stage-moved', name: 'SYSPREVIOUS', from: 1, to: 2 },
      { kind: 'stage-moved', name: 'SYSPENDING', from: 3, to: undefined },
    ]);
  });

  it('finish ends it', () => {
    const { next, secret } = decide({ current: at('finish'), secret: withPending() }, pass('finish'));
    expect(next).toMatchObject({ status: 'SUCCESS', nextAttemptMs: undefined, error: undefined });
    expect(secret).toBeUndefined();
  });

  it('finish that fails is noted and changes nothing', () => {
    const { next, secret } = decide(
      { current: at('finish'), secret: withPending() },
      fail('finish', NOW + 1),
    );
    expect(next).toMatchObject({ status: 'SUCCESS', nextAttemptMs: undefined, error: ERROR });
    expect(secret).toBeUndefined();
  });

  it.each<[string, SecretAggregate | undefined]>([
    ['was deleted', undefined],
    ['is another one', withPending({ id: 'another' })],
    ['is disabled', withPending({ state: 'DISABLED' })],
    ['has SYSPENDING elsewhere', aRotated({}, { SYSPENDING: 1, own: 3 })],
    ['has no SYSPENDING', aRotated({}, { own: 3 })],
  ])('test fails the task when the secret %s', (_, secret) => {
    const decision = decide({ current: at('test'), ...(secret && { secret }) }, pass('test'));
    expect(decision.next).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_CHANGED' } });
    const after = decision.secret?.next ?? secret;
    if (after !== undefined) expect(marks(after)).toMatchObject({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
  });
});

describe('a failed attempt', () => {
  const current = aTask({ step: 'set', versionNumber: 3, isAutomatic: true });

  it('is followed by another one, and the secret stays as it is', () => {
    const { next, secret } = decide({ current, secret: withPending() }, fail('set', NOW + 9));
    expect(next).toStrictEqual({ ...current, attempts: 2, nextAttemptMs: NOW + 9, error: ERROR });
    expect(secret).toBeUndefined();
  });

  it.each([
    ['no other one would help', 1, undefined],
    ['it was the last', ATTEMPTS_MAX, NOW + 9],
  ])('ends the rotation when %s: the new value is kept, and told is the code', (_, attempts, nextMs) => {
    const task = { ...current, attempts };
    const decision = decide({ current: task, secret: withPending() }, fail('set', nextMs, attempts));
    expect(decision.next).toStrictEqual({
      ...task,
      status: 'FAILED',
      nextAttemptMs: undefined,
      error: ERROR,
    });
    expect(marks(decision.secret!.next!)).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1, SYSPENDING: 3 });
    expect(told(decision)).toMatchObject([
      { eventType: 'SECRET_ROTATED_FAILED', versionId: 'v3', errorCode: 'FUNCTION_FAILED', errorMsg: TOLD },
    ]);
    expect(decision.secret?.next?.secret.rotationTimeMs).toBeUndefined();
  });

  const afterFailure = (changes: Partial<Task>, secret: Partial<Secret> = {}) =>
    decide({ current: { ...current, ...changes }, secret: withPending(secret) }, fail('set', undefined))
      .secret?.next?.secret;

  it('comes again after a day, or after a period if that is sooner', () => {
    expect(afterFailure({})?.nextRotationTimeMs).toBe(NOW + DAY_MS);
    expect(afterFailure({}, { rotationPeriod: '6h' })?.nextRotationTimeMs).toBe(NOW + DAY_MS / 4);
  });

  it('by hand changes nothing of the automatic ones', () => {
    const before = { autoRotation: true, nextRotationTimeMs: NOW + 77 };
    expect(afterFailure({ isAutomatic: false, failuresBefore: 2 }, before)).toMatchObject(before);
  });

  it('switches automatic rotation off at the third in a row, and again three later', () => {
    const isOn = [0, 1, 2, 3, 4, 5].map((failuresBefore) => afterFailure({ failuresBefore })?.autoRotation);
    expect(isOn).toStrictEqual([true, true, false, true, true, false]);
    expect(afterFailure({ failuresBefore: 2 })?.nextRotationTimeMs).toBeUndefined();
  });
});

describe('what comes too late', () => {
  const commands: TaskCommand[] = [store(), pass('create'), fail('create', undefined)];
  const states: [string, Task | undefined][] = [
    ['gone', undefined],
    ['ended', aTask({ status: 'FAILED', nextAttemptMs: undefined, error: ERROR })],
    ['a step further', aTask({ step: 'set', versionNumber: 3 })],
    ['at its next attempt', aTask({ attempts: 2 })],
  ];
  it.each(states.flatMap(([state, current]) => commands.map((command) => ({ state, current, command }))))(
    '$command.kind changes nothing when the task is $state',
    ({ current, command }) => {
      const decision = decide({ ...(current && { current }), secret: aRotated() }, command);
      expect(decision).toStrictEqual({ next: current, result: { task: current, changed: false } });
    },
  );
});

describe('the removal of a task', () => {
  const remove = (nowMs: number) => ({ ...base, nowMs, kind: 'remove-task' }) as const;
  const ended = aTask({ status: 'SUCCESS', nextAttemptMs: undefined });
  it.each<[string, Task | undefined, number, boolean]>([
    ['old', ended, T0 + TASK_KEPT_MS + 1, true],
    ['not old enough', ended, T0 + TASK_KEPT_MS, false],
    ['under way', aTask(), T0 + TASK_KEPT_MS + 1, false],
    ['gone', undefined, T0 + TASK_KEPT_MS + 1, false],
  ])('of one that is %s', (_, current, nowMs, isRemoved) => {
    const { next, result } = decide({ ...(current && { current }) }, remove(nowMs));
    expect([next, result.changed]).toStrictEqual([isRemoved ? undefined : current, isRemoved]);
  });
});
