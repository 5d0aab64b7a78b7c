import { describe, expect, it } from 'vitest';
import { KEY_TAG_KEY_PATTERN, KEY_TAG_VALUE_PATTERN, matchesKey } from '../../../src/core/kms/tags.ts';
import { outcome } from '../../support/builders.ts';
import { aCustomKey, decideOnKey } from '../../support/keys.ts';

const tag = (key: string, value = '') => ({ key, value });
const tagged = aCustomKey({ tags: [tag('team', 'red'), tag('stage')] });
const many = (count: number) => Array.from({ length: count }, (_, index) => tag(`k${index}`));

describe('put-tags', () => {
  it('adds behind what is there, and gives a present key its new value', () => {
    const { next } = decideOnKey(tagged, { kind: 'put-tags', tags: [tag('new', '1'), tag('team', 'blue')] });
    expect(next?.tags).toEqual([tag('team', 'blue'), tag('stage'), tag('new', '1')]);
  });

  it('allows 20 tags and no more', () => {
    expect(outcome(() => decideOnKey(aCustomKey(), { kind: 'put-tags', tags: many(20) }))).toBe('ok');
    expect(outcome(() => decideOnKey(aCustomKey(), { kind: 'put-tags', tags: many(21) }))).toBe(
      'key-tag-limit',
    );
    const full = aCustomKey({ tags: many(20) });
    expect(outcome(() => decideOnKey(full, { kind: 'put-tags', tags: [tag('k3', 'x')] }))).toBe('ok');
    expect(outcome(() => decideOnKey(full, { kind: 'put-tags', tags: [tag('more')] }))).toBe('key-tag-limit');
  });

  it('refuses a key that comes twice', () => {
    const tags = [tag('a', '1'), tag('a', '2')];
    expect(outcome(() => decideOnKey(tagged, { kind: 'put-tags', tags }))).toBe('invalid-parameter');
  });
});

describe('remove-tag', () => {
  it('takes one tag away, which has to be there', () => {
    expect(decideOnKey(tagged, { kind: 'remove-tag', tagKey: 'team' }).next?.tags).toEqual([tag('stage')]);
    expect(outcome(() => decideOnKey(tagged, { kind: 'remove-tag', tagKey: 'red' }))).toBe(
      'key-tag-not-found',
    );
  });
});

describe('remove-tags', () => {
  it('takes away those that are there', () => {
    const change = { kind: 'remove-tags', tagKeys: ['absent', 'stage'] } as const;
    expect(decideOnKey(tagged, change).next?.tags).toEqual([tag('team', 'red')]);
  });

  it('leaves a key alone that has none of them', () => {
    expect(decideOnKey(tagged, { kind: 'remove-tags', tagKeys: ['absent'] }).next).toBe(tagged);
  });

  it('refuses a key that comes twice', () => {
    const change = { kind: 'remove-tags', tagKeys: ['team', 'team'] } as const;
    expect(outcome(() => decideOnKey(tagged, change))).toBe('invalid-parameter');
  });
});

describe('a search', () => {
  it.each([
    [[], [], true],
    [[{ key: 'team', values: [] }], [], true],
    [[{ key: 'team', values: ['blue', 'red'] }], [], true],
    [[{ key: 'team', values: ['blue'] }], [], false],
    [[{ key: 'stage', values: [''] }], [], true],
    [[{ key: 'absent', values: [] }], [], false],
    [
      [
        { key: 'team', values: ['red'] },
        { key: 'absent', values: [] },
      ],
      [],
      false,
    ],
    [[], ['ow'], true],
    [[], ['OW'], false],
    [[], ['ow', 'x'], false],
    [[], [''], true],
  ])('for tags %j and names %j is %s', (tags, names, found) => {
    expect(matchesKey(tagged, { tags, names })).toBe(found);
  });
});

describe('the text of a tag', () => {
  it.each([
    ['a', true, true],
    ['', false, true],
    ['k'.repeat(36), true, true],
    ['k'.repeat(37), false, true],
    ['k'.repeat(43), false, true],
    ['k'.repeat(44), false, false],
    ['für 漢', true, true],
    ['a b', true, true],
    ...['*', '<', '>', '\\', '=', '\n', '\0', '\u001f'].map((c) => [`a${c}b`, false, false] as const),
  ] as const)('%j as key: %s, as value: %s', (text, isKey, isValue) => {
    expect(new RegExp(KEY_TAG_KEY_PATTERN, 'u').test(text)).toBe(isKey);
    expect(new RegExp(KEY_TAG_VALUE_PATTERN, 'u').test(text)).toBe(isValue);
  });
});
