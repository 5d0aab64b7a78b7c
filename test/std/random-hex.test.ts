import { expect, it } from 'vitest';
import { createHexIds } from '../../src/std/random-hex.ts';

it('ids are 32 hex digits and never repeat, though many are drawn at once', () => {
  const next = createHexIds();
  const ids = Array.from({ length: 2_000 }, next);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set([...ids, ...Array.from({ length: 1_000 }, createHexIds())]).size).toBe(3_000);
});
