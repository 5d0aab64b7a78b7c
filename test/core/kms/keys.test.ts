import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import {
  currentKeyVersion,
  type Key,
  type KeyChange,
  type KeyState,
  requireEnabledKey,
  requireUsableKey,
} from '../../../src/core/kms/keys.ts';
import { decideKey } from '../../../src/core/kms/rules.ts';
import { aKey, DAY_MS, KEY_ID, outcome, REF, T0 } from '../../support/builders.ts';
import { aCustomKey, decideOnKey } from '../../support/keys.ts';
import { createKey, ensureKey } from '../../support/stores.ts';

const ref = { projectId: REF.projectId, id: KEY_ID };
const made = { material: Buffer.from('new material'), nowMs: T0 + 5 };
const ensure = ensureKey(ref, { ...made, firstRevision: 77 });
const draft = { description: 'for orders', enterpriseProjectId: '7' };
const create = createKey(ref, { ...made, alias: 'orders', draft, firstRevision: 99 });
const empty = { current: undefined, aliasHolder: undefined, keysInProject: 0 };
/** Every change that a caller of the key service can ask for. */
const CHANGES: readonly KeyChange[] = [
  { kind: 'enable-key' },
  { kind: 'disable-key' },
  { kind: 'schedule-key-deletion', pendingDays: 7 },
  { kind: 'cancel-key-deletion' },
  { kind: 'rename-key', alias: 'other' },
  { kind: 'describe-key', description: 'other' },
  { kind: 'add-alias', alias: 'other' },
  { kind: 'remove-aliases', aliases: ['second'] },
  { kind: 'enable-rotation' },
  { kind: 'disable-rotation' },
  { kind: 'set-rotation-interval', intervalDays: 30 },
  { kind: 'put-tags', tags: [{ key: 'a', value: 'b' }] },
  { kind: 'remove-tag', tagKey: 'a' },
  { kind: 'remove-tags', tagKeys: ['a'] },
];

describe('ensure-key', () => {
  it('creates an enabled key with one version of the given material', () => {
    const { next, result } = decideKey(empty, ensure);
    expect(result).toEqual({ key: next, changed: true });
    const createTimeMs = T0 + 5;
    const aliases = [{ alias: 'csms/default', createTimeMs, updateTimeMs: createTimeMs }];
    const versions = [{ number: 1, wrapped: Buffer.from('new material'), createTimeMs }];
    expect(next).toEqual(aKey({ createTimeMs, aliases, versions, revision: 77 }));
  });

  it.each([
    { scope: { current: aKey() }, where: 'under the id' },
    { scope: { aliasHolder: aKey({ id: 'other' }) }, where: 'under the alias' },
    { scope: { current: aKey({ state: 'DISABLED' }) }, where: 'under the id, though disabled' },
    { scope: { current: aKey(), aliasHolder: aKey({ id: 'other' }) }, where: 'under the id, not the alias' },
  ])('returns the key that is there $where, unchanged', ({ scope }) => {
    const { next, result } = decideKey({ ...empty, ...scope }, ensure);
    expect(next).toBe(scope.current ?? scope.aliasHolder);
    expect(result).toEqual({ key: next, changed: false });
  });

  it('refuses a named key whose alias another key has, instead of sealing under that one', () => {
    const scope = { ...empty, aliasHolder: aKey({ id: 'other', isDefault: false }) };
    expect(outcome(() => decideKey(scope, { ...ensure, isDefault: false }))).toBe('key-unusable');
  });

  it('counts a named key, and no default key, against the quota of 100', () => {
    const named = { ...ensure, isDefault: false };
    expect(outcome(() => decideKey({ ...empty, keysInProject: 99 }, named))).toBe('ok');
    expect(outcome(() => decideKey({ ...empty, keysInProject: 100 }, named))).toBe('key-unusable');
    expect(outcome(() => decideKey({ ...empty, keysInProject: 100 }, ensure))).toBe('ok');
  });
});

describe('create-key', () => {
  it('creates an enabled custom key with what its creator chose', () => {
    const { next, result } = decideKey(empty, create);
    expect(result).toEqual({ key: next, changed: true });
    expect(next).toMatchObject({
      ...ref,
      alias: 'orders',
      aliases: [{ alias: 'orders', createTimeMs: T0 + 5, updateTimeMs: T0 + 5 }],
      isDefault: false,
      state: 'ENABLED',
      description: 'for orders',
      enterpriseProjectId: '7',
      revision: 99,
    });
  });

  it('allows 100 keys in a project and no more', () => {
    expect(outcome(() => decideKey({ ...empty, keysInProject: 99 }, create))).toBe('ok');
    expect(outcome(() => decideKey({ ...empty, keysInProject: 100 }, create))).toBe('key-limit');
  });

  it.each([
    ['orders', 'ok'],
    ['default', 'ok'],
    ['csms/default', 'invalid-parameter'],
    ['alias/default', 'invalid-parameter'],
    ['/default', 'invalid-parameter'],
    ['alias/', 'invalid-parameter'],
  ])('ends with the alias %j %s', (alias, ends) => {
    expect(outcome(() => decideKey(empty, { ...create, alias }))).toBe(ends);
  });

  it('refuses an alias that is in use, and an id that is', () => {
    expect(outcome(() => decideKey({ ...empty, aliasHolder: aCustomKey() }, create))).toBe(
      'key-alias-exists',
    );
    expect(outcome(() => decideKey({ ...empty, current: aCustomKey() }, create))).toBe('internal');
  });
});

