import { describe, expect, it } from 'vitest';
import { StartError } from '../../../src/app/start-error.ts';
import type { KeyRef } from '../../../src/core/kms/keys.ts';
import { DESTROYED_KEY } from '../../../src/storage/columns/keys.ts';
import { createChangeCounters } from '../../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { openReader, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { createWholeReads } from '../../../src/storage/sqlite/rows/wholes.ts';
import { requests } from '../../support/acting.ts';
import { expectRefused, recordClock, T0 } from '../../support/stores.ts';
import { filledDirectory } from './filled-directory.ts';
import { databaseFile, MIGRATIONS, ROW_MAC, staleShards } from './harness.ts';
import { ROWS } from './tamper-columns.ts';
import { fillInstallation } from './tamper-project.ts';

/** Holds nothing but a count, which the full check compares with what it counts. */
const COUNTED = 'project';

/** The rows that belong to no project: the signing key, destroyed keys, the records of the clock and of the installation itself. */
describe('tampering with rows of the installation', () => {
  const filled = filledDirectory(fillInstallation);

  const columns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    installation: {
      id: "'another'",
      create_time_ms: 'create_time_ms + 1',
      root_key_id: "'another'",
      root_key_fingerprint: "'another'",
      root_key_stretching: "'scrypt'",
      canary: "x'00'",
      roll: "'[]'",
      row_mac: 'zeroblob(32)',
    },
    row_sums: { counter: 'counter + 1', sealed: "x'00'" },
    kms_key_destroyed: {
      project_id: "'another'",
      id: "'another'",
      destroy_time_ms: 'destroy_time_ms + 1',
      row_mac: 'zeroblob(32)',
    },
    signing_key: {
      certificate_pem: "'another'",
      sealed_private_key: "x'00'",
      create_time_ms: 'create_time_ms + 1',
      row_mac: 'zeroblob(32)',
    },
    revoked_token: {
      id: "'another'",
      user_id: "'another'",
      expire_time_ms: 'expire_time_ms + 1',
      row_mac: 'zeroblob(32)',
    },
    clock: {
      seen_ms: 'seen_ms + 1',
      hold_seen_ms: 'hold_seen_ms + 1',
      hold_passed_ms: 'hold_passed_ms + 1',
      row_mac: 'zeroblob(32)',
    },
  };
  const cases = Object.entries(columns).flatMap(([table, changes]) =>
    Object.entries(changes).map(([column, value]) => ({ table, column, value })),
  );

  it('covers every column of every table that a project does not own', () => {
    const listed = filled.tamper((db) => {
      const tables = db
        .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .pluck()
        .all()
        .filter((table) => !(table in ROWS) && table !== COUNTED);
      const names = db
        .prepare<[string], string>("SELECT name FROM pragma_table_info(?) WHERE name <> 'only_row'")
        .pluck();
      return tables.flatMap((table) => names.all(table).map((column) => `${table}.${column}`));
    });
    expect(cases.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(listed.sort());
  });

  it.each(cases)('is noticed in $column of $table', async ({ table, column, value }) => {
    filled.tamper(`UPDATE ${table} SET ${column} = ${value}`);
    await expectNoticed(table);
  });

  it.each(['signing_key', 'clock', 'row_sums'])('is noticed when the row of %s is gone', async (table) => {
    filled.tamper(`DELETE FROM ${table}`);
    await expectNoticed(table);
  });

  it('is noticed when the MAC of the installation is gone', () => {
    filled.tamper('UPDATE installation SET row_mac = NULL');
    return expectNoticed('installation');
  });

  it('does not sign a roll that someone has changed', async () => {
    filled.tamper("DELETE FROM clock; UPDATE installation SET roll = '[]'");
    const open = openDirectory(filled.path, MIGRATIONS);
    const db = openWriter(open.databaseFile);
    const commit = createCommitBatch(db, ROW_MAC, createChangeCounters());
    expect(commit(requests(recordClock({ seenMs: T0, hold: undefined })))).toMatchObject([
      { error: { code: 'damaged' } },
    ]);
    db.close();
    open.release();
  });

  it('signs the record of a database from before records were signed, once', async () => {
    filled.tamper("UPDATE installation SET row_mac = NULL, roll = '[]'");
    const open = openDirectory(filled.path, MIGRATIONS);
    expect(() => open.requireIntact(ROW_MAC)).toThrow(StartError);
    open.signFirst(ROW_MAC, Buffer.from('signed'));
    open.requireIntact(ROW_MAC);
    open.release();
    const stored = filled.tamper((db) => db.prepare('SELECT canary, roll FROM installation').get());
    const roll = '["clock","row-sums","signing-key"]';
    expect(stored).toEqual({ canary: Buffer.from('signed'), roll });
  });

  async function expectNoticed(table: string): Promise<void> {
    if (table === 'installation') {
      const open = openDirectory(filled.path, MIGRATIONS);
      expect(() => open.requireIntact(ROW_MAC)).toThrow(/record of its installation has been changed/);
      open.release();
      return;
    }
    if (table === 'row_sums') {
      expect(() => expect(staleShards(filled.path)).toEqual([])).toThrow();
      return;
    }
    if (table === 'kms_key_destroyed') {
      const db = openReader(databaseFile(filled.path));
      const find = createWholeReads(db, ROW_MAC)(DESTROYED_KEY);
      const refs = db.prepare<[], KeyRef>('SELECT project_id AS projectId, id FROM kms_key_destroyed').all();
      expect(refs).toHaveLength(1);
      for (const { projectId, id } of refs) expect(() => find(projectId, id)).toThrow('has been changed');
      db.close();
      return;
    }
    const { store } = filled;
    if (table === 'revoked_token') {
      const page = await store.listRevocations('', 10);
      expect(page).toEqual({ revocations: [], damagedIds: [expect.any(String)] });
      return;
    }
    const read = async (): Promise<unknown> =>
      table === 'clock' ? store.findClock() : store.findSigningKey();
    await expectRefused(read(), 'damaged');
  }
});
