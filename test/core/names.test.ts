import { describe, expect, it } from 'vitest';
import {
  isBuiltInStage,
  isSecretName,
  parseStageVersion,
  parseVersionNumber,
  requireSecretName,
  requireStageName,
  versionId,
} from '../../src/core/names.ts';
import { outcome } from '../support/builders.ts';

describe('a secret name', () => {
  it.each(['a', 'Z', '0', '-', '_', 'a.b', '.a', 'a.', '...', '.-', 'db-password_1', 'x'.repeat(64)])(
    'may be %j',
    (name) => {
      expect(isSecretName(name)).toBe(true);
      expect(requireSecretName(name)).toBe(name);
    },
  );

  it.each([
    '',
    '.',
    '..',
    'x'.repeat(65),
    'a b',
    'a/b',
    'a\\b',
    'a%2eb',
    'é',
    'a\n',
    '\na',
    'a\0',
    'a:b',
    'a+b',
  ])('may not be %j', (name) => {
    expect(isSecretName(name)).toBe(false);
    expect(outcome(() => requireSecretName(name))).toBe('invalid-parameter');
  });
});

describe('a stage name', () => {
  it.each(['a', '0', '-', '_', 'SYSCURRENT', 'blue_green-1', 'x'.repeat(64)])('may be %j', (name) => {
    expect(requireStageName(name)).toBe(name);
  });

  it.each(['', 'x'.repeat(65), 'a.b', '.', 'a b', 'a/b', 'é', 'a\n'])('may not be %j', (name) => {
    expect(outcome(() => requireStageName(name))).toBe('invalid-parameter');
  });

  it.each([
    ['SYSCURRENT', true],
    ['SYSPREVIOUS', true],
    ['SYSPENDING', false],
    ['syscurrent', false],
  ])('%s is built in: %s', (name, builtIn) => {
    expect(isBuiltInStage(name)).toBe(builtIn);
  });
});

describe('a refusal', () => {
  it('names the parameter that was wrong', () => {
    expect(() => requireSecretName('..', 'marker')).toThrow(/^marker must /);
    expect(() => requireStageName('', 'name')).toThrow(/^name must /);
    expect(() => parseVersionNumber('v', 'marker')).toThrow(/^marker must /);
  });
});

describe('a version id in a path', () => {
  it.each([
    ['v1', 1],
    ['v20', 20],
    ['v9999999999', 9_999_999_999],
  ])('%s means version %i', (id, number) => {
    expect(parseVersionNumber(id)).toBe(number);
    expect(versionId(number)).toBe(id);
  });

  it.each(['v0', 'v01', 'v00', 'v0000000001'])(
    '%s has the shape but is no version that was ever given out',
    (id) => {
      expect(parseVersionNumber(id)).toBe(0);
    },
  );

  it.each([
    '',
    'v',
    'latest',
    'V1',
    '1',
    'v-1',
    'v1.0',
    'v1 ',
    ' v1',
    'v1\n',
    'v1e3',
    'v0x1',
    'v١',
    'v12345678901',
  ])('%j is refused', (id) => {
    expect(outcome(() => parseVersionNumber(id))).toBe('invalid-parameter');
  });
});

describe('the version id in a stage body', () => {
  it.each([
    ['v1', 1],
    ['v9999999999', 9_999_999_999],
    ['v', 0],
    ['v0', 0],
    ['v01', 0],
    ['v9007199254740993', 0],
    [`v${'9'.repeat(63)}`, 0],
  ])('%s means version %i', (id, number) => {
    expect(parseStageVersion(id)).toBe(number);
  });

  it.each(['', 'latest', 'SYSCURRENT', '1', 'V1', 'v1\n', 'v 1', 'v-1', 'v1.5', `v${'1'.repeat(64)}`])(
    '%j is refused',
    (id) => {
      expect(outcome(() => parseStageVersion(id))).toBe('invalid-parameter');
    },
  );
});
