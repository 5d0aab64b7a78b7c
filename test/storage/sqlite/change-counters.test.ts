import { describe, expect, it } from 'vitest';
import { createChangeCounters } from '../../../src/storage/sqlite/change-counters.ts';
import { aCommand, REF } from '../../support/builders.ts';

describe('change counters', () => {
  it('tell every thread of a change to a secret, and nothing of another secret’s', () => {
    const here = createChangeCounters();
    const there = createChangeCounters(here.memory);
    const ref = REF;
    const slot = there.slotOf(ref);
    const other = { ...REF, name: 'other' };
    expect(there.slotOf(other)).not.toBe(slot);
    const before = there.read(slot);
    here.count(aCommand('create-secret', { ref: other }));
    expect(there.read(slot)).toBe(before);
    here.count(aCommand('add-version', { ref }));
    expect(there.read(slot)).toBe(before + 1);
  });

  it('count a change of a key for all secrets', () => {
    const changes = createChangeCounters();
    const slot = changes.slotOf(REF);
    const before = changes.read(slot);
    changes.count({
      aggregate: 'key',
      kind: 'ensure-key',
      ref: { projectId: 'p', id: 'k' },
      alias: 'a',
      isDefault: false,
      material: new Uint8Array(),
      firstRevision: 1,
      nowMs: 1,
    });
    expect(changes.read(slot)).toBe(before + 1);
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
});
