import { describe, expect, it } from 'vitest';
import { takeNonce } from '../../src/crypto/nonce.ts';

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
});
