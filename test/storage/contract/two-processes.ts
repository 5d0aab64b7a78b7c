import { expect } from 'vitest';
import {
  changeKey,
  codeOf,
  create,
  createEvent,
  createKey,
  DAY_MS,
  expire,
  failAttempt,
  passStep,
  purge,
  ROTATED_DRAFT,
  type StoreHarness,
  schedule,
  settle,
  startRotation,
  storePending,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

const DUE_MS = T0 + 400 * DAY_MS;

/** What is done to a rotated secret with an event, and to a key, in a project of their own. */
function commandsIn(projectId: string) {
  const ref = { projectId, name: 's' };
  const [id, taskId] = [`${projectId}-s`, `${projectId}-t`];
  const keyRef = { projectId, id: `${projectId}-k` };
  const draft = { ...ROTATED_DRAFT, eventSubscriptions: ['alarm'] };
  const material = Buffer.alloc(78);
  return {
    tell: createEvent({ projectId, name: 'alarm' }),
    create: create(ref, { id, draft }),
    createKey: createKey(keyRef),
    schedule: schedule(ref, 7),
    purge: purge(ref, id, DUE_MS),
    expire: expire(ref, 1, T0),
    notify: { aggregate: 'secret', kind: 'notify-expiry', ref, id, versionNumber: 1, nowMs: T0 },
    retry: settle(`${id}.1.SECRET_VERSION_CREATED`, { status: 'RETRY', nextAttemptMs: DUE_MS }),
    scheduleKey: changeKey(keyRef, { kind: 'schedule-key-deletion', pendingDays: 7 }),
    purgeKey: changeKey(keyRef, { kind: 'purge-key' }, DUE_MS),
    turnKey: changeKey(keyRef, { kind: 'enable-rotation' }),
    rotateKey: changeKey(keyRef, { kind: 'rotate-key', versionNumber: 2, material }, DUE_MS),
    begin: startRotation(ref, taskId, id, DUE_MS),
    store: storePending(ref, taskId),
    pass: passStep(ref, taskId, 'set'),
    fail: failAttempt(ref, taskId, 'create', DUE_MS),
  } as const;
}

/** What background work changes. */
async function stateOf({ store }: StoreHarness, projectId: string) {
  const aggregate = await store.findVersions({ projectId, name: 's' });
  const due = await store.listDueNotifications(DUE_MS, { limit: 10_000, waitMsMax: DUE_MS });
  const own = due.filter((one) => one.projectId === projectId).map(({ id }) => store.findNotification(id));
  const told = await Promise.all(own);
  const keys = (await store.listKeys(projectId)).map(({ revision }) => revision);
  return { aggregate, task: await store.findTask(`${projectId}-t`), told, keys };
}

type Name = keyof ReturnType<typeof commandsIn>;

/** Background work of two processes that have found the same thing to do: each command names what it has seen, and the second one changes nothing. */
export function twoProcessesContract(it: ContractTest): void {
  it.for<readonly [string, before: readonly Name[], late: Name]>([
    ['the deletion of a secret', ['schedule'], 'purge'],
    ['the deletion of a key', ['scheduleKey'], 'purgeKey'],
    ['the rotation of a key', ['turnKey'], 'rotateKey'],
    ['an expiry', ['expire'], 'notify'],
    ['an attempt of a delivery', [], 'retry'],
    ['the start of a rotation', [], 'begin'],
    ['a new value', ['begin'], 'store'],
    ['a step', ['begin', 'store'], 'pass'],
    ['a failed attempt', ['begin'], 'fail'],
  ])('carry out %s once', async ([, before, late], { harness, projectId }) => {
    const commands = commandsIn(projectId);
    const carryOut = (name: Name) => harness.store.change(commands[name]);
    for (const name of ['tell', 'create', 'createKey', ...before] as const) await carryOut(name);
    const atFirst = await stateOf(harness, projectId);
    await carryOut(late);
    const done = await stateOf(harness, projectId);
    expect(done).not.toStrictEqual(atFirst);
    const again = await carryOut(late).catch(codeOf);
    expect(await stateOf(harness, projectId)).toStrictEqual(done);
    if (typeof again === 'string') expect(again).toMatch(/^(secret|key)-not-found$/);
  });
}
