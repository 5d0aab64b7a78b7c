import { expect } from 'vitest';
import { recordClock, T0 } from '../../support/stores.ts';
import type { ContractTest } from './given.ts';

/** What is remembered of the clock: one record, the newest, which outlives the process. */
export function clockContract(it: ContractTest): void {
  it('keeps the newest record, also over a restart', async ({ harness }) => {
    expect(await harness.store.findClock()).toBeUndefined();
    const held = { seenMs: T0, hold: { seenMs: T0 + 3, passedMs: 2 } };
    await harness.store.change(recordClock(held));
    expect(await harness.store.findClock()).toStrictEqual(held);
    await harness.reopen();
    expect(await harness.store.findClock()).toStrictEqual(held);
    const believed = { seenMs: T0 - 9, hold: undefined };
    expect(await harness.store.change(recordClock(believed))).toStrictEqual(believed);
    expect(await harness.store.findClock()).toStrictEqual(believed);
  });
}
