import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/events/events.ts';
import { EVENT_TYPES, type EventDraft, type EventRef, type SecretEvent } from '../../core/events/events.ts';
import { PAGE } from '../../core/limits.ts';
import { EVENT_NAME_PATTERN, requireEventName } from '../../core/names.ts';
import type { App } from '../app.ts';
import { nestedRoute, operation } from '../wire/operation.ts';
import {
  EventName,
  ListQuery,
  NoBody,
  Omissible,
  OneOf,
  PageInfo,
  pageInfo,
  TimeMs,
  Titled,
} from '../wire/schemas.ts';

/** One thing that can happen to a secret. */
export const EventTypeName = OneOf(EVENT_TYPES);

const EVENT_TYPES_MAX = 12;
const EventTypes = Type.Array(EventTypeName, {
  maxItems: EVENT_TYPES_MAX,
  description: 'At least one, none twice',
});
const EventStateName = OneOf(['ENABLED', 'DISABLED']);
const target = {
  target_type: OneOf(['SMN']),
  target_id: Type.String({ pattern: '^[a-zA-Z0-9._:-]{1,256}$', description: 'URN of the topic' }),
  target_name: Type.String({ pattern: EVENT_NAME_PATTERN, description: 'Name of the topic' }),
};
const NotificationTarget = Titled('Notification', target);
const NotificationUpdate = Titled('UpdateNotification', target);

const EventSchema = Titled('Event', {
  name: EventName,
  event_id: Type.String({ description: 'UUID' }),
  event_types: Type.Array(EventTypeName),
  state: EventStateName,
  create_time: TimeMs,
  update_time: TimeMs,
  notification: NotificationTarget,
});
const EventResponse = Titled('SecretEventResponse', { event: EventSchema });
const EventsResponse = Titled('ListSecretEventsResponse', {
  events: Type.Array(EventSchema),
  page_info: PageInfo,
});

const CreateEventBody = Titled('CreateSecretEventRequest', {
  name: EventName,
  event_types: EventTypes,
  state: EventStateName,
  notification: NotificationTarget,
});
const UpdateEventBody = Titled('UpdateSecretEventRequest', {
  event_types: Omissible(EventTypes),
  state: Omissible(EventStateName),
  notification: Omissible(NotificationUpdate),
});

/** CreateSecretEvent, ListSecretEvents, ShowSecretEvent, UpdateSecretEvent, DeleteSecretEvent. */
export function registerEvents(api: App): void {
  api.route({
    ...nestedRoute('POST', '/v1/:project_id/csms/events', {
      ...operation('CreateSecretEvent', 'Creates an event, which secrets can subscribe to'),
      body: CreateEventBody,
      response: { 200: EventResponse },
    }),
    handler: async ({ deps, params, body }) => {
      const ref = { projectId: params.project_id, name: requireEventName(body.name, 'name') };
      const draft: EventDraft = {
        types: body.event_types,
        state: body.state,
        target: toTarget(body.notification),
      };
      return { event: toWireEvent(await app.createEvent(deps, ref, draft)) };
    },
  });
  api.route({
    ...nestedRoute('GET', '/v1/:project_id/csms/events', {
      ...operation('ListSecretEvents', 'Lists events by name'),
      querystring: Type.Object({
        ...ListQuery,
        marker: Type.Optional(Type.String({ description: 'Name of the last event of the page before' })),
      }),
      response: { 200: EventsResponse },
    }),
    handler: async ({ deps, params, query }) => {
      const { limit = PAGE.default, marker = '' } = query;
      if (marker !== '') requireEventName(marker, 'marker');
      const page = await app.listEvents(deps, { projectId: params.project_id, limit, afterName: marker });
      const events = page.entries.map(toWireEvent);
      const names = events.map(({ name }) => name);
      return { events, page_info: pageInfo(names, page.hasMore) };
    },
  });
  registerEvent(api);
}

function registerEvent(api: App): void {
  api.route({
    ...nestedRoute('GET', '/v1/:project_id/csms/events/:event_name', {
      ...operation('ShowSecretEvent', 'Shows an event'),
      response: { 200: EventResponse },
    }),
    handler: async ({ deps, params }) => ({
      event: toWireEvent(await app.showEvent(deps, toEventRef(params))),
    }),
  });
  api.route({
    ...nestedRoute('PUT', '/v1/:project_id/csms/events/:event_name', {
      ...operation('UpdateSecretEvent', 'Changes an event’s types, state or topic'),
      body: UpdateEventBody,
      response: { 200: EventResponse },
    }),
    handler: async ({ deps, params, body }) => {
      const event = await app.updateEvent(deps, toEventRef(params), toUpdate(body));
      return { event: toWireEvent(event) };
    },
  });
  api.route({
    ...nestedRoute('DELETE', '/v1/:project_id/csms/events/:event_name', {
      ...operation('DeleteSecretEvent', 'Deletes an event that no secret refers to'),
      response: { 204: NoBody },
    }),
    handler: async ({ deps, params }, reply) => {
      await app.deleteEvent(deps, toEventRef(params));
      return reply.code(204).send(undefined);
    },
  });
}

function toEventRef(params: { readonly project_id: string; readonly event_name: string }): EventRef {
  return { projectId: params.project_id, name: requireEventName(params.event_name) };
}

function toTarget(target: Static<typeof NotificationTarget>): SecretEvent['target'] {
  return { id: target.target_id, name: target.target_name };
}

/** Absent fields, and null ones, stay as they are. */
function toUpdate(body: Static<typeof UpdateEventBody>): Partial<EventDraft> {
  return {
    ...(body.event_types != null && { types: body.event_types }),
    ...(body.state != null && { state: body.state }),
    ...(body.notification != null && { target: toTarget(body.notification) }),
  };
}

function toWireEvent(event: SecretEvent): Static<typeof EventSchema> {
  return {
    name: event.name,
    event_id: event.id,
    event_types: [...event.types],
    state: event.state,
    create_time: event.createTimeMs,
    update_time: event.updateTimeMs,
    notification: { target_type: 'SMN', target_id: event.target.id, target_name: event.target.name },
  };
}
