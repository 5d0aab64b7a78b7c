import { describe, expect, it } from 'vitest';
import { aliasSpellings } from '../../../src/core/kms/aliases.ts';
import { outcome, T0 } from '../../support/builders.ts';
import { aCustomKey, decideOnKey, withAliases } from '../../support/keys.ts';

const names = (key: { aliases: readonly { alias: string }[] } | undefined) =>
  key?.aliases.map(({ alias }) => alias);
const other = aCustomKey({ id: 'other', alias: 'taken' });

describe('an alias', () => {
  it.each([
    ['db', ['db', 'alias/db']],
    ['alias/db', ['db', 'alias/db']],
    ['a/alias/db', ['a/alias/db', 'alias/a/alias/db']],
  ])('%s is spelt in two ways', (alias, spellings) => {
    expect(aliasSpellings(alias)).toEqual(spellings);
  });
});

describe('add-alias', () => {
  it('puts an alias beside the key’s own, in order', () => {
    const key = withAliases(aCustomKey(), 'zebra', 'alias/first');
    expect(names(key)).toEqual(['alias/first', 'own', 'zebra']);
    expect(key.alias).toBe('own');
    expect(key.aliases[0]).toEqual({ alias: 'alias/first', createTimeMs: T0, updateTimeMs: T0 });
  });

  it.each(['taken', 'alias/taken', 'own', 'alias/own'])('refuses %s, which a key has', (alias) => {
    expect(outcome(() => decideOnKey(aCustomKey(), { kind: 'add-alias', alias }, T0, [other]))).toBe(
      'key-alias-exists',
    );
  });

  it.each(['x/default', 'alias/default', 'alias/'])('refuses %s, which no key of a user has', (alias) => {
    expect(outcome(() => decideOnKey(aCustomKey(), { kind: 'add-alias', alias }))).toBe('invalid-parameter');
  });

  it('allows 50 with the own one, and no more', () => {
    const full = withAliases(aCustomKey(), ...Array.from({ length: 49 }, (_, index) => `n${index}`));
    expect(full.aliases).toHaveLength(50);
    expect(outcome(() => decideOnKey(full, { kind: 'add-alias', alias: 'more' }))).toBe('key-alias-limit');
  });
});

describe('rename-key', () => {
  it('replaces the own alias, keeps the others and when it was made', () => {
    const key = withAliases(aCustomKey(), 'second');
    const { next } = decideOnKey(key, { kind: 'rename-key', alias: 'a-new-one' }, T0 + 5);
    expect(next?.alias).toBe('a-new-one');
    expect(names(next)).toEqual(['a-new-one', 'second']);
    expect(next?.aliases[0]).toEqual({ alias: 'a-new-one', createTimeMs: T0, updateTimeMs: T0 + 5 });
  });

  it('leaves a key alone that has the alias', () => {
    const key = aCustomKey();
    expect(decideOnKey(key, { kind: 'rename-key', alias: 'own' }).next).toBe(key);
  });

  it('lets a key change the spelling of its own alias', () => {
    const { next } = decideOnKey(aCustomKey(), { kind: 'rename-key', alias: 'alias/own' });
    expect(names(next)).toEqual(['alias/own']);
  });

  it.each([
    ['taken', 'key-alias-exists'],
    ['alias/taken', 'key-alias-exists'],
    ['second', 'key-alias-exists'],
    ['x/default', 'invalid-parameter'],
  ])('to %s ends %s', (alias, ends) => {
    const key = withAliases(aCustomKey(), 'second');
    expect(outcome(() => decideOnKey(key, { kind: 'rename-key', alias }, T0, [other]))).toBe(ends);
  });
});

describe('remove-aliases', () => {
  const key = withAliases(aCustomKey(), 'second', 'third');

  it('takes away what it names, and no others', () => {
    expect(names(decideOnKey(key, { kind: 'remove-aliases', aliases: ['third'] }).next)).toEqual([
      'own',
      'second',
    ]);
    expect(
      names(decideOnKey(key, { kind: 'remove-aliases', aliases: ['third', 'second', 'third'] }).next),
    ).toEqual(['own']);
  });

  it.each([
    [['absent'], 'key-alias-not-found'],
    [['second', 'absent'], 'key-alias-not-found'],
    [['alias/second'], 'key-alias-not-found'],
    [['own'], 'invalid-parameter'],
    [['second', 'own'], 'invalid-parameter'],
  ])('of %j ends %s', (aliases, ends) => {
    expect(outcome(() => decideOnKey(key, { kind: 'remove-aliases', aliases }))).toBe(ends);
  });
});
