import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import type { SecretAggregate, Tag } from '../../../src/core/secrets/secrets.ts';
import { requireDistinct, requireTagKey, requireTagValue } from '../../../src/core/secrets/tags.ts';
import { aCommand, anAggregate, decideOn, evolve, outcome, range, T0 } from '../../support/builders.ts';

/** `{ a: '1' }` as tags. */
const tagsOf = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
const numbered = (first: number, last: number): Tag[] =>
  range(first, last).map((n) => ({ key: `k${String(n).padStart(3, '0')}`, value: '' }));
const put = (tags: readonly Tag[], limit = DEFAULT_LIMITS.tags) =>
  aCommand('put-tags', { tags, limits: { ...DEFAULT_LIMITS, tags: limit }, nowMs: T0 + 7 });
const remove = (keys: readonly string[], absent: 'refuse' | 'ignore' = 'ignore') =>
  aCommand('remove-tags', { keys, absent, nowMs: T0 + 7 });
const keysOf = ({ tags }: SecretAggregate) => tags.map(({ key }) => key);

describe('a tag’s key', () => {
  it.each([
    'a',
    'team name',
    'a_.:=+-@b',
    '_sys',
    'sys_',
    'x_sys_',
    'Ключ',
    '環境',
    'é1',
    '٣',
    '\u{20000}',
    'k'.repeat(128),
    '\u{20000}'.repeat(128),
    'a\u00a0b',
  ])('may be %j', (key) => {
    expect(requireTagKey(key, 'key')).toBe(key);
  });

  it.each([
    '',
    ' ',
    ' a',
    'a ',
    '\u00a0a',
    'a\u2003',
    '_sys_',
    '_sys_a',
    'a/b',
    'a*b',
    'a<b',
    'a,b',
    'a\tb',
    'a\nb',
    'a\n',
    'a\0',
    '\ud800',
    'a\ud800',
    '🔑',
    'e\u0301',
    'k'.repeat(129),
    '\u{20000}'.repeat(129),
  ])('cannot be %j', (key) => {
    expect(outcome(() => requireTagKey(key, 'key'))).toBe('invalid-parameter');
  });
});

describe('a tag’s value', () => {
  it.each(['', ' ', ' a ', '_sys_a', 'https://a.b:1/c=d+e-@', '環境', 'v'.repeat(255)])(
    'may be %j',
    (value) => {
      expect(requireTagValue(value, 'value')).toBe(value);
    },
  );

  it.each(['a*', 'a,b', 'a\n', '\t', '\0', '\udfff', '🔑', 'v'.repeat(256)])('cannot be %j', (value) => {
    expect(outcome(() => requireTagValue(value, 'value'))).toBe('invalid-parameter');
    expect(() => requireTagValue(value, 'tag.value')).toThrow(/^tag\.value must be/);
  });
});

describe('texts of one request', () => {
  it.each([
    [[], 'ok'],
    [['a'], 'ok'],
    [['a', 'A', ''], 'ok'],
    [['a', 'b', 'a'], 'invalid-parameter'],
    [['', ''], 'invalid-parameter'],
  ])('%j: %s', (texts, ends) => {
    expect(outcome(() => requireDistinct(texts, 'tags'))).toBe(ends);
  });
});

describe('putting tags', () => {
  it('adds new ones and gives present ones their new values, ordered by the bytes of their keys', () => {
    const before = evolve(anAggregate(), put(tagsOf({ b: '1', '\u{20000}': '2', '\ufe70': '3' })));
    expect(keysOf(before)).toEqual(['b', '\ufe70', '\u{20000}']);
    const { next, result } = decideOn(before, put(tagsOf({ a: '', b: 'new' })));
    expect(next?.tags).toEqual(tagsOf({ a: '', b: 'new', '\ufe70': '3', '\u{20000}': '2' }));
    expect(next?.secret).toEqual({ ...before.secret, revision: before.secret.revision + 1 });
    expect(result).toEqual({ secret: next?.secret });
  });

  it('distinguishes keys by case', () => {
    expect(keysOf(evolve(anAggregate(), put(tagsOf({ a: '', A: '' }))))).toEqual(['A', 'a']);
  });

  it('changes nothing when all is as it is wanted', () => {
    const before = evolve(anAggregate(), put(tagsOf({ a: '1', b: '2' })));
    const { next, result } = decideOn(before, put(tagsOf({ b: '2' })));
    expect(next).toBe(before);
    expect(result).toEqual({ secret: before.secret });
  });

  it.each([
    [19, 1, 'ok'],
    [20, 1, 'tag-limit'],
    [0, 20, 'ok'],
    [1, 20, 'tag-limit'],
  ])('beside %i tags takes %i more: %s', (present, more, ends) => {
    const before = anAggregate({ tags: numbered(1, present) });
    expect(outcome(() => decideOn(before, put(numbered(101, 100 + more))))).toBe(ends);
  });

  it('at the limit takes new values of present keys, and a limit that was lowered removes nothing', () => {
    const before = anAggregate({ tags: numbered(1, 20) });
    const changed = put([{ key: 'k007', value: 'new' }], 5);
    expect(evolve(before, changed).tags).toHaveLength(20);
    expect(outcome(() => decideOn(before, put(numbered(21, 21), 5)))).toBe('tag-limit');
    expect(() => decideOn(before, put(numbered(21, 21), 5))).toThrow('at most 5 tags');
  });

  it('finds nothing when another secret has the name now', () => {
    const other = aCommand('put-tags', { id: 'another-secret' });
    expect(outcome(() => decideOn(anAggregate(), other))).toBe('resource-not-found');
  });
});

describe('removing tags', () => {
  const before = anAggregate({ tags: tagsOf({ a: '1', b: '2', c: '3' }) });

  it.each(['refuse', 'ignore'] as const)('takes the named ones away, absent ones: %s', (absent) => {
    const { next, result } = decideOn(before, remove(['c', 'a'], absent));
    expect(next?.tags).toEqual(tagsOf({ b: '2' }));
    expect(next?.secret).toEqual({ ...before.secret, revision: before.secret.revision + 1 });
    expect(result).toEqual({ secret: next?.secret });
  });

  it('refuses absent keys, or passes them over', () => {
    expect(outcome(() => decideOn(before, remove(['a', 'x'], 'refuse')))).toBe('resource-not-found');
    expect(keysOf(evolve(before, remove(['a', 'x'], 'ignore')))).toEqual(['b', 'c']);
    expect(decideOn(before, remove(['x'], 'ignore')).next).toBe(before);
    expect(decideOn(before, remove([], 'refuse')).next).toBe(before);
  });

  it('finds nothing when another secret has the name now', () => {
    const other = aCommand('remove-tags', { id: 'another-secret' });
    expect(outcome(() => decideOn(anAggregate(), other))).toBe('resource-not-found');
  });
});

describe('other commands', () => {
  const tags = tagsOf({ a: '1' });

  it.each([
    'update-secret',
    'schedule-deletion',
    'add-version',
    'set-version-expiry',
    'put-stage',
    'remove-stage',
  ] as const)('%s leaves the tags alone', (kind) => {
    const before = anAggregate({ tags, stages: { SYSCURRENT: 1, blue: 1 } });
    expect(evolve(before, aCommand(kind)).tags).toBe(tags);
  });

  it('create-secret starts without any', () => {
    expect(evolve(undefined, aCommand('create-secret')).tags).toEqual([]);
  });
});
