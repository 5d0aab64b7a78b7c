import { describe, expect, it } from 'vitest';
import { isRefusal, SecretError } from '../../src/core/errors.ts';

describe('an error', () => {
  it.each(['invalid-parameter', 'secret-exists', 'secret-limit', 'key-unusable', 'tag-limit'] as const)(
    '%s refuses what was asked for',
    (code) => {
      expect(isRefusal(new SecretError(code))).toBe(true);
    },
  );

  it.each([
    'unavailable',
    'storage-full',
    'outcome-unknown',
    'damaged',
    'internal',
    'seal-outdated',
  ] as const)('%s is a failure of the server', (code) => {
    expect(isRefusal(new SecretError(code))).toBe(false);
  });

  it('that is not ours is a failure too', () => {
    expect(isRefusal(new Error('secret-exists'))).toBe(false);
    expect(isRefusal('secret-exists')).toBe(false);
  });
});
