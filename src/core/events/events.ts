import { invalidParameter, SecretError } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** @see CSMS API, object Event, field event_types */
export const EVENT_TYPES = [
  'SECRET_VERSION_CREATED',
  'SECRET_VERSION_EXPIRED',
  'SECRET_ROTATED',
  'SECRET_DELETED',
  'SECRET_ROTATED_FAILED',
] as const;
/** What can happen to a secret. */
export type EventType = (typeof EVENT_TYPES)[number];

/** Only an enabled event notifies. @see CSMS API, object Event, field state */
export type EventState = 'ENABLED' | 'DISABLED';

/** Names one event: `name` is unique inside the project. */
export interface EventRef {
  readonly projectId: string;
  readonly name: string;
}

/** What an event notifies: a topic of the notification service, which need not exist. */
export interface EventTarget {
  /** The topic's URN. */
  readonly id: string;
  readonly name: string;
}

/** What its creator chooses. */
export interface EventDraft {
  readonly types: readonly EventType[];
  readonly state: EventState;
  readonly target: EventTarget;
}

/** A subscription that secrets refer to by its name. Times are epoch milliseconds, UTC. */
export interface SecretEvent extends EventDraft {
  readonly projectId: string;
  readonly name: string;
  /** UUID, lower-case, with dashes. */
  readonly id: string;
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
  /** Rises by one with every change. */
  readonly revision: number;
}

/** What the rules for an event see. */
export interface EventScope {
  readonly current: SecretEvent | undefined;
  /** True when the event is stored but fails its check; `current` is absent then. It counts towards the quota. */
  readonly isDamaged?: boolean;
  /** Events that the project holds, for the quota. */
  readonly eventsInProject: number;
  /** Secrets that refer to the event, those that wait for deletion included. */
  readonly subscribers: number;
}

/** Every change of an event, as plain data. */
export type EventCommand = { readonly aggregate: 'event'; readonly ref: EventRef; readonly nowMs: number } & (
  | {
      readonly kind: 'create-event';
      readonly id: string;
      readonly draft: EventDraft;
      readonly limits: Limits;
    }
  | { readonly kind: 'update-event'; readonly update: Partial<EventDraft> }
  | { readonly kind: 'delete-event' }
);

/** One command by its kind. */
export type EventCommandOf<K extends EventCommand['kind']> = Extract<EventCommand, { kind: K }>;

/** The event after the change (absent: removed); the same object as before when nothing changed. */
export interface EventDecision {
  readonly next: SecretEvent | undefined;
  readonly result: SecretEvent | undefined;
}

/**
 * Decides one command about one event. A damaged one can be created anew or deleted.
 * Throws event-exists, event-limit, resource-not-found, event-referenced, invalid-parameter, damaged (the update of a
 * damaged one). @see CSMS API, CreateSecretEvent
 */
export function decideEvent(scope: EventScope, command: EventCommand): EventDecision {
  if (command.kind === 'create-event') return createEvent(scope, command);
  const { current, isDamaged = false } = scope;
  if (current === undefined && !isDamaged) throw new SecretError('resource-not-found');
  switch (command.kind) {
    case 'update-event':
      if (current === undefined)
        throw new SecretError('damaged', 'The event can be created anew, or deleted.');
      return updateEvent(current, command);
    case 'delete-event':
      if (scope.subscribers > 0) throw new SecretError('event-referenced');
      return { next: undefined, result: undefined };
    default:
      throw new Error(`unknown command ${(command satisfies never as EventCommand).kind}`);
  }
}

function createEvent(scope: EventScope, command: EventCommandOf<'create-event'>): EventDecision {
  const { draft, id, limits, nowMs, ref } = command;
  if (scope.current !== undefined) throw new SecretError('event-exists');
  const others = scope.eventsInProject - (scope.isDamaged ? 1 : 0);
  if (others >= limits.events) {
    throw new SecretError('event-limit', `A project has at most ${limits.events} events.`);
  }
  requireTypes(draft.types);
  const times = { createTimeMs: nowMs, updateTimeMs: nowMs };
  const next: SecretEvent = { ...draft, ...times, projectId: ref.projectId, name: ref.name, id, revision: 1 };
  return { next, result: next };
}

function updateEvent(current: SecretEvent, command: EventCommandOf<'update-event'>): EventDecision {
  const { nowMs, update } = command;
  if (Object.keys(update).length === 0) return { next: current, result: current };
  if (update.types !== undefined) requireTypes(update.types);
  const updateTimeMs = Math.max(nowMs, current.updateTimeMs);
  const next = { ...current, ...update, updateTimeMs, revision: current.revision + 1 };
  return { next, result: next };
}

function requireTypes(types: readonly EventType[]): void {
  if (types.length === 0) throw invalidParameter('event_types', 'must name at least one type');
  if (new Set(types).size < types.length) throw invalidParameter('event_types', 'must not name a type twice');
}
