import { expect } from 'vitest';
import type { SecretCommand } from '../../../src/core/secrets/secrets.ts';
import {
  addVersion,
  cancel,
  codeOf,
  create,
  expire,
  freshProject,
  freshRef,
  newVersion,
  putStage,
  ROTATED_DRAFT,
  readProject,
  removeStage,
  schedule,
  update,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Atomicity: all of a change or nothing of it. */
export function transactionContract(it: ContractTest): void {
  it('carries out good commands between refused ones that were sent in the same moment', async ({
    harness,
    store,
  }) => {
    const [projectId, other] = [freshProject(), freshRef()];
    const a = { projectId, name: 'a' };
    const { id } = (await store.change(create(a))).secret!;
    const commands: SecretCommand[] = [];
    for (let round = 0; round < 10; round += 1) {
      commands.push(
        addVersion(a, id),
        addVersion(a, 'wrong-id'),
        create(a),
        putStage(a, `stage-${round}`, round + 2),
        putStage(a, 'nowhere', 99),
        create({ projectId, name: `b${round}` }),
        removeStage(other, 'blue'),
      );
    }
    const outcomes = await Promise.allSettled(commands.map((command) => store.change(command)));
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? codeOf(outcome.reason) : 'done',
    );
    const round = [
      'done',
      'seal-outdated',
      'secret-exists',
      'done',
      'version-not-found',
      'done',
      'secret-not-found',
    ];
    expect(codes).toStrictEqual(Array.from({ length: 10 }, () => round).flat());

    const found = await store.findVersions(a);
    const added = commands.flatMap((c) => (c.kind === 'add-version' && c.id === id ? [c.version.uid] : []));
    expect(found?.versions.slice(1).map((version) => version.uid)).toStrictEqual(added);
    expect(found?.secret.revision).toBe(21);
    expect(found?.stages).toHaveLength(12);
    expect(await store.listSecrets({ projectId, limit: 99 })).toHaveLength(11);
    await harness.reopen();
    expect(await harness.store.findVersions(a)).toStrictEqual(found);
  });

  it('carries out the commands of one caller in the order in which they were sent', async ({
    store,
    ref,
  }) => {
    const { id } = (await store.change(create(ref))).secret!;
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        store.change(index % 2 === 0 ? update(ref, { description: `d${index}` }) : addVersion(ref, id)),
      ),
    );
    const added = results.flatMap((result) =>
      result.version === undefined ? [] : [result.version.version.number],
    );
    expect(added).toStrictEqual(Array.from({ length: 50 }, (_, index) => index + 2));
    const revisions = results.flatMap((result) =>
      result.secret === undefined ? [] : [result.secret.revision],
    );
    expect(revisions).toStrictEqual(Array.from({ length: 50 }, (_, index) => 2 * index + 2));
    expect((await store.findSecret(ref))?.description).toBe('d98');
  });

  it('changes nothing when the rules refuse', async ({ harness, store, projectId }) => {
    const [open, closed] = [
      { projectId, name: 'open' },
      { projectId, name: 'closed' },
    ];
    const { id } = (await store.change(create(open, { draft: ROTATED_DRAFT }))).secret!;
    for (let count = 1; count < 20; count += 1) await store.change(addVersion(open, id));
    for (let count = 0; count < 10; count += 1) await store.change(putStage(open, `own-${count}`, 5));
    await store.change(create(closed));
    await store.change(schedule(closed, 7));
    const counts = await harness.countRows();
    const before = await readProject(store, projectId);
    const limits = { ...create(open).limits, secrets: 2 };
    const refused: [SecretCommand, string][] = [
      [create(open), 'secret-exists'],
      [create({ projectId, name: 'third' }, { limits }), 'secret-limit'],
      [
        create({ projectId, name: 'third' }, { draft: { ...ROTATED_DRAFT, rotationPeriod: '1h' } }),
        'invalid-parameter',
      ],
      [addVersion(open, id, { versionCap: 'reject' }), 'version-limit'],
      [addVersion(open, id, { stages: ['SYSCURRENT', 'one-more'] }), 'stage-limit'],
      [addVersion(open, id, { version: newVersion({ kmsKeyId: 'other' }) }), 'seal-outdated'],
      [addVersion(closed, id), 'secret-not-enabled'],
      [update(open, { rotationPeriod: '1h', description: 'x' }), 'invalid-parameter'],
      [update(open, { eventSubscriptions: ['nothing'] }), 'invalid-parameter'],
      [update(closed, { description: 'x' }), 'secret-pending-deletion'],
      [expire(open, 99, 5), 'version-not-found'],
      [putStage(open, 'one-more', 1), 'stage-limit'],
      [putStage(open, 'own-1', 99), 'version-not-found'],
      [removeStage(open, 'SYSCURRENT'), 'stage-built-in'],
      [removeStage(open, 'absent'), 'stage-not-found'],
      [schedule(closed, 7), 'deletion-already-scheduled'],
      [cancel(open), 'deletion-not-scheduled'],
    ];
    for (const [command, code] of refused) {
      await expect(store.change(command).catch(codeOf), command.kind).resolves.toBe(code);
      expect(await readProject(store, projectId), `${command.kind} ${code}`).toStrictEqual(before);
    }
    expect(await harness.countRows()).toStrictEqual(counts);
  });

  it('changes nothing when the engine itself refuses a row', async ({ harness, store, ref, secret }) => {
    const counts = await harness.countRows();
    const before = await readProject(store, ref.projectId);
    // Two secrets with one id: no rule looks, so the unique constraint has to.
    const twin = { ...ref, name: 'twin' };
    const [refused, neighbour] = await Promise.allSettled([
      store.change(create(twin, { id: secret.id })),
      store.change(create({ ...ref, name: 'neighbour' })),
    ]);
    expect(refused.status === 'rejected' && codeOf(refused.reason)).toBe('internal');
    expect(neighbour.status).toBe('fulfilled');
    await store.change({
      aggregate: 'secret',
      kind: 'delete-secret',
      ref: { ...ref, name: 'neighbour' },
      nowMs: 0,
    });
    expect(await readProject(store, ref.projectId)).toStrictEqual(before);
    expect(await harness.countRows()).toStrictEqual(counts);
    const limits = { ...create(ref).limits, secrets: 2 };
    await store.change(create(twin, { limits }));
  });

  it('changes nothing when the engine refuses a row half way through a change', async ({
    harness,
    store,
    ref,
  }) => {
    const { id } = (await store.change(create(ref))).secret!;
    const counts = await harness.countRows();
    const before = await readProject(store, ref.projectId);
    // No rule looks at this number, and no column of whole milliseconds takes it; the secret's own row comes first.
    const version = newVersion({ expireTimeMs: 0.5 });
    const outcomes = await Promise.allSettled([
      store.change(addVersion(ref, id, { version })),
      store.change(create({ ...ref, name: 'other' }, { version })),
      store.change(expire(ref, 1, 0.5)),
    ]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && codeOf(outcome.reason))).toStrictEqual([
      'internal',
      'internal',
      'internal',
    ]);
    expect(await readProject(store, ref.projectId)).toStrictEqual(before);
    expect(await harness.countRows()).toStrictEqual(counts);
    const limits = { ...create(ref).limits, secrets: 2 };
    await store.change(create({ ...ref, name: 'other' }, { limits }));
    expect((await store.change(addVersion(ref, id))).version?.version.number).toBe(2);
  });

  it('never shows a reader half of a change that is being made', async ({ store, projectId }) => {
    const refs = Array.from({ length: 30 }, (_, index) => ({ projectId, name: `s${index}` }));
    const ids = await Promise.all(refs.map(async (ref) => (await store.change(create(ref))).secret!.id));
    let isWriting = true;
    const writing = (async () => {
      for (let round = 0; round < 30; round += 1) {
        await Promise.all(refs.map((ref, index) => store.change(addVersion(ref, ids[index]!))));
      }
      isWriting = false;
    })();
    const latest = new Map<string, number>();
    while (isWriting) {
      for (const ref of refs) {
        const found = (await store.findValue(ref, 'latest'))!;
        expect(found.stages).toStrictEqual(['SYSCURRENT']);
        expect(found.version.number).toBe(found.secret.lastVersionNumber);
        expect(found.version.number).toBeGreaterThanOrEqual(latest.get(ref.name) ?? 1);
        latest.set(ref.name, found.version.number);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    expect(latest.size).toBe(refs.length);
  });
}
