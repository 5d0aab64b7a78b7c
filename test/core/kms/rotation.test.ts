import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../../src/core/kms/keys.ts';
import { isRotationDue } from '../../../src/core/kms/rotation.ts';
import { DAY_MS, outcome, T0 } from '../../support/builders.ts';
import { aCustomKey, decideOnKey } from '../../support/keys.ts';

const material = Buffer.from('next material');
const rotate = (key: Key, nowMs: number, versionNumber = key.versions.length + 1) =>
  decideOnKey(key, { kind: 'rotate-key', versionNumber, material }, nowMs);
const rotating = (changes: Partial<Key> = {}) =>
  aCustomKey({ rotation: { intervalDays: 30, nextTimeMs: T0 + 30 * DAY_MS }, ...changes });

describe('rotation', () => {
  it('is switched on with 365 days from now', () => {
    const { next } = decideOnKey(aCustomKey(), { kind: 'enable-rotation' }, T0 + 7);
    expect(next?.rotation).toEqual({ intervalDays: 365, nextTimeMs: T0 + 7 + 365 * DAY_MS });
  });

  it('is switched off', () => {
    expect(decideOnKey(rotating(), { kind: 'disable-rotation' }).next?.rotation).toBeUndefined();
  });

  it.each([
    [rotating(), { kind: 'enable-rotation' }, 'key-rotation-on'],
    [aCustomKey(), { kind: 'disable-rotation' }, 'key-rotation-off'],
    [aCustomKey(), { kind: 'set-rotation-interval', intervalDays: 30 }, 'key-rotation-off'],
    [rotating({ state: 'DISABLED' }), { kind: 'set-rotation-interval', intervalDays: 31 }, 'ok'],
  ] as const)('case %#', (key, change, ends) => {
    expect(outcome(() => decideOnKey(key, change))).toBe(ends);
  });

  it('counts a new interval from where the present one counts', () => {
    const { next } = decideOnKey(rotating(), { kind: 'set-rotation-interval', intervalDays: 90 }, T0 + 9);
    expect(next?.rotation).toEqual({ intervalDays: 90, nextTimeMs: T0 + 90 * DAY_MS });
  });

  it('leaves a key alone that has the interval', () => {
    const key = rotating();
    expect(decideOnKey(key, { kind: 'set-rotation-interval', intervalDays: 30 }).next).toBe(key);
  });
});

describe('rotate-key', () => {
  it('adds a version, keeps the older one and counts the interval anew', () => {
    const key = rotating();
    const nowMs = T0 + 40 * DAY_MS;
    const { next, result } = rotate(key, nowMs);
    expect(result.changed).toBe(true);
    expect(next?.versions).toEqual([...key.versions, { number: 2, wrapped: material, createTimeMs: nowMs }]);
    expect(next?.rotation).toEqual({ intervalDays: 30, nextTimeMs: nowMs + 30 * DAY_MS });
  });

  it('happens when it is due and not a millisecond before', () => {
    expect(rotate(rotating(), T0 + 30 * DAY_MS - 1).result.changed).toBe(false);
    expect(rotate(rotating(), T0 + 30 * DAY_MS).result.changed).toBe(true);
  });

  it.each([
    ['is disabled', rotating({ state: 'DISABLED' })],
    ['waits for its deletion', rotating({ state: 'PENDING_DELETE' })],
    ['is not rotated any more', aCustomKey()],
  ])('leaves a key alone that %s', (_, key) => {
    expect(isRotationDue(key, T0 * 2)).toBe(false);
    expect(rotate(key, T0 * 2)).toEqual({ next: key, result: { key, changed: false } });
  });

  it.each([1, 3])('leaves the key alone when the material was made for version %d instead of 2', (number) => {
    expect(rotate(rotating(), T0 * 2, number).result.changed).toBe(false);
  });

  it('is due at once for a key that comes back from a long absence', () => {
    const key = rotating({ state: 'DISABLED' });
    const nowMs = T0 + 300 * DAY_MS;
    expect(isRotationDue(key, nowMs)).toBe(false);
    expect(isRotationDue(decideOnKey(key, { kind: 'enable-key' }, nowMs).next!, nowMs)).toBe(true);
  });
});
