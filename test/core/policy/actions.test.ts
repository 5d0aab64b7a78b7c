import { describe, expect, it } from 'vitest';
import { OPERATIONS, type Operation } from '../../../src/core/operations.ts';
import { ACTIONS, actionOf, findActions } from '../../../src/core/policy/actions.ts';
import { matchingActions } from '../../../src/core/policy/statements.ts';
import { decided } from './questions.ts';

const ids = (actions: readonly { readonly id: string }[]) => actions.map(({ id }) => id);

describe('the table of actions', () => {
  it('has a row for each action that an operation needs, and no other but that of traces', () => {
    const needed = Object.values<Operation>(OPERATIONS).flatMap(({ action, needs = [] }) =>
      [action ?? [], needs].flat(),
    );
    const others = [...ACTIONS.keys()].filter((id) => !needed.includes(id));
    expect(others.filter((id) => id !== 'cts:trace:list')).toEqual([]);
  });

  it('gives keys of resources to actions that have one', () => {
    const wrong = [...ACTIONS.values()].filter(
      ({ keys, resource }) => resource === undefined && keys.size > 0,
    );
    expect(wrong).toEqual([]);
  });

  it('says how far they reach', () => {
    expect(actionOf('csms:secret:createGrant').level).toBe('Permission_management');
    expect(actionOf('kms:cmk:deleteTag').level).toBe('Tagging');
    expect(actionOf('kms::generateRandom').level).toBe('Write');
  });
});

describe('the name of an action', () => {
  it.each([
    ['csms:secret:get', ['csms:secret:get']],
    ['CSMS:SecretVersion:GET', ['csms:secret:getVersion']],
    ['csms::createEvent', ['csms::createEvent']],
    ['csms:event:create', ['csms::createEvent']],
    ['kms:dek:decrypt', ['kms:cmk:decryptDataKey']],
    ['kms:dek:crypto', ['kms:cmk:encryptDataKey', 'kms:cmk:decryptDataKey']],
    ['kms:cmk:list', ['kms:cmk:list', 'kms:cmk:listAliases']],
    ['csms:secret:nothing', []],
    ['csms:secret:get:', []],
  ])('%s', (name, wanted) => {
    expect(ids(findActions(name))).toEqual(wanted);
  });

  it.each([
    ['*', ACTIONS.size],
    ['*:*:*', ACTIONS.size],
    ['CSMS:*:*', 40],
    ['csms:secretStage:*', 4],
    ['csms:*:get?ersion', 1],
    ['csms:*:get', 4],
    ['csms::*', 14],
    ['cts:*:*', 1],
    ['iam:*:*', 0],
  ])('with wildcards: %s stands for %d', (pattern, count) => {
    expect(matchingActions(pattern)).toHaveLength(count);
  });
});

describe('NotAction', () => {
  it('is about every action none of whose names fits', () => {
    const NotAction = ['csms:secretVersion:*', 'kms:cmk:update'];
    expect(decided([{ NotAction }], { action: 'csms:secret:get' })).toBe('allowed');
    expect(decided([{ NotAction }], { action: 'csms:secret:getVersion' })).toBe('denied');
    expect(decided([{ NotAction }], { action: 'kms:cmk:deleteAlias' })).toBe('denied');
    expect(decided([{ NotAction: 'csms:unknown:thing' }], { action: 'kms:cmk:get' })).toBe('allowed');
  });
});
