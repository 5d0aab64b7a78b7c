import { expect, it, vi } from 'vitest';
import { watchStart } from '../../../src/app/jobs/rest.ts';

it('a start is over once, after five looks in a row without work', () => {
  const atRest = vi.fn();
  const watch = watchStart(atRest);
  for (const isBusy of [true, false, false, false, false, true, false, false, false, false]) watch(isBusy);
  expect(atRest).toHaveBeenCalledTimes(0);
  watch(false);
  expect(atRest).toHaveBeenCalledTimes(1);
  for (let look = 0; look < 20; look += 1) watch(look === 7);
  expect(atRest).toHaveBeenCalledTimes(1);
});
