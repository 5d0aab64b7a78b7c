import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { verifyInstallation } from '../../src/compose/verify.ts';
import { callsOf } from '../http/calls.ts';
import { changeAt, kmsCallsOf } from '../http/kms-calls.ts';
import { ALPHA, startTestServer } from '../support/server.ts';

it('the full check tells values of a destroyed key from those of a lost one', async () => {
  const server = await startTestServer();
  const [acme, kms] = [callsOf(server), kmsCallsOf(server)];
  const verify = () => {
    const dataDirectory = join(server.directory, 'data');
    const rootKey = `file:${join(server.directory, 'root.key')}`;
    return verifyInstallation({ environment: {}, mode: 'serve', dataDirectory, rootKey });
  };
  try {
    const [destroyed, lost] = [await kms.create('destroyed'), await kms.create('lost')];
    await acme.create('a', { secret_string: 'x', kms_key_id: destroyed });
    await acme.addVersion('a');
    await acme.create('b', { secret_string: 'x', kms_key_id: lost });
    await kms.post('schedule-key-deletion', { key_id: destroyed, pending_days: '7' });
    const nowMs = Date.now() + 8 * 86_400_000;
    await changeAt(server, { kind: 'purge-key', ref: { projectId: ALPHA, id: destroyed }, nowMs });
    await server.app.close();
    await server.composed.close();
    expect(verify()).toEqual({ secrets: 2, versions: 3, unreadable: 2, keys: 1, findings: [] });

    const db = new Database(join(server.directory, 'data', 'csms.db'));
    db.pragma('foreign_keys = OFF');
    for (const [table, column] of [
      ['kms_key', 'id'],
      ['kms_key_version', 'key_id'],
      ['kms_key_alias', 'key_id'],
    ]) {
      db.prepare(`DELETE FROM ${table} WHERE ${column} = ?`).run(lost);
    }
    db.close();
    const finding = `version ${ALPHA}/b/v1: its key ${lost} is missing or damaged`;
    const shard = expect.stringMatching(/^shard \d+ of 64: /);
    expect(verify()).toMatchObject({ unreadable: 2, findings: [shard, finding] });

    const other = new Database(join(server.directory, 'data', 'csms.db'));
    other.exec('UPDATE kms_key_destroyed SET destroy_time_ms = 1');
    other.close();
    expect(verify()).toMatchObject({
      unreadable: 0,
      findings: [
        shard,
        `destroyed key ${ALPHA}/${destroyed}: its row has been changed`,
        `version ${ALPHA}/a/v1: its key ${destroyed} is missing or damaged`,
        `version ${ALPHA}/a/v2: its key ${destroyed} is missing or damaged`,
        finding,
      ],
    });
  } finally {
    rmSync(server.directory, { recursive: true, force: true });
  }
});