describe('every change', () => {
  it.each(CHANGES)('$kind needs a key', (change) => {
    expect(outcome(() => decideOnKey(undefined, change))).toBe('key-not-found');
  });

  it.each(CHANGES)('$kind is refused on a default key', (change) => {
    for (const state of ['ENABLED', 'DISABLED', 'PENDING_DELETE'] as const) {
      expect(outcome(() => decideOnKey(aKey({ state }), change))).toBe('key-default');
    }
  });

  it.each(
    CHANGES.filter(
      ({ kind }) =>
        !['enable-key', 'disable-key', 'schedule-key-deletion', 'cancel-key-deletion'].includes(kind),
    ),
  )('$kind is refused while the key waits for its deletion', (change) => {
    expect(outcome(() => decideOnKey(aCustomKey({ state: 'PENDING_DELETE' }), change))).toBe(
      'key-pending-deletion',
    );
  });
});

describe('the state of a key', () => {
  it.each([
    ['ENABLED', 'enable-key', 'key-not-disabled'],
    ['DISABLED', 'enable-key', 'ENABLED'],
    ['PENDING_DELETE', 'enable-key', 'key-not-disabled'],
    ['ENABLED', 'disable-key', 'DISABLED'],
    ['DISABLED', 'disable-key', 'key-not-enabled'],
    ['PENDING_DELETE', 'disable-key', 'key-not-enabled'],
    ['ENABLED', 'cancel-key-deletion', 'key-deletion-not-scheduled'],
    ['DISABLED', 'cancel-key-deletion', 'key-deletion-not-scheduled'],
    ['PENDING_DELETE', 'cancel-key-deletion', 'DISABLED'],
    ['ENABLED', 'schedule-key-deletion', 'PENDING_DELETE'],
    ['DISABLED', 'schedule-key-deletion', 'PENDING_DELETE'],
    ['PENDING_DELETE', 'schedule-key-deletion', 'key-deletion-scheduled'],
  ] as const)('%s after %s is %s', (state, kind, ends) => {
    const scheduledDeleteTimeMs = state === 'PENDING_DELETE' ? T0 : undefined;
    const change = kind === 'schedule-key-deletion' ? { kind, pendingDays: 7 } : { kind };
    const decided = () => decideOnKey(aCustomKey({ state, scheduledDeleteTimeMs }), change);
    if (ends.startsWith('key-')) expect(outcome(decided)).toBe(ends);
    else expect(decided().next?.state).toBe(ends);
  });

  it('counts the days of a scheduled deletion from the request, and forgets them when it is called off', () => {
    const scheduled = decideOnKey(aCustomKey(), { kind: 'schedule-key-deletion', pendingDays: 9 }, T0 + 3)
      .next!;
    expect(scheduled.scheduledDeleteTimeMs).toBe(T0 + 3 + 9 * DAY_MS);
    const cancelled = decideOnKey(scheduled, { kind: 'cancel-key-deletion' }).next!;
    expect(cancelled.scheduledDeleteTimeMs).toBeUndefined();
  });
});

describe('purge-key', () => {
  const pending = aCustomKey({ state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0 + 10 });

  it('destroys the key when its time has come, and not a millisecond before', () => {
    expect(decideOnKey(pending, { kind: 'purge-key' }, T0 + 9)).toEqual({
      next: pending,
      result: { key: pending, changed: false },
    });
    expect(decideOnKey(pending, { kind: 'purge-key' }, T0 + 10)).toEqual({
      next: undefined,
      destroyed: { projectId: pending.projectId, id: pending.id, destroyTimeMs: T0 + 10 },
      result: { key: pending, changed: true },
    });
  });
});

describe('describe-key', () => {
  it('changes the description and nothing else', () => {
    const key = aCustomKey({ description: 'before' });
    const { next } = decideOnKey(key, { kind: 'describe-key', description: 'after' });
    expect(next).toEqual({ ...key, description: 'after', revision: key.revision + 1 });
  });

  it('leaves a key alone that has it', () => {
    const key = aCustomKey({ description: 'same' });
    expect(decideOnKey(key, { kind: 'describe-key', description: 'same' }).next).toBe(key);
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
    ['ENABLED', 'ok', 'ok'],
    ['DISABLED', 'key-unusable', 'key-disabled'],
    ['PENDING_DELETE', 'key-unusable', 'key-pending-deletion'],
  ] as const)(
    'that is %s ends %s for secrets and %s for the key service',
    (state: KeyState, secrets, kms) => {
      const key: Key = aKey({ state });
      expect(outcome(() => requireUsableKey(key))).toBe(secrets);
      expect(outcome(() => requireEnabledKey(key))).toBe(kms);
    },
  );
});
