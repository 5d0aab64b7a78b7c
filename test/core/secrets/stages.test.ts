import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { findStage, placeStage, placeVersionStages } from '../../../src/core/secrets/stages.ts';
import {
  aCommand,
  anAggregate,
  decideOn,
  evolve,
  marks,
  numbers,
  outcome,
  range,
  T0,
} from '../../support/builders.ts';

/** `own1` … `ownN`, all on the first version. */
const ownStages = (count: number) => Object.fromEntries(range(1, count).map((n) => [`own${n}`, 1]));

const put = (name: string, versionNumber: number, limits = DEFAULT_LIMITS) =>
  aCommand('put-stage', { name, versionNumber, limits, nowMs: T0 + 7 });
const remove = (name: string) => aCommand('remove-stage', { name, nowMs: T0 + 7 });

describe('a new version', () => {
  const current = anAggregate({
    versions: [1, 2, 3],
    stages: { SYSCURRENT: 3, SYSPREVIOUS: 2, blue: 1, green: 3 },
  });

  it.each([
    { stages: undefined, on: [4, 3, 1, 3], why: 'takes SYSCURRENT by default' },
    { stages: ['SYSCURRENT'], on: [4, 3, 1, 3], why: 'rotates alike when asked' },
    { stages: ['SYSCURRENT', 'SYSPREVIOUS'], on: [4, 4, 1, 3], why: 'takes both' },
    { stages: ['SYSPREVIOUS', 'SYSCURRENT'], on: [4, 4, 1, 3], why: 'in any order' },
    { stages: ['SYSPREVIOUS'], on: [3, 4, 1, 3], why: 'takes SYSPREVIOUS alone' },
    { stages: ['blue'], on: [3, 2, 4, 3], why: 'leaves SYSCURRENT alone' },
    { stages: ['blue', 'green'], on: [3, 2, 4, 4], why: 'takes several' },
    { stages: ['blue', 'SYSCURRENT'], on: [4, 3, 4, 3], why: 'rotates beside its own' },
    { stages: ['blue', 'blue'], on: [3, 2, 4, 3], why: 'counts a name once' },
  ])('with $stages $why', ({ stages, on }) => {
    const all = ['SYSCURRENT', 'SYSPREVIOUS', 'blue', 'green'];
    const expected = Object.fromEntries(all.map((name, at) => [name, on[at]]));
    const next = evolve(current, aCommand('add-version', { stages }));
    expect(marks(next)).toEqual(expected);
    const names = Object.entries(expected).flatMap(([name, number]) => (number === 4 ? [name] : []));
    expect(decideOn(current, aCommand('add-version', { stages })).result.version?.stages).toEqual(names);
  });

  it('rotates as in the worked example of the service', () => {
    const add = aCommand('add-version');
    const v1 = evolve(undefined, aCommand('create-secret'));
    expect(marks(v1)).toEqual({ SYSCURRENT: 1 });
    const v2 = evolve(v1, add);
    expect(marks(v2)).toEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1 });
    const v3 = evolve(v2, add);
    expect(marks(v3)).toEqual({ SYSCURRENT: 3, SYSPREVIOUS: 2 });
    const v4 = evolve(v3, aCommand('add-version', { stages: ['test'] }));
    expect(marks(v4)).toEqual({ SYSCURRENT: 3, SYSPREVIOUS: 2, test: 4 });
    const v20 = evolve(v4, ...range(5, 20).map(() => add));
    expect(marks(v20)).toEqual({ SYSCURRENT: 20, SYSPREVIOUS: 19, test: 4 });
    expect(numbers(v20)).toEqual(range(1, 20));
    const v21 = evolve(v20, add);
    expect(marks(v21)).toEqual({ SYSCURRENT: 21, SYSPREVIOUS: 20, test: 4 });
    expect(numbers(v21)).toEqual(range(2, 21));
  });

  it('stamps the stages that it moved, and no other', () => {
    const next = evolve(current, aCommand('add-version', { nowMs: T0 + 9 }));
    expect(next.stages.map((stage) => [stage.name, stage.updateTimeMs])).toEqual([
      ['SYSCURRENT', T0 + 9],
      ['SYSPREVIOUS', T0 + 9],
      ['blue', T0],
      ['green', T0],
    ]);
  });
});

