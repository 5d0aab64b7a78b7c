import { describe, expect, it } from 'vitest';
import type { SecretAggregate, SecretCommand } from '../../src/core/secrets/secrets.ts';
import { aCommand, decideOn, evolve, KEY_ID, numbers, T0 } from '../support/builders.ts';

/** What a decision says has happened, with versions by their numbers. */
function factsOf(current: SecretAggregate | undefined, command: SecretCommand): unknown[] {
  return decideOn(current, command).facts.map((fact) =>
    'version' in fact ? { ...fact, version: fact.version?.number } : fact,
  );
}

const move = (name: string, from?: number, to?: number) => ({ kind: 'stage-moved', name, from, to });
const open = evolve(undefined, aCommand('create-secret'));

describe('a decision says', () => {
  it('of a new secret, its version under its key and the stage that marks it', () => {
    const command = aCommand('create-secret');
    expect(factsOf(undefined, command)).toEqual([
      { kind: 'version-added', version: 1, origin: 'caller' },
      move('SYSCURRENT', undefined, 1),
    ]);
    expect(decideOn(undefined, command).facts[0]).toMatchObject({ version: { kmsKeyId: KEY_ID } });
  });

  it('of a new version, which stages moved, and whence', () => {
    expect(factsOf(open, aCommand('add-version'))).toEqual([
      { kind: 'version-added', version: 2, origin: 'caller' },
      move('SYSCURRENT', 1, 2),
      move('SYSPREVIOUS', undefined, 1),
    ]);
  });

  it('of a restored secret, that its versions come from a backup', () => {
    expect(factsOf(undefined, aCommand('restore-secret'))).toEqual([
      { kind: 'version-added', version: 1, origin: 'backup' },
      move('SYSCURRENT', undefined, 1),
    ]);
  });

  it('of a version too many, which one made room', () => {
    const limits = { ...aCommand('add-version').limits, versions: 3 };
    const full = evolve(open, ...Array.from({ length: 2 }, () => aCommand('add-version')));
    expect(numbers(full)).toEqual([1, 2, 3]);
    expect(factsOf(full, aCommand('add-version', { limits }))).toContainEqual({
      kind: 'version-removed',
      version: 1,
    });
  });

  it('of a stage, from where to where it went', () => {
    const two = evolve(open, aCommand('add-version'));
    const put = (versionNumber: number) => aCommand('put-stage', { name: 'blue', versionNumber });
    expect(factsOf(two, put(1))).toEqual([move('blue', undefined, 1)]);
    const marked = evolve(two, put(1));
    expect(factsOf(marked, put(2))).toEqual([move('blue', 1, 2)]);
    expect(factsOf(marked, put(1))).toEqual([]);
    expect(factsOf(marked, aCommand('remove-stage', { name: 'blue' }))).toEqual([move('blue', 1)]);
  });

  it('of an update, the fields that got another value', () => {
    const { description } = open.secret;
    const update = { description, rotationPeriod: '7h', eventSubscriptions: [] };
    expect(factsOf(open, aCommand('update-secret', { update }))).toEqual([
      { kind: 'secret-changed', fields: ['rotationPeriod', 'eventSubscriptions'] },
    ]);
    expect(factsOf(open, aCommand('update-secret', { update: {} }))).toEqual([]);
    expect(factsOf(open, aCommand('set-version-expiry', { expireTimeMs: T0 }))).toEqual([
      { kind: 'version-changed', version: 1, fields: ['expireTimeMs'] },
    ]);
  });

  it('of tags, the keys that were set anew or taken away', () => {
    const tags = [
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ];
    const tagged = evolve(open, aCommand('put-tags', { tags }));
    const changed = [tags[0]!, { key: 'b', value: '3' }];
    expect(factsOf(tagged, aCommand('put-tags', { tags: changed }))).toEqual([
      { kind: 'tags-changed', keys: ['b'] },
    ]);
    expect(factsOf(tagged, aCommand('remove-tags', { keys: ['a', 'c'], absent: 'ignore' }))).toEqual([
      { kind: 'tags-changed', keys: ['a'] },
    ]);
  });
});
