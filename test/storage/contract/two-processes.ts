import { expect, it } from 'vitest';
import type { Command } from '../../../src/core/commands.ts';
import type { SecretRef } from '../../../src/core/secrets/secrets.ts';
import {
  changeKey,
  codeOf,
  create,
  createEvent,
  createKey,
  DAY_MS,
  expire,
  failAttempt,
  freshProject,
  type HarnessOf,
  passStep,
  purge,
  ROTATED_DRAFT,
  schedule,
  startRotation,
  storePending,
  T0,
} from '../../support/stores.ts';

const DUE_MS = T0 + 400 * DAY_MS;

/** What background work changes. */
async function stateOf({ store }: ReturnType<HarnessOf>, { projectId, name }: SecretRef, taskId: string) {
  const aggregate = await store.findVersions({ projectId, name });
  const due = await store.listDueNotifications(DUE_MS, { limit: 10_000, waitMsMax: DUE_MS });
  const own = due.filter((one) => one.projectId === projectId).map(({ id }) => store.findNotification(id));
  const told = await Promise.all(own);
  const keys = (await store.listKeys(projectId)).map(({ revision }) => revision);
  return { aggregate, task: await store.findTask(taskId), told, keys };
}

/** Background work of two processes that have found the same thing to do: each command names what it has seen, and the second one changes nothing. */
export function twoProcessesContract(harnessOf: HarnessOf): void {
  let place: { ref: SecretRef; id: string; taskId: string; keyRef: { projectId: string; id: string } };

  /** A rotated secret with an expired version, and a key, in a project of their own. */
  async function start(): Promise<void> {
    const { store } = harnessOf();
    const projectId = freshProject();
    const ref = { projectId, name: 's' };
    place = {
      ref,
      id: `${projectId}-s`,
      taskId: `${projectId}-t`,
      keyRef: { projectId, id: `${projectId}-k` },
    };
    await store.change(createEvent({ projectId, name: 'alarm' }));
    const draft = { ...ROTATED_DRAFT, eventSubscriptions: ['alarm'] };
    await store.change(create(ref, { id: place.id, draft }));
    await store.change(createKey(place.keyRef));
  }

  const settle = () =>
    ({
      aggregate: 'notification',
      kind: 'settle-notification',
      ref: { id: `${place.id}.1.SECRET_VERSION_CREATED` },
      attempts: 0,
      outcome: { status: 'RETRY', nextAttemptMs: DUE_MS },
      nowMs: T0,
    }) as const;
  const rotate = () => {
    const material = Buffer.alloc(78);
    return changeKey(place.keyRef, { kind: 'rotate-key', versionNumber: 2, material }, DUE_MS);
  };
  const notify = () =>
    ({
      aggregate: 'secret',
      kind: 'notify-expiry',
      ref: place.ref,
      id: place.id,
      versionNumber: 1,
      nowMs: T0,
    }) as const;
  const begin = () => startRotation(place.ref, place.taskId, place.id, DUE_MS);

  it.each<readonly [string, before: () => readonly Command[], late: () => Command]>([
    ['the deletion of a secret', () => [schedule(place.ref, 7)], () => purge(place.ref, place.id, DUE_MS)],
    [
      'the deletion of a key',
      () => [changeKey(place.keyRef, { kind: 'schedule-key-deletion', pendingDays: 7 })],
      () => changeKey(place.keyRef, { kind: 'purge-key' }, DUE_MS),
    ],
    ['the rotation of a key', () => [changeKey(place.keyRef, { kind: 'enable-rotation' })], rotate],
    ['an expiry', () => [expire(place.ref, 1, T0)], notify],
    ['an attempt of a delivery', () => [], settle],
    ['the start of a rotation', () => [], begin],
    ['a new value', () => [begin()], () => storePending(place.ref, place.taskId)],
    [
      'a step',
      () => [begin(), storePending(place.ref, place.taskId)],
      () => passStep(place.ref, place.taskId, 'set'),
    ],
    ['a failed attempt', () => [begin()], () => failAttempt(place.ref, place.taskId, 'create', DUE_MS)],
  ])('carry out %s once', async (_, before, late) => {
    await start();
    const harness = harnessOf();
    for (const command of before()) await harness.store.change(command);
    const state = () => stateOf(harness, place.ref, place.taskId);
    const atFirst = await state();
    const command = late();
    await harness.store.change(command);
    const done = await state();
    expect(done).not.toStrictEqual(atFirst);
    const again = await harness.store.change(command).catch(codeOf);
    expect(await state()).toStrictEqual(done);
    if (typeof again === 'string') expect(again).toMatch(/^(secret|key)-not-found$/);
  });
}
