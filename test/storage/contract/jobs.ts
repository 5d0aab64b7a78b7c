import { expect, it } from 'vitest';
import { type JobCommand, LEASE_MS } from '../../../src/core/job.ts';
import { freshProject, type HarnessOf, T0 } from '../../support/stores.ts';

const claim = (name: string, holder: string, nowMs = T0) =>
  ({ aggregate: 'job', kind: 'claim-job', ref: { name }, holder, nowMs }) as const;

/** Leases of background jobs: one holder at a time, and what is recorded stays. */
export function jobContract(harnessOf: HarnessOf): void {
  it('gives a job to one of 20 that claim it at the same moment', async () => {
    const { store } = harnessOf();
    const name = freshProject();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.change(claim(name, `holder-${index}`))),
    );
    expect(results.filter(({ held }) => held)).toHaveLength(1);
    for (const { job } of results) expect(job).toStrictEqual(results[0]?.job);
  });

  it('keeps everything that a finished run recorded, also over a restart', async () => {
    const harness = harnessOf();
    const name = freshProject();
    await harness.store.change(claim(name, 'one'));
    const finish = {
      aggregate: 'job',
      kind: 'finish-job',
      ref: { name },
      epoch: 1,
      nextRunMs: T0 + 60_000,
      error: 'damaged',
      processed: 4,
      nowMs: T0,
    } satisfies JobCommand;
    expect((await harness.store.change(finish)).held).toBe(true);
    await harness.reopen();
    const { job } = await harness.store.change(claim(name, 'two', T0 + LEASE_MS));
    expect(job).toStrictEqual({
      name,
      leaseHolder: 'two',
      leaseUntilMs: T0 + 2 * LEASE_MS,
      epoch: 2,
      nextRunMs: T0 + 60_000,
      lastError: 'damaged',
      runs: 1,
      failures: 1,
      processed: 4,
    });
    expect((await harness.store.change(finish)).held).toBe(false);
  });

  it('gives a released job to the next', async () => {
    const { store } = harnessOf();
    const name = freshProject();
    await store.change(claim(name, 'one'));
    await store.change({ aggregate: 'job', kind: 'release-job', ref: { name }, epoch: 1, nowMs: T0 });
    expect(await store.change(claim(name, 'two'))).toMatchObject({ held: true, job: { epoch: 2 } });
  });
}
