import { describe, expect, it } from 'vitest';
import {
  decideEvent,
  EVENT_TYPES,
  type EventDraft,
  type EventScope,
  type EventType,
} from '../../../src/core/events/events.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { anEvent, outcome, REF, T0 } from '../../support/builders.ts';
import { createEvent, removeEvent, updateEvent } from '../../support/stores.ts';

const ref = { projectId: REF.projectId, name: 'alarm' };
const DRAFT: EventDraft = {
  types: ['SECRET_DELETED', 'SECRET_ROTATED'],
  state: 'DISABLED',
  target: { id: 'urn:smn:r:p:t', name: 't' },
};
const scope = (changes: Partial<EventScope> = {}): EventScope => {
  return { current: undefined, eventsInProject: 0, subscribers: 0, ...changes };
};
const create = (draft: Partial<EventDraft> = {}, events = 30) =>
  createEvent(ref, {
    id: 'event-id',
    draft: { ...DRAFT, ...draft },
    limits: { ...DEFAULT_LIMITS, events },
    nowMs: T0 + 5,
  });
const update = (changes: Partial<EventDraft>) => ({ ...updateEvent(ref, changes), nowMs: T0 + 5 });
const remove = { ...removeEvent(ref), nowMs: T0 + 5 };

describe('create-event', () => {
  it('makes what was asked for', () => {
    const { next, result } = decideEvent(scope(), create());
    expect(result).toBe(next);
    expect(next).toEqual(anEvent({ ...DRAFT, id: 'event-id', createTimeMs: T0 + 5, updateTimeMs: T0 + 5 }));
  });

  it('refuses a name in use, before it counts', () => {
    const taken = scope({ current: anEvent(), eventsInProject: 30 });
    expect(outcome(() => decideEvent(taken, create()))).toBe('event-exists');
  });

  it.each([
    { held: 29, most: 30, ends: 'ok' },
    { held: 30, most: 30, ends: 'event-limit' },
    { held: 31, most: 30, ends: 'event-limit' },
    { held: 0, most: 1, ends: 'ok' },
    { held: 1, most: 1, ends: 'event-limit' },
  ])('in a project that holds $held of $most ends $ends', ({ held, most, ends }) => {
    expect(outcome(() => decideEvent(scope({ eventsInProject: held }), create({}, most)))).toBe(ends);
  });
});

describe('event types', () => {
  const rows: readonly (readonly [readonly EventType[], string])[] = [
    [[], 'invalid-parameter'],
    [['SECRET_DELETED'], 'ok'],
    [EVENT_TYPES, 'ok'],
    [['SECRET_DELETED', 'SECRET_ROTATED', 'SECRET_DELETED'], 'invalid-parameter'],
  ];

  it.each(rows)('%j end %s when created and when updated', (types, ends) => {
    expect(outcome(() => decideEvent(scope(), create({ types })))).toBe(ends);
    expect(outcome(() => decideEvent(scope({ current: anEvent() }), update({ types })))).toBe(ends);
  });
});

describe('update-event', () => {
  const changes: readonly Partial<EventDraft>[] = [
    { state: 'DISABLED' },
    { types: ['SECRET_DELETED'] },
    { target: { id: 'other', name: 'o' } },
    DRAFT,
  ];

  it.each(changes)('with %j changes that, the time and the revision, and nothing else', (change) => {
    const current = anEvent();
    const { next, result } = decideEvent(scope({ current }), update(change));
    expect(next).toEqual({ ...current, ...change, updateTimeMs: T0 + 5, revision: 2 });
    expect(result).toBe(next);
  });

  it('with nothing changes nothing', () => {
    const current = anEvent();
    expect(decideEvent(scope({ current }), update({})).next).toBe(current);
  });

  it('never sets the time back', () => {
    const current = anEvent({ updateTimeMs: T0 + 9 });
    expect(decideEvent(scope({ current }), update({ state: 'DISABLED' })).next?.updateTimeMs).toBe(T0 + 9);
  });
});

describe('delete-event', () => {
  it('removes an event that nobody refers to', () => {
    expect(decideEvent(scope({ current: anEvent() }), remove)).toEqual({
      next: undefined,
      result: undefined,
    });
  });

  it.each([1, 2])('is refused while %i secrets refer to it', (subscribers) => {
    expect(outcome(() => decideEvent(scope({ current: anEvent(), subscribers }), remove))).toBe(
      'event-referenced',
    );
  });
});

describe('an event that is not there', () => {
  it.each([update({ state: 'DISABLED' }), update({}), remove])('%j', (command) => {
    expect(outcome(() => decideEvent(scope(), command))).toBe('resource-not-found');
  });
});
