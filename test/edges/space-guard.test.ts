import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommitBatch, DiskFullError } from '../../src/storage/sqlite/engine/group-commit.ts';
import { type Connection, openWriter } from '../../src/storage/sqlite/engine/open.ts';
import type { Outcome, Request } from '../../src/storage/sqlite/engine/protocol.ts';
import { releaseBallast } from '../../src/storage/sqlite/files/disk.ts';
import { createSpaceGuard } from '../../src/storage/sqlite/files/space-guard.ts';
import { requests } from '../support/acting.ts';
import { create, newVersion, remove, sealedValue } from '../support/stores.ts';
import { mountVolume, type SmallVolume } from './small-volume.ts';

const MIB = 1_048_576;
const REF = { projectId: 'p', name: 'n' };
const BATCH = requests(create(REF), remove(REF));
const done = ({ id }: Request): Outcome => ({ id, result: {}, removed: true, damage: [] });

describe('the space guard on a volume of 32 MiB, with a database that holds 10 MiB', () => {
  let volume: SmallVolume;
  let db: Connection;
  beforeEach(() => {
    volume = mountVolume(32 * MIB);
    db = openWriter(join(volume.path, 'csms.db'));
    db.exec('CREATE TABLE filler (bytes BLOB)');
    for (let count = 0; count < 10; count += 1) db.exec(`INSERT INTO filler VALUES (zeroblob(${MIB}))`);
    db.pragma('wal_checkpoint(TRUNCATE)');
  });
  afterEach(() => {
    db.close();
    volume.unmount();
  });

  function guardWith(freeBytesMin: number) {
    const guard = createSpaceGuard(db, {
      directory: volume.path,
      databaseFile: join(volume.path, 'csms.db'),
      freeBytesMin,
    });
    guard.look();
    return guard;
  }

  it('counts what is free inside the file as room', () => {
    const needed = 24 * MIB;
    expect(guardWith(needed).writable()).toBe(false);
    db.exec('DELETE FROM filler');
    db.pragma('wal_checkpoint(TRUNCATE)');
    const guard = guardWith(needed);
    expect(guard.writable()).toBe(true);
    expect(guard.figures().reusableBytes).toBeGreaterThan(9 * MIB);
  });

  it('does not count it when there is no room for the log outside of the file', () => {
    db.exec('DELETE FROM filler');
    db.pragma('wal_checkpoint(TRUNCATE)');
    volume.fill(100_000);
    expect(guardWith(4 * MIB).writable()).toBe(false);
  });

  it('lets no change in for having given the reserve up', () => {
    // 2 MiB of reserve, 4 MiB that are needed: 5 MiB are enough beside the reserve, and not without it.
    const guard = guardWith(4 * MIB);
    volume.fill(5 * MIB);
    guard.look();
    expect(guard.writable()).toBe(true);
    releaseBallast(volume.path);
    volume.fill(5 * MIB);
    guard.look();
    expect(guard.writable()).toBe(false);
  });

  it('lets a deletion through that came in the batch which found the disk full', () => {
    const guard = guardWith(4 * MIB);
    const batches: number[][] = [];
    const outcomes = guard.admit(BATCH, (admitted) => {
      batches.push(admitted.map(({ id }) => id));
      if (batches.length === 1) throw new DiskFullError('the disk is full');
      return admitted.map(done);
    });
    expect(batches).toEqual([[0, 1], [1]]);
    expect(outcomes).toMatchObject([
      { id: 0, error: { code: 'storage-full' } },
      { id: 1, result: {} },
    ]);
  });

  it('lets deletions through one by one when there is no room for all of them at once', () => {
    const guard = guardWith(4 * MIB);
    const outcomes = guard.admit(requests(...Array.from({ length: 8 }, () => remove(REF))), (admitted) => {
      if (admitted.length > 1) throw new DiskFullError('the disk is full');
      return admitted.map(done);
    });
    expect(outcomes.filter((outcome) => 'result' in outcome)).toHaveLength(8);
  });

  it('refuses all when there is no room in the reserve either', () => {
    const guard = guardWith(4 * MIB);
    const outcomes = guard.admit(BATCH, () => {
      throw new DiskFullError('the disk is full');
    });
    expect(outcomes.map(({ id }) => id)).toEqual([0, 1]);
    expect(outcomes).toMatchObject([
      { error: { code: 'storage-full' } },
      { error: { code: 'storage-full' } },
    ]);
  });

  it('counts what the log holds once more, while the file has to grow for it', () => {
    const guard = guardWith(MIB);
    db.pragma('wal_autocheckpoint = 0');
    guard.look();
    const before = guard.figures().freeBytes;
    db.exec(`INSERT INTO filler VALUES (zeroblob(${2 * MIB}))`);
    guard.look();
    expect(guard.figures().freeBytes).toBeLessThan(before - 4 * MIB);
    db.pragma('wal_checkpoint(TRUNCATE)');
    guard.look();
    expect(guard.figures().freeBytes).toBeGreaterThan(before - 3 * MIB);
  });

  it('refuses at its limit, and not where the disk is full, however fast changes come', () => {
    const guard = guardWith(4 * MIB);
    const batch = requests(create(REF, { version: newVersion({ sealed: sealedValue(500_000) }) }));
    const commit: CommitBatch = (admitted) => {
      db.exec('INSERT INTO filler VALUES (zeroblob(500000))');
      return admitted.map(done);
    };
    let outcome: Outcome | undefined;
    while (outcome === undefined || 'result' in outcome) [outcome] = guard.admit(batch, commit);
    expect(guard.writable()).toBe(false);
    expect(existsSync(join(volume.path, 'ballast'))).toBe(true);
    expect(volume.freeBytes()).toBeGreaterThan(2.5 * MIB);
    // What is in the log fits into the file.
    expect(db.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
  });

  it('refuses a change alone that there is no room for, and takes others', () => {
    const guard = guardWith(4 * MIB);
    const large = create(REF, { version: newVersion({ sealed: sealedValue(20 * MIB) }) });
    const outcomes = guard.admit(requests(large, create(REF)), (admitted) => admitted.map(done));
    expect(outcomes).toMatchObject([
      { id: 1, result: {} },
      { id: 0, error: { code: 'storage-full' } },
    ]);
    expect(guard.writable()).toBe(true);
  });

  it('keeps the log within its reserve when others take the rest of the disk', () => {
    guardWith(4 * MIB);
    for (let count = 0; count < 40; count += 1) db.exec('INSERT INTO filler VALUES (zeroblob(60000))');
    volume.fill(0);
    releaseBallast(volume.path);
    expect(db.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
  });
});
