import { describe, expect, it } from 'vitest';
import {
  instanceIdOf,
  nextRotationTime,
  parseRotationPeriod,
  requireRotationFits,
} from '../../../src/core/rotation/rotation.ts';
import { aDraft, DAY_MS, outcome, T0 } from '../../support/builders.ts';

const HOUR_MS = 3_600_000;

describe('a rotation period', () => {
  it.each([
    { unit: 'd', unitMs: DAY_MS, least: 1, most: 365 },
    { unit: 'h', unitMs: HOUR_MS, least: 6, most: 8_760 },
    { unit: 'm', unitMs: 60_000, least: 360, most: 525_600 },
    { unit: 's', unitMs: 1_000, least: 21_600, most: 31_536_000 },
  ])('in $unit is $least to $most', ({ unit, unitMs, least, most }) => {
    const counts = [least - 1, least, least + 1, most - 1, most, most + 1];
    const ends = counts.map((count) => outcome(() => parseRotationPeriod(`${count}${unit}`)));
    expect(ends).toEqual(['invalid-parameter', 'ok', 'ok', 'ok', 'ok', 'invalid-parameter']);
    expect(parseRotationPeriod(`${least}${unit}`)).toBe(least * unitMs);
    expect(parseRotationPeriod(`${most}${unit}`)).toBe(most * unitMs);
  });

  it.each([
    '',
    '6',
    'h',
    '6H',
    '6 h',
    ' 6h',
    '6h ',
    '6h\n',
    '-6h',
    '+6h',
    '6.5h',
    '1w',
    '6hh',
    '1e2h',
    '0x9h',
    '00000000006h',
  ])('is refused when it is %j', (period) => {
    expect(outcome(() => parseRotationPeriod(period))).toBe('invalid-parameter');
  });
});

describe('the next rotation', () => {
  it.each([
    { autoRotation: true, rotationPeriod: '6h', next: T0 + 6 * HOUR_MS },
    { autoRotation: true, rotationPeriod: '30d', next: T0 + 30 * DAY_MS },
    { autoRotation: false, rotationPeriod: '30d', next: undefined },
    { autoRotation: true, rotationPeriod: undefined, next: undefined },
  ])('with $autoRotation and $rotationPeriod is $next', ({ next, ...secret }) => {
    expect(nextRotationTime(secret, T0)).toBe(next);
  });
});

describe('rotation fields', () => {
  const config = '{"InstanceId":"i","SecretSubType":"SingleUser"}';

  it.each([
    { type: 'COMMON', auto: false, period: undefined, config: undefined, ends: 'ok' },
    { type: 'COMMON', auto: false, period: '6h', config: undefined, ends: 'ok' },
    { type: 'COMMON', auto: false, period: '5h', config: undefined, ends: 'invalid-parameter' },
    { type: 'COMMON', auto: true, period: '6h', config: undefined, ends: 'invalid-parameter' },
    { type: 'COMMON', auto: true, period: '6h', config, ends: 'invalid-parameter' },
    { type: 'RDS-FG', auto: false, period: undefined, config, ends: 'ok' },
    { type: 'RDS-FG', auto: true, period: '6h', config, ends: 'ok' },
    { type: 'RDS-FG', auto: true, period: undefined, config, ends: 'invalid-parameter' },
    { type: 'RDS-FG', auto: true, period: '5h', config, ends: 'invalid-parameter' },
    { type: 'RDS-FG', auto: false, period: undefined, config: undefined, ends: 'invalid-parameter' },
    { type: 'GaussDB-FG', auto: true, period: '6h', config, ends: 'ok' },
    { type: 'GaussDB-FG', auto: false, period: undefined, config: undefined, ends: 'invalid-parameter' },
  ] as const)('of $type, auto $auto, period $period, config $config end $ends', (row) => {
    const { type: secretType, auto: autoRotation, period: rotationPeriod, config: rotationConfig } = row;
    const draft = aDraft({ secretType, autoRotation, rotationPeriod, rotationConfig });
    expect(outcome(() => requireRotationFits(draft))).toBe(row.ends);
  });
});

describe('the instance of a rotation configuration', () => {
  it.each([
    ['{"InstanceId":"i-1","SecretSubType":"SingleUser"}', 'i-1'],
    ['{"InstanceId":""}', ''],
    ['{"InstanceId":7}', undefined],
    ['{"instanceId":"i-1"}', undefined],
    ['{}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['"i-1"', undefined],
    ['no JSON', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j names %j', (rotationConfig, instance) => {
    expect(instanceIdOf({ rotationConfig })).toBe(instance);
  });
});
