import { describe, expect, it } from 'vitest';
import { createNonces, takeNonce } from '../../src/crypto/nonce.ts';

describe('nonces', () => {
  it('never repeat, across many refills of the pool and with sizes mixed', () => {
    const seen = new Set<string>();
    for (let count = 0; count < 4_000; count += 1) {
      for (const bytes of [12, 24]) {
        const nonce = takeNonce(bytes);
        expect(nonce.length).toBe(bytes);
        // Twelve bytes of each: a longer one must not begin as a shorter one did.
        seen.add(nonce.toString('latin1', 0, 12));
      }
    }
    expect(seen.size).toBe(8_000);
  });

  it('stay what they are when more are taken', () => {
    const first = takeNonce(24);
    const kept = first.toString('hex');
    for (let count = 0; count < 400; count += 1) takeNonce(24).fill(0);
    expect(first.toString('hex')).toBe(kept);
  });

  it.each([
    ['another time', { nowMs: () => 1_893_456_000_001, ticks: () => 5 }],
    ['another moment of the same millisecond', { nowMs: () => 1_893_456_000_000, ticks: () => 6 }],
  ])('are others in a copy of the machine that continues at %s', (_, clocks) => {
    // The copy has the same pool, and its generator continues in the same way.
    const fill = (pool: Buffer) => void pool.fill(0xa5);
    const one = createNonces({ fill, nowMs: () => 1_893_456_000_000, ticks: () => 5 });
    const copy = createNonces({ fill, ...clocks });
    for (const bytes of [12, 24]) expect(copy(bytes)).not.toEqual(one(bytes));
  });

  it('have a size that the clocks fit into', () => {
    expect(takeNonce(8)).toHaveLength(8);
    expect(takeNonce(4_096)).toHaveLength(4_096);
    for (const bytes of [7, 4_097]) expect(() => takeNonce(bytes)).toThrow(RangeError);
  });
});
