import { expect, it } from 'vitest';
import { addVersion, create, freshRef, type HarnessOf } from '../../support/stores.ts';

/** Rules of the sample that is opened at the start. */
export function sampleContract(harnessOf: HarnessOf): void {
  it('holds the newest versions, each once, and others that exist', async () => {
    const { store } = harnessOf();
    const ref = freshRef();
    const { id } = (await store.change(create(ref))).secret!;
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

  it('counts the secrets of each project', async () => {
    const { store } = harnessOf();
    const [one, two] = [freshRef(), freshRef()];
    await store.change(create(one));
    await store.change(create({ ...one, name: 'another' }));
    await store.change(create(two));
    expect(await store.countByProject()).toEqual(
      expect.arrayContaining([
        { projectId: one.projectId, secrets: 2 },
        { projectId: two.projectId, secrets: 1 },
      ]),
    );
  });
}
