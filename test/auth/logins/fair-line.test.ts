import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairLine, type FairLine } from '../../../src/auth/logins/fair-line.ts';

/** Adds entries such as `a1x`: group a, member 1. Answers those that had to go. */
function addAll(line: FairLine<string>, entries: readonly string[]): readonly (string | undefined)[] {
  return entries.map((entry) => line.add({ group: entry.charAt(0), member: entry.charAt(1) }, entry));
}

function drain(line: FairLine<string>): readonly string[] {
  const drained: string[] = [];
  for (let entry = line.next(); entry !== undefined; entry = line.next()) drained.push(entry);
  return drained;
}

describe('a fair line', () => {
  it('lets groups take turns, and members within a group', () => {
    const line = createFairLine<string>(20);
    addAll(line, ['a1x', 'a1y', 'a1z', 'a2x', 'a2y', 'b1x', 'b1y']);
    expect(drain(line)).toEqual(['a1x', 'b1x', 'a2x', 'b1y', 'a1y', 'a2y', 'a1z']);
    expect(line.size()).toBe(0);
    expect(line.next()).toBeUndefined();
  });

  it('gives someone new a turn after one of each other group', () => {
    const line = createFairLine<string>(1_000);
    addAll(
      line,
      Array.from({ length: 500 }, (_, index) => `a${index % 9}${index}`),
    );
    expect(line.next()).toBe('a00');
    addAll(line, ['b1']);
    expect([line.next(), line.next()]).toEqual(['a11', 'b1']);
  });

  it('sends the last one of the longest away when it is full, though it be the new one', () => {
    const line = createFairLine<string>(4);
    expect(addAll(line, ['a1x', 'a1y', 'a2x', 'b1x'])).toEqual([undefined, undefined, undefined, undefined]);
    expect(addAll(line, ['c1x'])).toEqual(['a1y']);
    expect(addAll(line, ['a1z'])).toEqual(['a1z']);
    expect(drain(line)).toEqual(['a1x', 'b1x', 'c1x', 'a2x']);
  });

  it('loses nothing, keeps the order of each member, and never holds more than its limit', () => {
    const entries = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2')), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 12 }), (added, max) => {
        const line = createFairLine<string>(max);
        const names = added.map(
          ([group, member], index) => `${group}${member}${String(index).padStart(2, '0')}`,
        );
        const gone = addAll(line, names).filter((entry) => entry !== undefined);
        expect(line.size()).toBe(Math.min(max, names.length));
        const served = drain(line);
        expect([...served, ...gone].sort()).toEqual(names.toSorted());
        for (const who of new Set(names.map((name) => name.slice(0, 2)))) {
          const own = served.filter((name) => name.startsWith(who));
          expect(own).toEqual(own.toSorted());
        }
      }),
    );
  });
});
