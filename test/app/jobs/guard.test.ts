import { beforeEach, describe, expect, it } from 'vitest';
import { createDelivery } from '../../../src/app/events/delivery.ts';
import { createExpiryScan } from '../../../src/app/events/expiry.ts';
import { createNotificationRetention } from '../../../src/app/events/notifications.ts';
import { createRevocationRetention } from '../../../src/app/identity/revocations.ts';
import { createItemGuard } from '../../../src/app/jobs/guard.ts';
import type { Job } from '../../../src/app/jobs/job.ts';
import { createPurgeJob } from '../../../src/app/jobs/purge.ts';
import { createKeyDeletion } from '../../../src/app/kms/jobs.ts';
import type { Deps } from '../../../src/app/ports/deps.ts';
import {
  createRotation,
  createRotationSchedule,
  type RotationDeps,
} from '../../../src/app/rotation/rotation.ts';
import { createTaskRetention } from '../../../src/app/rotation/tasks.ts';
import { type ErrorCode, SecretError } from '../../../src/core/errors.ts';
import { REF, T0 } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;
const STORE_DOWN: ErrorCode[] = ['unavailable', 'storage-full', 'outcome-unknown'];
const FOREIGN = [
  new SecretError('internal', 'words'),
  new SecretError('resource-not-found'),
  new Error('words'),
  new TypeError('words'),
];

let world: World;
let told: { fields: object; message: string }[];
let deps: Deps;
beforeEach(() => {
  world = aWorld();
  told = [];
  const error = (fields: object, message: string) => told.push({ fields, message });
  deps = { ...world.deps, log: { ...world.deps.log, error } };
});

const fail = (error: unknown) => async (): Promise<never> => {
  throw error;
};
const pass = (ms: number) => {
  world.clock.wallMs += ms;
};

describe('a guard', () => {
  const guardOf = () => createItemGuard(deps, { item: 'a thing', outcome: 'was not done' });

  it.each(FOREIGN)('contains %o and tells its code, never its words', async (error) => {
    const guard = guardOf();
    expect(await guard.run('one', fail(error))).toBeUndefined();
    const code = error instanceof SecretError ? error.code : 'internal';
    const message = 'a thing failed and was not done; it is tried again later';
    expect(told).toEqual([{ fields: { id: 'one', code, failures: 1, waitMs: MINUTE_MS }, message }]);
    expect(JSON.stringify(told)).not.toContain('words');
  });

  it.each(STORE_DOWN)('lets %s through and leaves nothing out', async (code) => {
    const guard = guardOf();
    await expect(guard.run('one', fail(new SecretError(code)))).rejects.toMatchObject({ code });
    expect([guard.size, guard.isLeftOut('one'), told]).toEqual([0, false, []]);
  });

  it('leaves an item out for a minute, doubled up to an hour, until it succeeds', async () => {
    const guard = guardOf();
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await guard.run('one', fail(new Error()));
      pass(minutes * MINUTE_MS - 1);
      expect([guard.size, guard.isLeftOut('one')]).toEqual([1, true]);
      pass(1);
      expect([guard.size, guard.isLeftOut('one')]).toEqual([0, false]);
    }
    expect(await guard.run('one', async () => 'done')).toBe('done');
    await guard.run('one', fail(new Error()));
    pass(MINUTE_MS);
    expect(guard.isLeftOut('one')).toBe(false);
  });

  it('leaves a damaged item out for good, reported once, and counts it beside those that wait', async () => {
    const guard = guardOf();
    await guard.run('one', fail(new Error()));
    for (let time = 0; time < 2; time += 1) await guard.run('two', fail(new SecretError('damaged')));
    expect(guard.size).toBe(2);
    pass(HOUR_MS);
    expect([guard.size, guard.isLeftOut('two')]).toEqual([1, true]);
    expect(told[1]).toEqual({ fields: { id: 'two' }, message: 'a thing is damaged and was not done' });
    expect(told).toHaveLength(2);
  });

  it('forgets failures of long ago, and does not wait for a time that a wrong clock made', async () => {
    const guard = guardOf();
    for (let time = 0; time < 3; time += 1) await guard.run('one', fail(new Error()));
    pass(3 * HOUR_MS + 1);
    await guard.run('two', fail(new Error()));
    await guard.run('one', fail(new Error()));
    expect(told.at(-1)?.fields).toMatchObject({ failures: 1 });
    pass(-1);
    expect([guard.size, guard.isLeftOut('one')]).toEqual([0, false]);
  });
});

/** Items that are due, by id, in the order of the list; what is done is no longer due. */
interface Work {
  due: string[];
  done: string[];
  fault: (id: string) => unknown;
}

