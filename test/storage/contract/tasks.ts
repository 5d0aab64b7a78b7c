import { beforeEach, expect } from 'vitest';
import type { TaskQuery } from '../../../src/app/ports/tasks.ts';
import { TASK_KEPT_MS } from '../../../src/core/rotation/tasks.ts';
import {
  create,
  createEvent,
  DAY_MS,
  expectRefused,
  failAttempt,
  freshProject,
  newVersion,
  passStep,
  ROTATED_DRAFT,
  remove,
  schedule,
  startRotation,
  storePending,
  T0,
} from '../../support/stores.ts';
import type { ContractTest, HarnessOf } from './given.ts';

const YEAR_MS = 366 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;

/** Rotations: a task and its secret change together or not at all. */
export function taskContract(it: ContractTest, harnessOf: HarnessOf): void {
  let projectId: string;
  let ref: { projectId: string; name: string };
  let id: string;
  let tasks = 0;
  const taskId = (number: number) => `${projectId}-task-${String(number).padStart(4, '0')}`;
  const page = { limit: 10_000, waitMsMax: YEAR_MS };
  const due = async (nowMs: number) =>
    (await harnessOf().store.listDueTasks(nowMs, page))
      .filter((found) => found.ref.projectId === projectId)
      .map((found) => found.id);
  const stages = async () =>
    Object.fromEntries(
      (await harnessOf().store.findVersions(ref))!.stages.map(({ name, versionNumber }) => [
        name,
        versionNumber,
      ]),
    );
  const told = async () =>
    (await harnessOf().store.listDueNotifications(T0 + YEAR_MS, page))
      .map((one) => one.id)
      .filter((found) => found.startsWith(id));

  /** A rotated secret that is subscribed to everything, in a project of its own. */
  async function start(name = 's', project = freshProject()): Promise<void> {
    const { store } = harnessOf();
    projectId = project;
    ref = { projectId, name };
    id = `${projectId}-${name}`;
    if ((await store.findEvent({ projectId, name: 'alarm' })) === undefined) {
      await store.change(createEvent({ projectId, name: 'alarm' }));
    }
    const draft = {
      ...ROTATED_DRAFT,
      eventSubscriptions: ['alarm'],
      rotationConfig: '{"InstanceId":"i","SecretSubType":"MultiUser"}',
    };
    await store.change(create(ref, { id, draft }));
  }

  /** A rotation from its start to its end; returns the task's id. */
  async function rotate(isGood = true, nowMs = T0): Promise<string> {
    const { store } = harnessOf();
    tasks += 1;
    const task = taskId(tasks);
    const begun = await store.change(startRotation(ref, task, undefined, nowMs));
    if (!isGood) {
      await store.change(failAttempt(ref, task, begun.task!.step));
      return task;
    }
    if (begun.task!.step === 'create') await store.change(storePending(ref, task));
    for (const step of ['set', 'test', 'finish'] as const) await store.change(passStep(ref, task, step));
    return task;
  }

  beforeEach(() => start());

  it('keeps every field, also over a restart', async ({ harness }) => {
    const task = taskId(0);
    await harness.store.change(startRotation(ref, task, id, T0 + MONTH_MS));
    await harness.store.change(storePending(ref, task, newVersion(), T0 + MONTH_MS));
    await harness.store.change(failAttempt(ref, task, 'set', T0 + MONTH_MS + 9));
    await harness.kill();
    expect(await harness.store.findTask(task)).toStrictEqual({
      id: task,
      projectId,
      secretName: 's',
      secretId: id,
      subType: 'MultiUser',
      isAutomatic: true,
      functionUrn: ROTATED_DRAFT.rotationFuncUrn,
      status: 'RUNNING',
      step: 'set',
      versionNumber: 2,
      createTimeMs: T0 + MONTH_MS,
      attempts: 2,
      nextAttemptMs: T0 + MONTH_MS + 9,
      error: { code: 'FUNCTION_FAILED', message: 'The function failed.' },
      failuresBefore: 0,
    });
    expect(await stages()).toStrictEqual({ SYSCURRENT: 1, SYSPENDING: 2 });
    expect(await harness.store.findTask('another')).toBeUndefined();
  });

  it('brings the new value into use with all that belongs to it, and a reader sees it at once', async ({
    store,
  }) => {
    const task = taskId(0);
    const version = newVersion();
    const latest = async () => (await store.findValue(ref, 'latest'))?.version.number;
    await store.change(startRotation(ref, task));
    await store.change(storePending(ref, task, version));
    // What was read before must not be given out again.
    expect([await latest(), (await store.findSecret(ref))?.rotationTimeMs]).toStrictEqual([1, undefined]);
    await store.change(passStep(ref, task, 'set'));
    await store.change(passStep(ref, task, 'test', T0 + 7));
    expect(await latest()).toBe(2);
    expect((await store.findValue(ref, 'latest'))?.sealed.body).toStrictEqual(version.sealed.body);
    expect(await store.findSecret(ref)).toMatchObject({
      rotationTimeMs: T0 + 7,
      nextRotationTimeMs: T0 + 7 + MONTH_MS,
    });
    expect(await stages()).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
    expect(await told()).toStrictEqual([`${id}.1.SECRET_VERSION_CREATED`, `${id}.3.SECRET_ROTATED`]);
    await store.change(passStep(ref, task, 'finish'));
    expect(await due(T0 + YEAR_MS)).toStrictEqual([]);
  });

  it('writes neither side of a change that is refused', async ({ store }) => {
    const task = taskId(0);
    await store.change(startRotation(ref, task));
    const before = [await store.findTask(task), await store.findVersions(ref)];
    const foreign = newVersion({ kmsKeyId: 'another' });
    await expectRefused(store.change(storePending(ref, task, foreign)), 'seal-outdated');
    await store.change(passStep(ref, task, 'set'));
    expect([await store.findTask(task), await store.findVersions(ref)]).toStrictEqual(before);
    await expectRefused(store.change(startRotation({ ...ref, name: 'none' }, 'x')), 'secret-not-found');
  });

  it('has one rotation of a secret at a time, however many ask for one', async ({ store }) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.change(startRotation(ref, taskId(index)))),
    );
    expect(new Set(results.map(({ task }) => task?.id)).size).toBe(1);
    expect(await store.countTasks({ projectId })).toBe(1);
  });

  it('outlives its secret, and another one of the same name has nothing to do with it', async ({ store }) => {
    const task = taskId(0);
    await store.change(startRotation(ref, task));
    await store.change(remove(ref));
    await store.change(create(ref, { id: `${id}-2`, draft: ROTATED_DRAFT }));
    await store.change(storePending(ref, task));
    expect(await store.findTask(task)).toMatchObject({ status: 'FAILED', error: { code: 'SECRET_CHANGED' } });
    expect((await store.findVersions(ref))?.versions).toHaveLength(1);
    const other = await store.change(startRotation(ref, taskId(1)));
    expect(other.task).toMatchObject({ id: taskId(1), status: 'RUNNING', secretId: `${id}-2` });
  });

  it('lists what is due, by time and up to the limit, and what no wait can have made', async ({ store }) => {
    const task = taskId(0);
    await store.change(startRotation(ref, task));
    await store.change(failAttempt(ref, task, 'create', 5_000));
    const isDue = async (nowMs: number, waitMsMax: number, limit = 10_000) =>
      (await store.listDueTasks(nowMs, { limit, waitMsMax })).some((found) => found.id === task);
    expect(await isDue(4_999, 1_000)).toBe(false);
    expect(await isDue(5_000, 1_000)).toBe(true);
    expect(await isDue(4_000, 1_000)).toBe(false);
    expect(await isDue(3_999, 1_000)).toBe(true);
    expect(await isDue(5_000, 1_000, 0)).toBe(false);
  });

  it('lists secrets whose rotation is due, and none that waits for its deletion', async ({ store }) => {
    const isDue = async (nowMs: number) =>
      (await store.listDueRotations(nowMs, 10_000)).some((found) => found.id === id);
    expect([await isDue(T0 + MONTH_MS - 1), await isDue(T0 + MONTH_MS)]).toStrictEqual([false, true]);
    expect(await store.listDueRotations(T0 + YEAR_MS, 0)).toStrictEqual([]);
    await store.change(schedule(ref, 7));
    expect(await isDue(T0 + YEAR_MS)).toBe(false);
  });

  it('lists a project’s tasks, newest first, by every filter and page by page', async ({ store }) => {
    await start('a');
    const one = await rotate(true, T0 + 1);
    const two = await rotate(false, T0 + 2);
    await start('b', projectId);
    const three = await rotate(true, T0 + 2);
    const four = await rotate(false, T0 + 3);
    const open = taskId(9_999);
    await store.change(startRotation(ref, open, undefined, T0 + 4));
    const list = async (query: Partial<TaskQuery> = {}) =>
      (await store.listTasks({ projectId, limit: 10, ...query })).map((task) => task.id);
    const expected = [open, four, three, two, one];
    const filters: [Partial<TaskQuery>, string[]][] = [
      [{}, expected],
      [{ status: 'SUCCESS' }, [three, one]],
      [{ status: 'FAILED' }, [four, two]],
      [{ secretName: 'a' }, [two, one]],
      [{ secretName: 'b', status: 'FAILED' }, [four]],
      [{ secretName: 'c' }, []],
      [{ projectId: 'another' }, []],
    ];
    for (const [query, ids] of filters) {
      expect(await list(query), JSON.stringify(query)).toStrictEqual(ids);
      expect(await store.countTasks({ projectId, ...query })).toBe(ids.length);
    }
    const pages: string[] = [];
    for (let after = await store.findTask(open); after !== undefined; ) {
      pages.push(after.id);
      [after] = await store.listTasks({ projectId, limit: 1, after });
    }
    expect(pages).toStrictEqual(expected);
  });

  it('removes a task after three months, also when its secret is gone, and tells which are so old', async ({
    store,
  }) => {
    const task = await rotate();
    await store.change(remove(ref));
    const isOld = async (beforeMs: number) =>
      (await store.listOldTasks(beforeMs, 10_000)).some((found) => found.id === task);
    expect([await isOld(T0), await isOld(T0 + 1)]).toStrictEqual([false, true]);
    const drop = (nowMs: number) =>
      store.change({ aggregate: 'task', kind: 'remove-task', ref, id: task, nowMs });
    expect((await drop(T0 + TASK_KEPT_MS)).changed).toBe(false);
    expect((await drop(T0 + TASK_KEPT_MS + 1)).changed).toBe(true);
    expect(await store.findTask(task)).toBeUndefined();
  });
}
