import type { SecretEvent } from '../../core/events/events.ts';
import { type Compared, compareAll, isSameTime, requireRoom } from './comparison.ts';
import { problem } from './members.ts';
import type { PresentContents } from './present.ts';
import type { SeedEvent } from './seed.ts';

/** What becomes of a project's events. */
export interface EventPlan {
  readonly put: readonly SecretEvent[];
  readonly compared: Compared<SeedEvent>;
  has(name: string): boolean;
}

/** Plans the events of a seed. Throws FileError for the id of an event that is not the seed's, and for too many. */
export function planEvents(
  seedEvents: readonly SeedEvent[],
  present: PresentContents,
  { limit, projectId }: { readonly projectId: string; readonly limit: number },
): EventPlan {
  const named = new Set(seedEvents.map(({ name }) => name));
  const byName = new Map(present.events.map((event) => [event.name, event]));
  const others = present.events.filter(({ name }) => !named.has(name));
  const otherIds = new Set(others.map(({ id }) => id));
  for (const event of seedEvents)
    if (otherIds.has(event.id)) throw problem(event, 'id', 'is the id of another event');
  const compared = compareAll(seedEvents, (event) => {
    const former = byName.get(event.name);
    return former && isSameEvent(event, former);
  });
  const { created, replaced, unchanged } = compared;
  requireRoom(created, {
    others: others.length + replaced.length + unchanged.length,
    limit,
    noun: 'events',
  });
  return {
    put: [...created, ...replaced].map((event) => toEvent(event, projectId)),
    compared,
    has: (name) => named.has(name) || byName.has(name),
  };
}

function isSameEvent(event: SeedEvent, present: SecretEvent): boolean {
  const { createTime, draft, id, updateTime } = event;
  return (
    id === present.id &&
    JSON.stringify(draft.types.toSorted()) === JSON.stringify(present.types.toSorted()) &&
    draft.state === present.state &&
    draft.target.id === present.target.id &&
    draft.target.name === present.target.name &&
    isSameTime(createTime, present.createTimeMs) &&
    (updateTime === undefined || isSameTime(updateTime, present.updateTimeMs))
  );
}

function toEvent({ createTime, draft, id, name, updateTime }: SeedEvent, projectId: string): SecretEvent {
  const times = { createTimeMs: createTime.ms, updateTimeMs: (updateTime ?? createTime).ms };
  return { ...draft, ...times, projectId, name, id, revision: 1 };
}
