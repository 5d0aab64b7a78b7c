import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBoundedMap } from '../../src/std/bounded-map.ts';

describe('a bounded map', () => {
  it('lets the entry make room that has gone unused for longest', () => {
    const map = createBoundedMap<string, number>(2);
    for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) map.set(key, index);
    expect(['b', 'c', 'a'].map((key) => map.get(key))).toEqual([undefined, 3, 2]);
    map.set('d', 4);
    expect(['a', 'c', 'd'].map((key) => map.get(key))).toEqual([2, undefined, 4]);
  });

  it('never holds more than it may, and what it holds is what was put in last', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 9 }), size: fc.integer({ min: 0, max: 12 }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(step, fc.integer({ min: 0, max: 9 })), { maxLength: 60 }), (steps) => {
        const map = createBoundedMap<number, { readonly size: number }>(10, ({ size }) => size);
        const last = new Map<number, { readonly size: number }>();
        for (const next of steps) {
          if (typeof next === 'number') {
            map.get(next);
            continue;
          }
          map.set(next.key, next);
          last.set(next.key, next);
          expect(map.get(next.key)).toBe(next.size <= 10 ? next : undefined);
        }
        const kept = [...last.keys()].flatMap((key) => map.get(key) ?? []);
        expect(kept.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(10);
        expect(kept.every((value) => [...last.values()].includes(value))).toBe(true);
      }),
    );
  });

  it('has room again for what was dropped', () => {
    const map = createBoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.deleteIf((value) => value === 2);
    map.set('c', 3);
    expect(map.get('a')).toBe(1);
    map.clear();
    for (const key of ['d', 'e']) map.set(key, 4);
    expect(['a', 'c', 'd', 'e'].map((key) => map.get(key))).toEqual([undefined, undefined, 4, 4]);
  });
});
