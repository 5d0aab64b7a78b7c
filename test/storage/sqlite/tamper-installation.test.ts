import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/app/ports.ts';
import { expectRefused, T0 } from '../../support/stores.ts';
import { makeDirectory, openSqlite, removeDirectory, tamper } from './harness.ts';

/** The rows that belong to no project: jobs, the signing key, the record of the clock. */
describe('tampering with rows of the installation', () => {
  let directory: string;
  beforeEach(async () => {
    directory = makeDirectory();
    const { store } = await openSqlite(directory);
    await claim(store);
    const key = { certificatePem: 'pem', sealedPrivateKey: Buffer.from('sealed'), createTimeMs: T0 };
    await store.change({ aggregate: 'signing-key', kind: 'ensure-signing-key', key, nowMs: T0 });
    await store.change({
      aggregate: 'job',
      kind: 'finish-job',
      ref: { name: 'purge' },
      epoch: 1,
      nextRunMs: T0,
      error: 'damaged',
      processed: 1,
      nowMs: T0,
    });
    const record = { seenMs: T0, hold: { seenMs: T0 + 1, passedMs: 2 } };
    await store.change({ aggregate: 'clock', kind: 'record-clock', record, nowMs: T0 });
    await store.close();
  });
  afterEach(() => removeDirectory(directory));

  function claim(store: Store) {
    const ref = { name: 'purge' };
    return store.change({ aggregate: 'job', kind: 'claim-job', ref, holder: 'one', nowMs: T0 });
  }

  const columns = {
    job: {
      lease_holder: "'two'",
      lease_until_ms: 'lease_until_ms + 1',
      epoch: 'epoch + 1',
      next_run_ms: 'next_run_ms + 1',
      last_error: "'none'",
      runs: 'runs + 1',
      failures: 'failures + 1',
      processed: 'processed + 1',
      row_mac: 'zeroblob(32)',
    },
    signing_key: {
      certificate_pem: "'another'",
      sealed_private_key: "x'00'",
      create_time_ms: 'create_time_ms + 1',
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

  it('covers every column', () => {
    const listed = tamper(directory, (db) =>
      Object.keys(columns).flatMap((table) =>
        db.prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk = 0').pluck().all(table),
      ),
    );
    expect(cases.map(({ column }) => column).sort()).toEqual(listed.sort());
  });

  it.each(cases)('is noticed in $table.$column', async ({ table, column, value }) => {
    tamper(directory, (db) => db.exec(`UPDATE ${table} SET ${column} = ${value}`));
    const { store } = await openSqlite(directory);
    if (table === 'job') await expectRefused(claim(store), 'damaged');
    else
      await expectRefused(
        Promise.resolve().then((): unknown =>
          table === 'clock' ? store.findClock() : store.findSigningKey(),
        ),
        'damaged',
      );
    await store.close();
  });

  it('makes another job of a renamed one, and damage of one that takes its place', async () => {
    tamper(directory, (db) => db.exec("UPDATE job SET name = 'purged'"));
    const { store } = await openSqlite(directory);
    expect((await claim(store)).job?.epoch).toBe(1);
    const other = { aggregate: 'job', kind: 'claim-job', holder: 'one', nowMs: T0 } as const;
    await expectRefused(store.change({ ...other, ref: { name: 'purged' } }), 'damaged');
    await store.close();
  });
});
