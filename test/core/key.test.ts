import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/core/commands.ts';
import {
  currentKeyVersion,
  decideKey,
  type KeyCommand,
  type KeyState,
  requireUsableKey,
} from '../../src/core/key.ts';
import { aKey, KEY_ID, outcome, REF, T0 } from '../support/builders.ts';

const ensure: KeyCommand = {
  aggregate: 'key',
  kind: 'ensure-key',
  ref: { projectId: REF.projectId, id: KEY_ID },
  alias: 'csms/default',
  isDefault: true,
  material: Buffer.from('new material'),
  nowMs: T0 + 5,
};

describe('ensure-key', () => {
  it('creates an enabled key with one version of the given material', () => {
    const { next, result } = decideKey({ current: undefined, aliasHolder: undefined }, ensure);
    expect(result).toBe(next);
    expect(next).toEqual({
      projectId: REF.projectId,
      id: KEY_ID,
      alias: 'csms/default',
      isDefault: true,
      state: 'ENABLED',
      createTimeMs: T0 + 5,
      versions: [{ number: 1, wrapped: Buffer.from('new material'), createTimeMs: T0 + 5 }],
      revision: 1,
    });
  });

  it.each([
    { scope: { current: aKey(), aliasHolder: undefined }, where: 'under the id' },
    { scope: { current: undefined, aliasHolder: aKey({ id: 'other' }) }, where: 'under the alias' },
    {
      scope: { current: aKey({ state: 'DISABLED' }), aliasHolder: undefined },
      where: 'under the id, though disabled',
    },
  ])('answers the key that is there $where, unchanged', ({ scope }) => {
    const { next, result } = decideKey(scope, ensure);
    expect(next).toBe(scope.current ?? scope.aliasHolder);
    expect(result).toBe(next);
  });

  it('prefers the key under the id to the one under the alias', () => {
    const current = aKey();
    expect(decideKey({ current, aliasHolder: aKey({ id: 'other' }) }, ensure).next).toBe(current);
  });

  it('is found in the table of rules', () => {
    expect(decide.key).toBe(decideKey);
  });
});

describe('a key', () => {
  it('seals with its newest version', () => {
    const versions = [1, 2, 3].map((number) => ({
      number,
      wrapped: Buffer.from(`m${number}`),
      createTimeMs: T0,
    }));
    expect(currentKeyVersion(aKey({ versions })).number).toBe(3);
  });

  it('without material is damaged', () => {
    expect(outcome(() => currentKeyVersion(aKey({ versions: [] })))).toBe('damaged');
  });

  it.each([
    ['ENABLED', 'ok'],
    ['DISABLED', 'key-unusable'],
    ['PENDING_DELETE', 'key-unusable'],
  ] as const)('that is %s ends %s', (state: KeyState, ends) => {
    expect(outcome(() => requireUsableKey(aKey({ state })))).toBe(ends);
  });
});
