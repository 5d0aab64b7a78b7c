import { describe, expect, it } from 'vitest';
import type { Command } from '../../../../src/core/commands.ts';
import { createChangeCounters } from '../../../../src/storage/sqlite/engine/change-counters.ts';
import { aCommand, REF } from '../../../support/builders.ts';
import { ensureKey } from '../../../support/stores.ts';

describe('change counters', () => {
  const add = aCommand('add-version', { ref: REF });

  it('tell every thread of a change to a secret, and nothing of another secret’s', () => {
    const here = createChangeCounters();
    const there = createChangeCounters(here.memory);
    const slot = there.slotOf(REF);
    const other = { ...REF, name: 'other' };
    expect(there.slotOf(other)).not.toBe(slot);
    const before = there.settled(slot);
    carryOut(here, [aCommand('create-secret', { ref: other })]);
    expect(there.settled(slot)).toBe(before);
    carryOut(here, [add]);
    expect(there.settled(slot)).toBe(before! + 1);
  });

  it('give nothing to go by while a change is under way', () => {
    const changes = createChangeCounters();
    const [slot, other] = [REF, { ...REF, name: 'other' }].map(changes.slotOf);
    changes.begin([add]);
    expect(changes.settled(slot!)).toBeUndefined();
    expect(changes.settled(other!)).toBe(0);
    changes.end([add]);
    expect(changes.settled(slot!)).toBe(1);
  });

  it('wait for each of several changes that share a slot', () => {
    const changes = createChangeCounters();
    const slot = changes.slotOf(REF);
    changes.begin([add, add]);
    changes.end([add]);
    expect(changes.settled(slot)).toBeUndefined();
    changes.end([add]);
    expect(changes.settled(slot)).toBe(2);
  });

  it('count a change of a key for all secrets', () => {
    const changes = createChangeCounters();
    const slot = changes.slotOf(REF);
    const key = ensureKey({ projectId: 'p', id: 'k' });
    changes.begin([key]);
    expect(changes.settled(slot)).toBeUndefined();
    changes.end([key]);
    expect(changes.settled(slot)).toBe(1);
  });

  it('never use the slot of the keys for a secret', () => {
    const changes = createChangeCounters();
    const slots = new Set(
      Array.from({ length: 5_000 }, (_, index) => changes.slotOf({ projectId: 'p', name: `n${index}` })),
    );
    expect(slots.has(0)).toBe(false);
    expect(Math.max(...slots)).toBeLessThan(4_096);
    expect(slots.size).toBeGreaterThan(2_000);
  });

  function carryOut(changes: ReturnType<typeof createChangeCounters>, commands: Command[]): void {
    changes.begin(commands);
    changes.end(commands);
  }
});