/** A store whose every list is that work: each job takes its own items for due. */
function depsOver(work: Work): RotationDeps & Parameters<typeof createDelivery>[0] {
  const item = (id: string) => ({ id, ref: { projectId: REF.projectId, name: id, id } });
  const page = (limit: number) => work.due.slice(0, limit);
  const carryOut = (id: string) => {
    const error = work.fault(id);
    if (error !== undefined) throw error;
    work.due = work.due.filter((one) => one !== id);
    work.done.push(id);
  };
  const idOf = ({ ref }: { ref: { id?: string; name?: string } }) => ref.id ?? ref.name ?? '';
  const store = {
    listDueSecrets: async (_: number, limit: number) => page(limit).map(item),
    listDueRotations: async (_: number, limit: number) => page(limit).map(item),
    listDueTasks: async (_: number, { limit }: { limit: number }) => page(limit).map(item),
    listOldTasks: async (_: number, limit: number) => page(limit).map(item),
    listOldRevocations: async (_: number, limit: number) => page(limit),
    listOldNotifications: async (_: number, limit: number) => page(limit),
    listDueNotifications: async (_: number, { limit }: { limit: number }) =>
      page(limit).map((id) => ({ id, projectId: REF.projectId })),
    listDueKeys: async ({ limit }: { limit: number }) => page(limit).map((id) => item(id).ref),
    listExpiringProjects: async () => [REF.projectId],
    listExpiredVersions: async ({ limit }: { limit: number }) =>
      page(limit).map((id) => ({ ...item(id), versionNumber: 1, eventNames: ['alarm'], place: {} })),
    findEvent: async () => ({ state: 'ENABLED', types: ['SECRET_VERSION_EXPIRED'] }),
    findTask: async (id: string) => void carryOut(id),
    findNotification: async (id: string) => ({ id, attempts: 0, targetId: '', projectId: '' }),
    change: async (command: { ref: { id?: string; name?: string } }) => {
      carryOut(idOf(command));
      return { changed: true, removed: true, notified: true };
    },
  };
  const hooks = { findTopic: () => undefined, findFunction: () => undefined };
  const pause = () => new Promise(() => undefined);
  return { ...deps, store, hooks, pause, jitter: { fraction: () => 0 }, machineClock: deps.clock } as never;
}

const JOBS: Record<string, { create: (work: ReturnType<typeof depsOver>) => Job; head: number }> = {
  purge: { create: createPurgeJob, head: 100 },
  'key deletion': { create: createKeyDeletion, head: 100 },
  expiry: { create: createExpiryScan, head: 99 },
  delivery: { create: createDelivery, head: 64 },
  'retention of notifications': { create: createNotificationRetention, head: 200 },
  'retention of revocations': { create: createRevocationRetention, head: 200 },
  'retention of tasks': { create: createTaskRetention, head: 200 },
  'rotation schedule': { create: createRotationSchedule, head: 100 },
  rotation: { create: createRotation, head: 32 },
};

describe.each(Object.entries(JOBS))('%s', (_, { create, head }) => {
  const start = (due: string[]) => {
    const work: Work = { due, done: [], fault: (id) => (id.startsWith('bad') ? new TypeError() : undefined) };
    const job = create(depsOver(work));
    return { job, work, run: () => job.run(world.clock.wallMs, NEVER) };
  };

  it('continues behind a failing first item in the same run, and tries it again later', async () => {
    const { job, run, work } = start(['bad', 'one', 'two']);
    await run();
    expect(work.done).toEqual(['one', 'two']);
    expect(job.failedItems?.()).toBe(1);
    work.fault = () => undefined;
    pass(MINUTE_MS - 1);
    await run();
    expect(work.done).toHaveLength(2);
    pass(1);
    await run();
    expect(work.done).toEqual(['one', 'two', 'bad']);
    expect(told).toHaveLength(1);
  });

  it('gets past a whole head of the list that fails', async () => {
    const { run, work } = start([...Array.from({ length: head }, (__, index) => `bad-${index}`), 'last']);
    // Rotation has room for eight of a project in a run.
    for (let runs = 0; runs < 5; runs += 1) await run();
    expect(work.done).toEqual(['last']);
  });

  it.each(STORE_DOWN)('ends its run at %s', async (code) => {
    const { run, work } = start(['one']);
    work.fault = () => new SecretError(code);
    await expect(run()).rejects.toMatchObject({ code });
    work.fault = () => undefined;
    await run();
    expect(work.done).toEqual(['one']);
  });
});

describe.each(['task', 'notification'])('the hourly retention of each %s', (kind) => {
  it('gets past a head that fails in one run', async () => {
    const due = [...Array.from({ length: 200 }, (_, index) => `bad-${index}`), 'last'];
    const work: Work = { due, done: [], fault: (id) => (id === 'last' ? undefined : new Error()) };
    const create = kind === 'task' ? createTaskRetention : createNotificationRetention;
    await create(depsOver(work)).run(T0, NEVER);
    expect(work.done).toEqual(['last']);
  });
});
