import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskFullError } from '../../src/storage/sqlite/engine/group-commit.ts';
import { type Connection, openWriter } from '../../src/storage/sqlite/engine/open.ts';
import { releaseBallast } from '../../src/storage/sqlite/files/disk.ts';
import { createSpaceGuard } from '../../src/storage/sqlite/files/space-guard.ts';
import { requests } from '../support/acting.ts';
import { create, remove } from '../support/stores.ts';
import { mountVolume, type SmallVolume } from './small-volume.ts';

const MIB = 1_048_576;
const REF = { projectId: 'p', name: 'n' };
const BATCH = requests(create(REF), remove(REF));

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
      return admitted.map(({ id }) => ({ id, result: {}, removed: true, damage: [] }));
    });
    expect(batches).toEqual([[0, 1], [1]]);
    expect(outcomes).toMatchObject([
      { id: 1, result: {} },
      { id: 0, error: { code: 'storage-full' } },
    ]);
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
});
