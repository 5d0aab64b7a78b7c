import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it as plainIt } from 'vitest';
import type { ContentsCommand, WholeSecret } from '../../../src/core/contents.ts';
import type { SecretEvent } from '../../../src/core/events/events.ts';
import type { Key } from '../../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { newVersion as versionOf } from '../../../src/core/secrets/versions.ts';
import { aKey, anAggregate } from '../../support/builders.ts';
import {
  create,
  createEvent,
  createGrant,
  createKey,
  ensureKey,
  expectRefused,
  newVersion,
  ROTATED_DRAFT,
  readProject,
  type StoreEngine,
  type StoreHarness,
  setStrengthCheck,
  startRotation,
  subscribedTo,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

interface Wanted {
  readonly name?: string;
  readonly id?: string;
  readonly kmsKeyId?: string;
  readonly events?: readonly string[];
}

function whole(projectId: string, wanted: Wanted = {}): WholeSecret {
  const { name = 'db-password', id = randomUUID(), kmsKeyId = 'key-1', events = [] } = wanted;
  const made = newVersion({ kmsKeyId });
  const { secret, stages } = anAggregate({
    secret: { projectId, name, id, kmsKeyId, eventSubscriptions: events, revision: 77, lastVersionNumber: 3 },
    stages: { SYSCURRENT: 3 },
    versions: [3],
  });
  const version = versionOf(made, { number: 3, createTimeMs: T0 - 5, slot: 0 });
  return {
    aggregate: { secret, stages, versions: [version], tags: [{ key: 'team', value: 'a' }] },
    added: [{ versionNumber: 3, sealed: made.sealed }],
  };
}

function key(projectId: string, changes: Partial<Key> = {}): Key {
  return aKey({ projectId, id: 'key-1', revision: 500, ...changes });
}

function put(projectId: string, changes: Partial<ContentsCommand>): ContentsCommand {
  return {
    aggregate: 'contents',
    kind: 'put-contents',
    ref: { projectId },
    isReset: false,
    keys: [],
    leavingKeyIds: [],
    events: [],
    secrets: [],
    limits: DEFAULT_LIMITS,
    nowMs: T0,
    ...changes,
  };
}

function event(projectId: string, name: string): SecretEvent {
  const { draft, id } = createEvent({ projectId, name });
  return { ...draft, projectId, name, id, createTimeMs: T0, updateTimeMs: T0, revision: 1 };
}

/** Whole things at once. */
export function contentsContract(it: ContractTest, engine: StoreEngine): void {
  it('puts keys, events and secrets as they are given', async ({ store, projectId }) => {
    const secret = whole(projectId, { events: ['alarm'] });
    const [alarm, made] = [event(projectId, 'alarm'), key(projectId)];
    await store.change(put(projectId, { keys: [made], events: [alarm], secrets: [secret] }));
    expect(await store.findKey({ projectId, id: 'key-1' })).toEqual(made);
    expect(await store.findEvent({ projectId, name: 'alarm' })).toEqual(alarm);
    const found = (await store.findContents({ projectId, name: 'db-password' }))!;
    expect(found.aggregate).toEqual(secret.aggregate);
    expect(Buffer.from(found.values[0]!.sealed.body)).toEqual(Buffer.from(secret.added[0]!.sealed.body));
  });

  it('replaces what has the names, with other ids and values, and tells nobody', async ({
    harness,
    projectId,
  }) => {
    const { store } = harness;
    const ref = { projectId, name: 'db-password' };
    await store.change(ensureKey({ projectId, id: 'key-1' }));
    await store.change(createEvent({ projectId, name: 'alarm' }));
    const before = (await store.change(create(ref, subscribedTo('alarm')))).secret!;
    await store.change(createGrant({ projectId, secretId: before.id }, 'someone'));
    const rows = await harness.countRows();
    const secret = whole(projectId, { id: before.id, events: ['alarm'] });
    const alarm = event(projectId, 'alarm');
    await store.change(put(projectId, { events: [alarm], secrets: [secret] }));
    expect((await store.findVersions(ref))!).toEqual(secret.aggregate);
    expect((await store.findEvent({ projectId, name: 'alarm' }))!.id).toBe(alarm.id);
    expect(await harness.countRows()).toEqual({ ...rows, grant: rows.grant - 1, tag: rows.tag + 1 });
    await harness.reopen();
    expect((await harness.store.findVersions(ref))!).toEqual(secret.aggregate);
  });

  it('lets two secrets change their ids, and two keys their aliases', async ({ store, projectId }) => {
    const [a, b] = [
      { name: 'a', id: randomUUID() },
      { name: 'b', id: randomUUID() },
    ];
    const named = (id: string, alias: string) => key(projectId, { id, alias, isDefault: false });
    await store.change(
      put(projectId, {
        keys: [named('key-1', 'one'), named('key-2', 'two')],
        secrets: [whole(projectId, a), whole(projectId, b)],
      }),
    );
    await store.change(
      put(projectId, {
        keys: [named('key-1', 'two'), named('key-2', 'one')],
        secrets: [whole(projectId, { ...a, id: b.id }), whole(projectId, { ...b, id: a.id })],
      }),
    );
    expect((await store.findSecret({ projectId, name: 'a' }))!.id).toBe(b.id);
    expect((await store.findKeyByAlias(projectId, 'one'))!.id).toBe('key-2');
  });

  it('keeps the material of a key that is there', async ({ store, projectId }) => {
    const made = (await store.change(ensureKey({ projectId, id: 'key-1' }))).key;
    const wanted = key(projectId, { versions: made.versions, description: 'another one' });
    await store.change(put(projectId, { keys: [wanted] }));
    const found = (await store.findKey({ projectId, id: 'key-1' }))!;
    expect(found).toMatchObject({ description: 'another one', revision: made.revision + 1 });
    expect(Buffer.from(found.versions[0]!.wrapped)).toEqual(Buffer.from(made.versions[0]!.wrapped));
    const other = key(projectId, { versions: [{ ...made.versions[0]!, wrapped: Buffer.from('other') }] });
    await expectRefused(store.change(put(projectId, { keys: [other] })), 'seal-outdated');
  });

  it('puts nothing when a key or an event is gone, or there would be too many', async ({
    store,
    projectId,
  }) => {
    await store.change(ensureKey({ projectId, id: 'key-1' }));
    const secrets = [whole(projectId, { name: 'a' })];
    const limits = { ...DEFAULT_LIMITS, secrets: 2, events: 1 };
    const events = [event(projectId, 'alarm'), event(projectId, 'ops')];
    const refusals = [
      [put(projectId, { secrets, leavingKeyIds: ['key-1'] }), 'seal-outdated'],
      [put(projectId, { secrets: [whole(projectId, { kmsKeyId: 'key-2' })] }), 'seal-outdated'],
      [put(projectId, { secrets: [whole(projectId, { events: ['alarm'] })] }), 'seal-outdated'],
      [
        put(projectId, { limits, secrets: ['a', 'b', 'c'].map((name) => whole(projectId, { name })) }),
        'secret-limit',
      ],
      [put(projectId, { limits, secrets, events }), 'event-limit'],
    ] as const;
    for (const [command, code] of refusals) await expectRefused(store.change(command), code);
    expect((await readProject(store, projectId)).secrets).toEqual([]);
    expect(await store.listEvents({ projectId, afterName: '', limit: 10 })).toEqual([]);
    expect((await store.listKeys(projectId)).map(({ id }) => id)).toEqual(['key-1']);
  });

  it('ends the rotation of a secret that it replaces', async ({ store, projectId }) => {
    const ref = { projectId, name: 'db-password' };
    await store.change(ensureKey({ projectId, id: 'key-1' }));
    const { id } = (await store.change(create(ref, { draft: ROTATED_DRAFT }))).secret!;
    const task = (await store.change(startRotation(ref, randomUUID()))).task!;
    await store.change(put(projectId, { secrets: [whole(projectId, { id })] }));
    expect(await store.findTask(task.id)).toBeUndefined();
  });

  describe('instead of everything', () => {
    let harness: StoreHarness;
    beforeAll(async () => {
      harness = await engine.open();
    });
    afterAll(() => harness.destroy());

    plainIt('leaves nothing else, of any project, and what it puts', async () => {
      const { store } = harness;
      const none = await harness.countRows();
      const [projectId, other] = ['a'.repeat(32), 'b'.repeat(32)];
      await store.change(createKey({ projectId: other, id: 'key-9' }));
      const ref = { projectId: other, name: 'other' };
      const { id } = (await store.change(create(ref, { draft: ROTATED_DRAFT }))).secret!;
      await store.change(createGrant({ projectId: other, secretId: id }, 'someone'));
      await store.change(startRotation(ref, randomUUID()));
      await store.change(createEvent({ projectId: other, name: 'alarm' }));
      await store.change(setStrengthCheck(other, true));
      await store.change(put(projectId, { isReset: true, keys: [key(projectId)] }));
      expect(await harness.countRows()).toEqual({ ...none, key: 1, keyMaterial: 1, keyAlias: 1 });
      expect(await store.findChecker(other)).toBeUndefined();
      expect(await store.countByProject()).toEqual([]);
      const again = whole(projectId, { id });
      await store.change(put(projectId, { isReset: true, keys: [key(projectId)], secrets: [again] }));
      expect((await store.findVersions({ projectId, name: 'db-password' }))!).toEqual(again.aggregate);
      await harness.reopen();
      expect(await harness.store.findKey({ projectId, id: 'key-1' })).toEqual(key(projectId));
    });
  });
}
