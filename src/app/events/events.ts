import { SecretError } from '../../core/errors.ts';
import type { EventDraft, EventRef, SecretEvent } from '../../core/events/events.ts';
import { change } from '../change.ts';
import { collectPage, type Page } from '../pages.ts';
import type { Deps, EventQuery } from '../ports/deps.ts';
import { required } from '../required.ts';

/** Creates an event. Throws event-exists, event-limit, invalid-parameter. @see API page CreateSecretEvent */
export async function createEvent(deps: Deps, ref: EventRef, draft: EventDraft): Promise<SecretEvent> {
  const id = deps.ids.uuid();
  return required(await change(deps, { aggregate: 'event', kind: 'create-event', ref, id, draft }));
}

/** Throws resource-not-found. @see API page ShowSecretEvent */
export async function showEvent(deps: Deps, ref: EventRef): Promise<SecretEvent> {
  const found = await deps.store.findEvent(ref);
  if (found === undefined) throw new SecretError('resource-not-found');
  return found;
}

/** A page of a project's events, by name. @see API page ListSecretEvents */
export function listEvents({ store }: Deps, query: EventQuery): Promise<Page<SecretEvent>> {
  const { limit } = query;
  return collectPage(
    (size, last) => store.listEvents({ ...query, limit: size, afterName: last?.name ?? query.afterName }),
    { limit },
  );
}

/**
 * Changes an event; an absent field stays as it is. Throws resource-not-found, invalid-parameter. @see API page
 * UpdateSecretEvent
 */
export async function updateEvent(
  deps: Deps,
  ref: EventRef,
  update: Partial<EventDraft>,
): Promise<SecretEvent> {
  return required(await change(deps, { aggregate: 'event', kind: 'update-event', ref, update }));
}

/** Removes an event. Throws resource-not-found, event-referenced. @see API page DeleteSecretEvent */
export async function deleteEvent(deps: Deps, ref: EventRef): Promise<void> {
  await change(deps, { aggregate: 'event', kind: 'delete-event', ref });
}
