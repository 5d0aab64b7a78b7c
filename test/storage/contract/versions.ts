import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import type { SecretRef } from '../../../src/core/secrets/secrets.ts';
import type { TestStore } from '../../support/acting.ts';
import { range } from '../../support/builders.ts';
import {
  addVersion,
  create,
  expectRefused,
  freshRef,
  newVersion,
  putStage,
  removeStage,
  sealedValue,
  T0,
} from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** Versions, their values and stages: numbers, room for 20 and 12, and bytes that come back as they went in. */
export function versionContract(it: ContractTest): void {
  it('returns a new version to the very next read, as latest and by number', async ({
    store,
    ref,
    secret,
  }) => {
    const version = newVersion({ kind: 'binary', expireTimeMs: T0 + 7 });
    const added = await store.change(addVersion(ref, secret.id, { version }));
    expect(added.version?.version).toMatchObject({
      number: 2,
      uid: version.uid,
      kind: 'binary',
      expireTimeMs: T0 + 7,
    });
    const latest = await store.findValue(ref, 'latest');
    expect(latest).toStrictEqual(await store.findValue(ref, 2));
    expect(latest).toMatchObject({ ...added.version, stages: ['SYSCURRENT'] });
    expect((await store.findValue(ref, 1))?.stages).toStrictEqual(['SYSPREVIOUS']);
    expect(await stagesOf(store, ref)).toStrictEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
  });

  it.for([0, 1, 100, 3_900, 4_096, 65_535, 65_536 + 96])(
    'gives a sealed value of %i bytes back byte for byte',
    async (size, { store, ref }) => {
      const sealed = sealedValue(size);
      await store.change(create(ref, { version: newVersion({ sealed }) }));
      const found = await store.findValue(ref, 1);
      expect(Buffer.compare(found!.sealed.body, sealed.body)).toBe(0);
      expect(Buffer.compare(found!.sealed.wrappedKey, sealed.wrappedKey)).toBe(0);
    },
  );

  it('stores the bytes of a view, not of the memory around it', async ({ store, ref }) => {
    const memory = randomBytes(300);
    const sealed = {
      wrappedKey: memory.subarray(10, 96),
      body: new Uint8Array(memory.buffer, memory.byteOffset + 100, 150),
    };
    await store.change(create(ref, { version: newVersion({ sealed }) }));
    const found = await store.findValue(ref, 'latest');
    expect(Buffer.from(found!.sealed.body)).toStrictEqual(Buffer.from(memory.subarray(100, 250)));
    expect(Buffer.from(found!.sealed.wrappedKey)).toStrictEqual(Buffer.from(memory.subarray(10, 96)));
  });

  it('takes the 12th stage, refuses the 13th, and gives the slot of a removed one away again', async ({
    store,
  }) => {
    const { ref } = await fullSecret(store, 2);
    for (let index = 0; index < 10; index += 1) await store.change(putStage(ref, `own-${index}`, 1));
    await expectRefused(store.change(putStage(ref, 'one-more', 1)), 'stage-limit');
    await store.change(removeStage(ref, 'own-4'));
    await store.change(putStage(ref, 'one-more', 2));
    const stages = (await store.findVersions(ref))!.stages;
    expect(stages.map((stage) => stage.slot)).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(stages[6]).toMatchObject({ name: 'one-more', versionNumber: 2 });
  });

  it('has a sample with the newest ones, each once, and others that exist', async ({
    store,
    ref,
    secret: { id },
  }) => {
    for (let version = 2; version <= 5; version += 1) await store.change(addVersion(ref, id));
    const places = await store.sampleVersions(3);
    const own = places.filter((place) => place.ref.name === ref.name).map(({ number }) => number);
    expect(own).toEqual(expect.arrayContaining([3, 4, 5]));
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(places.length);
    expect(places.length).toBeLessThanOrEqual(6);
    for (const { ref: found, number } of places) {
      expect((await store.findValue(found, number))?.version.number).toBe(number);
    }
  });

  it('knows no value of an absent secret or version', async ({ store, ref }) => {
    expect(await store.findValue(ref, 'latest')).toBeUndefined();
    await store.change(create(ref));
    expect(await store.findValue(ref, 0)).toBeUndefined();
    expect(await store.findValue(ref, 2)).toBeUndefined();
  });

  it('gives 40 concurrent additions 40 different numbers and leaves one SYSCURRENT', async ({
    store,
    ref,
  }) => {
    const secret = (await store.change(create(ref))).secret!;
    const adding = Array.from({ length: 40 }, () => store.change(addVersion(ref, secret.id)));
    const numbers = (await Promise.all(adding)).map((result) => result.version!.version.number);
    expect(numbers.toSorted((a, b) => a - b)).toStrictEqual(
      Array.from({ length: 40 }, (_, index) => index + 2),
    );
    const found = await store.findVersions(ref);
    expect(found?.versions.map((version) => version.number)).toStrictEqual(range(22, 41));
    expect(new Set(found?.versions.map((version) => version.slot)).size).toBe(20);
    expect(await stagesOf(store, ref)).toStrictEqual({ SYSCURRENT: 41, SYSPREVIOUS: 40 });
  });

  it('removes the rows of a version that made room', async ({ harness }) => {
    const { ref, id } = await fullSecret(harness.store);
    const before = await harness.countRows();
    await harness.store.change(addVersion(ref, id));
    expect(await harness.countRows()).toStrictEqual(before);
  });

  it('makes room for several when the limit was lowered since', async ({ store }) => {
    const { ref, id } = await fullSecret(store);
    await store.change(addVersion(ref, id, { limits: { ...DEFAULT_LIMITS, versions: 5 } }));
    const left = (await store.findVersions(ref))?.versions.map((version) => version.number);
    expect(left).toStrictEqual([17, 18, 19, 20, 21]);
  });
}

/** A secret with versions 1 to `count`. */
async function fullSecret(store: TestStore, count = 20): Promise<{ ref: SecretRef; id: string }> {
  const ref = freshRef();
  const { id } = (await store.change(create(ref))).secret!;
  await Promise.all(Array.from({ length: count - 1 }, () => store.change(addVersion(ref, id))));
  return { ref, id };
}

async function stagesOf(store: TestStore, ref: SecretRef): Promise<Record<string, number>> {
  const stages = (await store.findVersions(ref))?.stages ?? [];
  return Object.fromEntries(stages.map((stage) => [stage.name, stage.versionNumber]));
}
