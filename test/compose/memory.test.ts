import { expect, it, vi } from 'vitest';
import { giveMemoryBack } from '../../src/compose/memory.ts';

it('memory of what is gone is given back', async () => {
  let waste: unknown[] | undefined = Array.from({ length: 1_000_000 }, (_, n) => ({ n }));
  const full = process.memoryUsage().heapUsed;
  expect(waste.length).toBe(1_000_000);
  waste = undefined;
  giveMemoryBack();
  await vi.waitFor(() => expect(process.memoryUsage().heapUsed).toBeLessThan(full - 10_000_000), 60_000);
});
