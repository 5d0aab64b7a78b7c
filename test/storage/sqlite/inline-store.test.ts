import { afterEach, beforeEach, expect, it } from 'vitest';
import { createInlineStore } from '../../../src/storage/sqlite/engine/inline-store.ts';
import { openImage } from '../../../src/storage/sqlite/engine/open.ts';
import type { SqliteStore } from '../../../src/storage/sqlite/engine/store-options.ts';
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
beforeEach(async () => {
  directory = makeDirectory();
  open = await openSqlite(directory);
});
afterEach(async () => {
  await open.store.close();
  removeDirectory(directory);
});

/** What is in an image, in memory; with no more pages than it has and `extraPages`. */
function openCopy({ image }: Pick<SqliteStore, 'image'>, extraPages = 1_000) {
  const db = openImage(image());
  db.pragma(`max_page_count = ${Number(db.pragma('page_count', { simple: true })) + extraPages}`);
  const store = createInlineStore({
    db,
    mac: ROW_MAC,
    onDamage: () => undefined,
    random: RANDOM,
    close: () => db.close(),
  });
  return byTest(store);
}

it('a copy in memory has every change that was answered, and so has a copy of the copy', async () => {
  const ref = freshRef();
  const { id } = (await open.store.change(create(ref))).secret!;
  // In the write-ahead log, and not in the file yet.
  await open.store.change(addVersion(ref, id));
  const first = openCopy(open.store);
  await first.change(update(ref, { description: 'of the first copy' }));
  const second = openCopy(first);
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

it('a copy without room refuses, and is as it was', async () => {
  const copy = openCopy(open.store, 20);
  const large = create(freshRef(), { version: newVersion({ sealed: sealedValue(1_000_000) }) });
  await expectRefused(copy.change(large), 'storage-full');
  const ref = freshRef();
  await copy.change(create(ref));
  expect(await copy.findSecret(ref)).toBeDefined();
  expect(await copy.findSecret(large.ref)).toBeUndefined();
  await copy.close();
  expect(copy.storageStatus().refusal).toBe('ended');
  await expectRefused(copy.change(create(freshRef())), 'unavailable');
  expect(copy.image).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
