import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import type { SecretAggregate } from '../../../src/core/secrets/secrets.ts';
import { findVersion, latestVersionNumber } from '../../../src/core/secrets/versions.ts';
import {
  aCommand,
  aNewVersion,
  anAggregate,
  aVersion,
  decideOn,
  evolve,
  marks,
  numbers,
  outcome,
  range,
  T0,
} from '../../support/builders.ts';

const add = aCommand('add-version');

/** The numbers that one more version removes. */
function victims(current: SecretAggregate, command = add): number[] {
  const left = new Set(numbers(evolve(current, command)));
  return numbers(current).filter((number) => !left.has(number));
}

describe('a new version', () => {
  it('gets the next number, what was sealed, and the stages', () => {
    const version = aNewVersion({ uid: 'ab'.repeat(16), kind: 'binary', expireTimeMs: 5 });
    const current = anAggregate({ versions: [1, 2] });
    const { next, added, result } = decideOn(current, aCommand('add-version', { version, nowMs: T0 + 50 }));
    const { uid, kind, expireTimeMs } = version;
    const expected = aVersion({ number: 3, uid, kind, expireTimeMs, createTimeMs: T0 + 50, slot: 2 });
    expect(next!.versions.at(-1)).toEqual(expected);
    expect(added).toEqual([{ versionNumber: 3, sealed: version.sealed }]);
    expect(added?.[0]?.sealed).toBe(version.sealed);
    expect(result).toEqual({ version: { version: next!.versions.at(-1), stages: ['SYSCURRENT'] } });
  });

  it('changes of the secret only its counter, its time and its revision', () => {
    const current = anAggregate({ versions: [1, 2] });
    expect(evolve(current, aCommand('add-version', { nowMs: T0 + 50 })).secret).toEqual({
      ...current.secret,
      lastVersionNumber: 3,
      updateTimeMs: T0 + 50,
      revision: current.secret.revision + 1,
    });
  });
});

describe('create_time of versions', () => {
  const twoVersions = {
    ...anAggregate({ versions: [1, 2] }),
    versions: [aVersion({ number: 1, createTimeMs: T0 }), aVersion({ number: 2, createTimeMs: T0 + 10 })],
  };

  it.each([
    { clock: 'runs on', nowMs: T0 + 11, createTimeMs: T0 + 11 },
    { clock: 'stands still', nowMs: T0 + 10, createTimeMs: T0 + 11 },
    { clock: 'goes back', nowMs: T0 - 1_000_000, createTimeMs: T0 + 11 },
    { clock: 'goes back to zero', nowMs: 0, createTimeMs: T0 + 11 },
    { clock: 'leaps', nowMs: T0 + 1_000_000, createTimeMs: T0 + 1_000_000 },
  ])('rises when the clock $clock', ({ nowMs, createTimeMs }) => {
    expect(evolve(twoVersions, aCommand('add-version', { nowMs })).versions.at(-1)?.createTimeMs).toBe(
      createTimeMs,
    );
  });
});

describe('the 21st version', () => {
  it.each<[string, Record<string, number>, string[] | undefined, number]>([
    ['the oldest', { SYSCURRENT: 20, SYSPREVIOUS: 19 }, undefined, 1],
    ['the oldest without a stage', { SYSCURRENT: 20, blue: 1, green: 2 }, undefined, 3],
    ['the newest, if no other is free', marksOn(range(1, 19)), [], 20],
    ['the one that just lost SYSPREVIOUS', { ...marksOn(range(2, 20)), SYSPREVIOUS: 1 }, undefined, 1],
    ['the one that just lost its own stage', { ...marksOn(range(2, 20)), blue: 1 }, ['blue'], 1],
    ['never one whose second stage stays', { SYSCURRENT: 20, blue: 1, green: 1 }, ['blue'], 2],
    ['never the former SYSCURRENT', { SYSCURRENT: 1, SYSPREVIOUS: 2, blue: 3 }, undefined, 2],
  ])('takes the place of %s', (_, stages, names, victim) => {
    const current = anAggregate({ versions: range(1, 20), stages });
    expect(victims(current, aCommand('add-version', { stages: names }))).toEqual([victim]);
  });

  /** A stage of its own on each of these versions: more than the limit allows, as no rule here may rely on it. */
  function marksOn(versions: number[]): Record<string, number> {
    return Object.fromEntries(
      versions.map((number) => [number === 20 ? 'SYSCURRENT' : `own${number}`, number]),
    );
  }
});

