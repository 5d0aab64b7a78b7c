import { describe, expect, it } from 'vitest';
import { isOperationId, OPERATIONS, type Operation } from '../../src/core/operations.ts';

const operations = Object.entries<Operation>(OPERATIONS);

describe('every operation', () => {
  it('depends on nothing when every caller may do it', () => {
    const free = operations.filter(([, { action }]) => action === undefined);
    expect(free.filter(([, { needs, each }]) => needs !== undefined || each !== undefined)).toEqual([]);
  });

  it('that does something to each of many names what it does', () => {
    const each = operations.flatMap(([, operation]) => operation.each ?? []);
    expect(each.map(isOperationId)).toEqual([true, true, true]);
  });

  it('shares its action with no other, but for backups and what does the same to many', () => {
    const actions = operations.flatMap(([, { action = [], each }]) => (each === undefined ? action : []));
    const twice = actions.filter((action, index) => actions.indexOf(action) < index);
    expect(twice.sort()).toEqual(['csms:secret:create', 'csms:secret:get']);
  });
});

describe('a name of an operation', () => {
  it('is distinguished from other texts, those that every object knows among them', () => {
    expect(isOperationId('CreateSecret')).toBe(true);
    expect(['none', 'toString', '__proto__', ''].filter(isOperationId)).toEqual([]);
  });
});
