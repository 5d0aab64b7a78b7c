import { expect, it } from 'vitest';
import { type HarnessOf, T0 } from '../../support/stores.ts';

/** What is remembered of the clock: one record, the newest, which outlives the process. */
export function clockContract(harnessOf: HarnessOf): void {
  it('keeps the newest record, also over a restart', async () => {
    const harness = harnessOf();
    expect(await harness.store.findClock()).toBeUndefined();
    const held = { seenMs: T0, hold: { seenMs: T0 + 3, passedMs: 2 } };
    const command = { aggregate: 'clock', kind: 'record-clock', nowMs: T0 } as const;
    await harness.store.change({ ...command, record: held });
    expect(await harness.store.findClock()).toStrictEqual(held);
    await harness.reopen();
    expect(await harness.store.findClock()).toStrictEqual(held);
    const believed = { seenMs: T0 - 9, hold: undefined };
    expect(await harness.store.change({ ...command, record: believed })).toStrictEqual(believed);
    expect(await harness.store.findClock()).toStrictEqual(believed);
  });
}
