import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openInstallation } from '../../../src/compose/installation.ts';
import type { Command } from '../../../src/core/commands.ts';
import type { Version } from '../../../src/core/secrets/secrets.ts';
import { createRowMac } from '../../../src/crypto/row-mac.ts';
import { completeBackup } from '../../../src/storage/backup.ts';
import type { RowMac } from '../../../src/storage/row-mac.ts';
import { createChangeCounters } from '../../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { type Connection, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { createSecretReads } from '../../../src/storage/sqlite/tables/secret-reads.ts';
import { requests } from '../../support/acting.ts';
import { addVersion, expire, T0 } from '../../support/stores.ts';
import { databaseFile, makeDirectory, removeDirectory } from '../sqlite/harness.ts';
import { configOf, PRESENT, PROJECTS, takeGolden } from './make.ts';

/** A version with the field that a later release has; it writes `new` into its own ones. */
interface LaterVersion extends Version {
  readonly note: string;
}

/** The program of this file is that release: a row in the table of fields is all that differs. */
vi.mock('../../../src/storage/columns/secrets.ts', async (original) => {
  const { defineTable, flag, optional, otherwise, plain } = await import(
    '../../../src/storage/columns/fields.ts'
  );
  const VERSION = defineTable<LaterVersion>({
    name: 'version',
    fields: {
      number: plain(),
      uid: plain(),
      note: otherwise('', { encode: (note = 'new') => note }),
      kind: plain(),
      kmsKeyId: plain(),
      createTimeMs: plain(),
      expireTimeMs: optional(),
      expiryNotified: otherwise(false, flag()),
      slot: plain(),
    },
  });
  return { ...(await original<object>()), VERSION };
});

describe('a field that a later release adds to versions', () => {
  const ref = { projectId: PROJECTS[0]!, name: 'open' };
  let directory: string;
  let db: Connection;
  let mac: RowMac;
  beforeEach(() => {
    directory = makeDirectory();
    takeGolden(directory, PRESENT);
    const { open, rootKey } = openInstallation(configOf(directory), { nowMs: () => T0 });
    open.release();
    mac = createRowMac(rootKey.derive('rowmac'));
    db = openWriter(databaseFile(directory));
    db.exec("ALTER TABLE version ADD COLUMN note TEXT NOT NULL DEFAULT ''");
  });
  afterEach(() => {
    db.close();
    removeDirectory(directory);
  });

  const load = () => createSecretReads(db, mac).load(ref)?.aggregate;
  const notes = () => load()?.versions.map((version) => (version as LaterVersion).note);

  function commit(command: Command): void {
    const carry = createCommitBatch(db, mac, createChangeCounters());
    expect(carry(requests(command))).toEqual([expect.not.objectContaining({ error: expect.anything() })]);
  }

  function changeNote(number: number, note: string): void {
    const place = '(SELECT row FROM secret WHERE project_id = ? AND name = ?)';
    db.prepare(`UPDATE version SET note = ? WHERE number = ? AND secret_row = ${place}`).run(
      note,
      number,
      ref.projectId,
      ref.name,
    );
  }

  it('leaves the rows from before it as valid as they were', () => {
    expect(notes()).toEqual(['', '', '']);
    commit(expire(ref, 1, T0 + 5));
    expect(notes()).toEqual(['', '', '']);
    changeNote(1, 'forged');
    expect(load).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  it('is stored and authenticated in new rows', () => {
    commit(addVersion(ref, load()!.secret.id));
    expect(notes()).toEqual(['', '', '', 'new']);
    for (const forged of ['', 'forged']) {
      changeNote(4, forged);
      expect(load).toThrow(expect.objectContaining({ code: 'damaged' }));
    }
    changeNote(4, 'new');
    expect(notes()).toEqual(['', '', '', 'new']);
  });

  it('is in a backup from before it what it is in rows from before it', () => {
    const written = JSON.parse(JSON.stringify(load())) as { versions: object[] };
    for (const version of written.versions) Reflect.deleteProperty(version, 'note');
    expect(completeBackup(written)).toEqual(load());
  });
});