describe('putting a stage', () => {
  const current = anAggregate({ versions: [1, 2, 3], stages: { SYSCURRENT: 3, SYSPREVIOUS: 2, blue: 2 } });

  it.each([
    { name: 'blue', to: 3 },
    { name: 'green', to: 1 },
    { name: 'SYSPREVIOUS', to: 1 },
    { name: 'SYSCURRENT', to: 1 },
    { name: 'SYSCURRENT', to: 2 },
  ])('moves $name to version $to, and nothing else', ({ name, to }) => {
    const { next, result } = decideOn(current, put(name, to));
    expect(marks(next!)).toEqual({ ...marks(current), [name]: to });
    expect(result).toEqual({ stage: findStage(next!.stages, name) });
    expect(result.stage).toMatchObject({ name, versionNumber: to, updateTimeMs: T0 + 7 });
    expect(next!.versions).toBe(current.versions);
    expect(next!.secret).toEqual({ ...current.secret, revision: current.secret.revision + 1 });
  });

  it.each([0, 4, 9_999_999_999])('on version %i, which does not exist, is refused', (versionNumber) => {
    expect(outcome(() => decideOn(current, put('blue', versionNumber)))).toBe('version-not-found');
  });
});

describe('the limit of 12 stages', () => {
  it.each([
    { builtIn: { SYSCURRENT: 1 }, why: 'SYSPREVIOUS was never set' },
    { builtIn: { SYSCURRENT: 1, SYSPREVIOUS: 1 }, why: 'both built-in ones are set' },
  ])('leaves 10 of the user’s own when $why', ({ builtIn }) => {
    const nine = anAggregate({ stages: { ...builtIn, ...ownStages(9) } });
    const ten = evolve(nine, put('own10', 1));
    expect(marks(ten)).toEqual({ ...builtIn, ...ownStages(10) });
    expect(outcome(() => decideOn(ten, put('own11', 1)))).toBe('stage-limit');
  });

  const full = anAggregate({ stages: { SYSCURRENT: 1, ...ownStages(10) } });

  it.each([
    { stages: ['own11'], ends: 'stage-limit' },
    { stages: ['SYSCURRENT', 'own11'], ends: 'stage-limit' },
    { stages: ['own1', 'own11'], ends: 'stage-limit' },
    { stages: ['own1', 'own10'], ends: 'ok' },
    { stages: ['SYSCURRENT', 'SYSPREVIOUS'], ends: 'ok' },
    { stages: undefined, ends: 'ok' },
  ])('holds for stages that come with a new version: $stages ends $ends', ({ stages, ends }) => {
    expect(outcome(() => decideOn(full, aCommand('add-version', { stages })))).toBe(ends);
  });

  it('lets stages stay and move that a higher limit allowed', () => {
    const limits = { ...DEFAULT_LIMITS, stages: 3 };
    expect(marks(evolve(full, aCommand('add-version', { limits, stages: ['own10'] })))).toEqual({
      ...marks(full),
      own10: 2,
    });
  });
});

describe('slots', () => {
  it('0 and 1 are kept for the built-in stages', () => {
    const mark = (name: string) => ({ name, versionNumber: 1, nowMs: T0 });
    const own = placeVersionStages([], { names: ['a', 'b'], versionNumber: 1, nowMs: T0 }, DEFAULT_LIMITS);
    expect(own.map((stage) => stage.slot)).toEqual([2, 3]);
    expect(placeStage(own, mark('SYSPREVIOUS'), DEFAULT_LIMITS).map((stage) => stage.slot)).toEqual([
      1, 2, 3,
    ]);
    expect(placeStage(own, mark('SYSCURRENT'), DEFAULT_LIMITS).map((stage) => stage.slot)).toEqual([0, 2, 3]);
  });
});

describe('removing a stage', () => {
  const current = anAggregate({
    versions: [1, 2],
    stages: { SYSCURRENT: 2, SYSPREVIOUS: 1, blue: 1, green: 2 },
  });

  it('takes that one away and leaves its version', () => {
    const { next, result } = decideOn(current, remove('blue'));
    expect(marks(next!)).toEqual({ SYSCURRENT: 2, SYSPREVIOUS: 1, green: 2 });
    expect(result).toEqual({ stage: findStage(current.stages, 'blue') });
    expect(next!.versions).toBe(current.versions);
    expect(next!.secret).toEqual({ ...current.secret, revision: current.secret.revision + 1 });
  });

  it.each(['SYSCURRENT', 'SYSPREVIOUS'])('is refused for %s, set or not', (name) => {
    expect(outcome(() => decideOn(current, remove(name)))).toBe('stage-built-in');
    expect(outcome(() => decideOn({ ...current, stages: [] }, remove(name)))).toBe('stage-built-in');
  });

  it.each(['absent', 'Blue', 'syscurrent'])('is refused for %s, which does not exist', (name) => {
    expect(outcome(() => decideOn(current, remove(name)))).toBe('stage-not-found');
  });

  it('is refused the second time', () => {
    expect(outcome(() => decideOn(evolve(current, remove('blue')), remove('blue')))).toBe('stage-not-found');
  });
});
