import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstallation } from '../../src/compose/installation.ts';
import { createXaesKey, sealXaes } from '../../src/crypto/aead.ts';
import { encodeContext, formatHeader } from '../../src/crypto/envelope.ts';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import { createRowMac } from '../../src/crypto/row-mac.ts';
import { CLOCK } from '../../src/storage/columns/small.ts';
import { openReader } from '../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../src/storage/sqlite/files/installation.ts';
import { createWholeReads } from '../../src/storage/sqlite/rows/wholes.ts';
import {
  databaseFile,
  MIGRATIONS,
  makeDirectory,
  removeDirectory,
  tamper,
} from '../storage/sqlite/harness.ts';

const clock = { nowMs: () => 1_893_456_000_000 };
/** Schema of the last release that did not sign the record of the installation. */
const UNSIGNED_SCHEMA = 7;

describe('the record of an installation', () => {
  let place: string;
  let directory: string;
  beforeEach(() => {
    place = makeDirectory();
    directory = join(place, 'data');
    createRootKeyFile(join(place, 'root.key'));
  });
  afterEach(() => removeDirectory(place));

  function start() {
    const rootKey = `file:${join(place, 'root.key')}`;
    const { open, ...started } = openInstallation(
      { environment: {}, mode: 'serve', dataDirectory: directory, rootKey },
      clock,
    );
    open.release();
    return started;
  }

  it.each([
    ['time', 'create_time_ms = 1'],
    ['stretching of its root key', "root_key_stretching = 'scrypt'"],
    ['list of rows', `roll = '["clock"]'`],
    ['MAC', 'row_mac = NULL'],
  ])('with another %s is refused at the start', (_, change) => {
    start();
    tamper(directory, (db) => db.exec(`UPDATE installation SET ${change}`));
    expect(start).toThrow('record of its installation has been changed');
  });

  it('is signed at the first start of this release, with the rows that are there, and checked ever after', () => {
    const { rootKey } = start();
    removeDirectory(directory);
    openDirectory(directory, MIGRATIONS.slice(0, UNSIGNED_SCHEMA)).release();
    const id = randomUUID();
    const canary = sealXaes(createXaesKey(rootKey.derive('check')), {
      header: formatHeader('CSN'),
      context: encodeContext('canary', [id]),
      plaintext: Buffer.from('csms canary 1'),
    });
    tamper(directory, (db) => {
      db.prepare(
        `INSERT INTO installation (only_row, id, create_time_ms, root_key_id, root_key_fingerprint, canary)
         VALUES (1, ?, 5, ?, ?, ?)`,
      ).run(id, rootKey.id, rootKey.fingerprint, canary);
      db.exec('INSERT INTO clock VALUES (1, 0, NULL, NULL, zeroblob(32))');
    });
    expect(start().installation.id).toBe(id);
    expect(start().installation.createTimeMs).toBe(5);
    tamper(directory, (db) => db.exec('DELETE FROM clock'));
    start();
    const reader = openReader(databaseFile(directory));
    const find = createWholeReads(reader, createRowMac(rootKey.derive('rowmac')));
    expect(find(CLOCK)).toThrow('A stored row is missing.');
    reader.close();
    tamper(directory, (db) => db.exec('UPDATE installation SET create_time_ms = 6, row_mac = NULL'));
    expect(start).toThrow('record of its installation has been changed');
  });
});
