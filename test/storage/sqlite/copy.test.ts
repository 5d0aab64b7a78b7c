import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCopy } from '../../../src/storage/sqlite/engine/copy.ts';
import type { ForkPoint } from '../../../src/storage/sqlite/engine/fork-point.ts';
import { createInlineStore } from '../../../src/storage/sqlite/engine/inline-store.ts';
import { openImage } from '../../../src/storage/sqlite/engine/open.ts';
import { byTest } from '../../support/acting.ts';
import {
  addVersion,
  create,
  expectRefused,
  freshRef,
  newVersion,
  sealedValue,
  update,
} from '../../support/stores.ts';
import { makeDirectory, type OpenSqlite, openSqlite, RANDOM, ROW_MAC, removeDirectory } from './harness.ts';

let directory: string;
let open: OpenSqlite;
/** How many copies have data of their own. */
let changed = 0;
beforeEach(async () => {
  directory = makeDirectory();
  open = await openSqlite(directory);
  changed = 0;
});
afterEach(async () => {
  await open.store.close();
  removeDirectory(directory);
});

/** A copy in memory; once it is changed, with no more pages than it has and `extraPages`. */
function openCopy(point: ForkPoint, extraPages = 1_000) {
  const store = createCopy(point, (image) => {
    changed += 1;
    const db = openImage(image);
    db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true })) + extraPages}`);
    return createInlineStore({
      db,
      mac: ROW_MAC,
      onDamage: () => undefined,
      random: RANDOM,
      close: () => db.close(),
    });
  });
  return byTest(store);
}

it('a copy in memory has every change that was answered, and so has a copy of the copy', async () => {
  const ref = freshRef();
  const { id } = (await open.store.change(create(ref))).secret!;
  // In the write-ahead log, and not in the file yet.
  await open.store.change(addVersion(ref, id));
  const first = openCopy(open.store.forkPoint());
  await first.change(update(ref, { description: 'of the first copy' }));
  const second = openCopy(first.forkPoint());
  await second.change(addVersion(ref, id));
  const seen = [open.store, first, second].map(async (store) => {
    const { secret, versions } = (await store.findVersions(ref))!;
    return [secret.description, versions.length];
  });
  expect(await Promise.all(seen)).toEqual([
    ['a plain secret', 2],
    ['of the first copy', 2],
    ['of the first copy', 3],
  ]);
  await second.close();
  expect((await first.findVersions(ref))?.versions).toHaveLength(2);
  await first.close();
});

it('copies of the same moment share what they read until they are changed', async () => {
  const ref = freshRef();
  const { id } = (await open.store.change(create(ref))).secret!;
  const point = open.store.forkPoint();
  const [one, two] = [openCopy(point), openCopy(open.store.forkPoint())];
  const three = openCopy(two.forkPoint());
  expect([open.store.forkPoint(), one.forkPoint(), three.forkPoint()]).toEqual([point, point, point]);
  const versions = async (store: typeof one) => (await store.findVersions(ref))?.versions.length;
  expect([await versions(one), await versions(two), await versions(three)]).toEqual([1, 1, 1]);
  expect(changed).toBe(0);
  await two.change(addVersion(ref, id));
  expect([changed, await versions(one), await versions(two), await versions(three)]).toEqual([1, 1, 2, 1]);
  expect(two.forkPoint()).not.toBe(point);
  // A change of the origin is a new moment, and what was copied stays.
  await open.store.change(addVersion(ref, id));
  const later = openCopy(open.store.forkPoint());
  await later.change(addVersion(ref, id));
  expect([await versions(later), await versions(one)]).toEqual([3, 1]);
  // The end of one is not that of the others; the last one ends the moment, too.
  await one.close();
  await one.close();
  expect(await versions(three)).toBe(1);
  expect(() => one.findVersions(ref)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  await Promise.all([two.close(), three.close(), later.close()]);
  expect(() => point.reads.findVersions(ref)).toThrow(expect.objectContaining({ code: 'unavailable' }));
});

it('tells listeners of its changes, whether they came before the first one or after it', async () => {
  const copy = openCopy(open.store.forkPoint());
  const told: string[] = [];
  copy.onNews((news) => void told.push(`early: ${news}`));
  await copy.change(create(freshRef()));
  copy.onNews((news) => void told.push(`late: ${news}`));
  await copy.change(create(freshRef()));
  expect(told).toEqual(['early: changes', 'early: changes', 'late: changes']);
  await copy.close();
});

it('a copy without room refuses, and is as it was', async () => {
  const copy = openCopy(open.store.forkPoint(), 20);
  const large = create(freshRef(), { version: newVersion({ sealed: sealedValue(1_000_000) }) });
  await expectRefused(copy.change(large), 'storage-full');
  const ref = freshRef();
  await copy.change(create(ref));
  expect(await copy.findSecret(ref)).toBeDefined();
  expect(await copy.findSecret(large.ref)).toBeUndefined();
  await copy.close();
  expect(copy.storageStatus().refusal).toBe('ended');
  await expectRefused(copy.change(create(freshRef())), 'unavailable');
  expect(copy.forkPoint).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
