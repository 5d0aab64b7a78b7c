import { describe, expect, it } from 'vitest';
import { overBudget, sharesOf } from './support/durations.ts';

describe('the time of test files', () => {
  const files = (count: number, longestMs: number) =>
    sharesOf([
      { path: 'long', durationMs: longestMs },
      ...Array.from({ length: count - 1 }, (_, index) => ({ path: `short ${index}`, durationMs: 10 })),
    ]);

  it('is a share of the whole run, the longest first', () => {
    expect(files(181, 1800).slice(0, 2)).toEqual([
      ['long', 0.5],
      ['short 0', 10 / 3600],
    ]);
  });

  it('is over its budget from a tenth of a whole run on; a run of few files has none', () => {
    expect(overBudget(files(181, 1800))).toEqual(['long']);
    expect(overBudget(files(181, 150))).toEqual([]);
    expect(overBudget(files(10, 1000))).toEqual([]);
  });
});