describe('a lower limit of versions', () => {
  const limits = { ...DEFAULT_LIMITS, versions: 4, stages: 3 };

  it('removes as many as are too many since it was lowered', () => {
    const current = anAggregate({
      versions: range(1, 20),
      stages: { SYSCURRENT: 20, SYSPREVIOUS: 18, blue: 5 },
    });
    const next = evolve(current, aCommand('add-version', { limits }));
    expect(numbers(next)).toEqual([5, 19, 20, 21]);
    expect(next.versions.at(-1)!.slot).toBeLessThan(4);
  });

  describe('while more versions than that have a stage', () => {
    const own = Object.fromEntries(range(1, 10).map((number) => [`own${number}`, number]));
    const current = anAggregate({
      versions: range(1, 20),
      stages: { ...own, SYSCURRENT: 20, SYSPREVIOUS: 19 },
    });
    const small = aCommand('add-version', { limits });
    const unmark = (number: number) => aCommand('remove-stage', { name: `own${number}` });

    it('lets every one of them stay, and the rotation succeed', () => {
      const next = evolve(current, small);
      expect(numbers(next)).toEqual([...range(1, 10), 20, 21]);
      expect(marks(next)).toEqual({ ...own, SYSCURRENT: 21, SYSPREVIOUS: 20 });
    });

    it('lets their number shrink as stages leave, down to the limit', () => {
      let state = evolve(current, small);
      const counts = range(1, 10).map((number) => {
        state = evolve(state, unmark(number), small);
        return state.versions.length;
      });
      expect(counts).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 4, 4]);
    });

    it('refuses more versions when the cap rejects', () => {
      const reject = aCommand('add-version', { limits, versionCap: 'reject' });
      expect(outcome(() => decideOn(current, reject))).toBe('version-limit');
    });

    it.each([
      { staged: 19, ends: 'ok' },
      { staged: 20, ends: 'version-limit' },
    ])('of which $staged have a stage, ends $ends, for the last slot is the 20th', ({ staged, ends }) => {
      const full = anAggregate({
        versions: range(1, 20),
        stages: Object.fromEntries(range(1, staged).map((number) => [`own${number}`, number])),
      });
      const unmarked = aCommand('add-version', { limits, stages: [] });
      expect(outcome(() => decideOn(full, unmarked))).toBe(ends);
    });
  });
});

describe('a value that was sealed too early', () => {
  it.each([
    { why: 'the key of the secret changed meanwhile', secret: { kmsKeyId: 'another-key' } },
    { why: 'the secret was replaced by another of its name', secret: { id: 'another-secret' } },
  ])('is refused when $why', ({ secret }) => {
    expect(outcome(() => decideOn(anAggregate({ secret }), add))).toBe('seal-outdated');
    expect(outcome(() => decideOn(anAggregate(), add))).toBe('ok');
  });

  it('is refused for the state first, so that nobody seals in vain', () => {
    const frozen = anAggregate({ secret: { kmsKeyId: 'another-key', state: 'DISABLED' } });
    expect(outcome(() => decideOn(frozen, add))).toBe('secret-not-enabled');
  });
});

describe('setting an expiry', () => {
  const current = anAggregate({ versions: [1, 2, 3], stages: { SYSCURRENT: 3, blue: 2 } });

  it.each([0, T0 - 1, T0, 9_999_999_999_999])('to %i changes that version only', (expireTimeMs) => {
    const { next, result } = decideOn(
      current,
      aCommand('set-version-expiry', { versionNumber: 2, expireTimeMs }),
    );
    const version = { ...current.versions[1]!, expireTimeMs };
    expect(next).toEqual({
      secret: { ...current.secret, revision: current.secret.revision + 1 },
      versions: [current.versions[0], version, current.versions[2]],
      stages: current.stages,
      tags: current.tags,
    });
    expect(result).toEqual({ version: { version, stages: ['blue'] } });
  });

  it.each([0, 4])('of version %i, which does not exist, is refused', (versionNumber) => {
    expect(outcome(() => decideOn(current, aCommand('set-version-expiry', { versionNumber })))).toBe(
      'version-not-found',
    );
  });
});

describe('reading', () => {
  it.each([
    { stages: { SYSCURRENT: 3 }, latest: 3 },
    { stages: { SYSCURRENT: 1, SYSPREVIOUS: 3, blue: 2 }, latest: 1 },
    { stages: { blue: 3 }, latest: undefined },
  ])('latest means the holder of SYSCURRENT: $stages', ({ stages, latest }) => {
    expect(latestVersionNumber(anAggregate({ versions: [1, 2, 3], stages }).stages)).toBe(latest);
  });

  it('finds a version with its stages, in the order of their slots', () => {
    const stages = { SYSCURRENT: 2, SYSPREVIOUS: 2, blue: 2, green: 1 };
    const sorted = anAggregate({ versions: [1, 2], stages });
    const current = { ...sorted, stages: sorted.stages.toReversed() };
    expect(findVersion(current, 2)).toEqual({
      version: current.versions[1],
      stages: ['SYSCURRENT', 'SYSPREVIOUS', 'blue'],
    });
    expect(findVersion(current, 3)).toBeUndefined();
  });
});
