import { describe, expect, it } from 'vitest';
import { isOperationId, OPERATIONS, type Operation } from '../../src/core/operations.ts';

const operations = Object.entries<Operation>(OPERATIONS);

describe('every operation', () => {
  it('says what a policy would have to allow and how far that reaches, or neither', () => {
    for (const [id, { action, level, needs = [] }] of operations) {
      expect(level === undefined, id).toBe(action === undefined);
      for (const name of [action ?? [], ...needs].flat()) {
        expect(name, id).toMatch(/^(?:csms|kms):(?:secret|cmk)?:\w+$/);
      }
    }
  });

  it('has a name in records when it is a change or gives out a value, unless its body decides that', () => {
    const named = ({ each, trace }: Operation) => trace !== undefined || isOperationId(each ?? '');
    const isRecorded = ({ level = 'Read', reveals }: Operation) => reveals || !/^(?:List|Read)$/.test(level);
    const unnamed = operations.filter(([, operation]) => isRecorded(operation) && !named(operation));
    expect(unnamed.map(([id]) => id)).toEqual(['BatchCreateOrDeleteTags', 'BatchCreateKmsTags']);
  });

  it('shares its action with no other, but for backups and what does the same to many', () => {
    const actions = operations.flatMap(([, { action = [], each }]) => (each === undefined ? action : []));
    const twice = actions.filter((action, index) => actions.indexOf(action) < index);
    expect(twice.sort()).toEqual(['csms:secret:create', 'csms:secret:get']);
  });
});

describe('a name of an operation', () => {
  it('is told from other texts, those that every object knows among them', () => {
    expect(isOperationId('CreateSecret')).toBe(true);
    expect(['none', 'toString', '__proto__', ''].filter(isOperationId)).toEqual([]);
  });
});
