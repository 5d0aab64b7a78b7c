import { expect, it, vi } from 'vitest';
import { watchCrowd } from '../../../src/http/connections/crowd.ts';
import { CROWD } from '../../../src/http/wire/limits.ts';

it('a crowd that has left is reported once, and a few connections never', () => {
  const gone = vi.fn();
  const watch = watchCrowd(gone);
  for (const open of [0, CROWD.from - 1, 0]) watch(open);
  expect(gone).toHaveBeenCalledTimes(0);
  for (const open of [CROWD.from, CROWD.goneAt + 1, CROWD.from]) watch(open);
  expect(gone).toHaveBeenCalledTimes(0);
  for (const open of [CROWD.goneAt, 0, 0]) watch(open);
  expect(gone).toHaveBeenCalledTimes(1);
  for (const open of [CROWD.from, 0]) watch(open);
  expect(gone).toHaveBeenCalledTimes(2);
});
