import { DAY_MS, HOUR_MS } from '../../std/durations.ts';
import type { Fact } from '../facts.ts';
import { versionId } from '../names.ts';
import type { Secret } from '../secrets/secrets.ts';
import type { SecretType } from '../secrets/types.ts';
import type { EventType, SecretEvent } from './events.ts';

/** How long delivery is tried, in milliseconds. @see SMN API, PublishMessage, time_to_live */
export const TIME_TO_LIVE_MS = HOUR_MS;
/** How long records are kept: three months, of which none is longer than 31 days. @see CSMS API, ListNotificationRecords */
export const RECORD_KEPT_MS = 93 * DAY_MS;
/** Records that a list holds. @see CSMS API, ListNotificationRecords */
export const RECORDS_MAX = 1_000;
/** Notifications of a project that wait for delivery; beyond that the oldest are dropped. */
export const WAITING_MAX = 10_000;
/** The text for subscribers about any failed rotation, besides the code. */
const FAILURE_TEXT = 'The rotation failed; its task says more.';

/** `PENDING` waits for delivery and is not a record yet; the others are final. @see CSMS API, object Record */
export type NotificationStatus = 'PENDING' | 'SUCCESS' | 'FAIL' | 'INVALID';

/** One message about one secret to one topic: first in the outbox, then a record. Times are epoch milliseconds. */
export interface Notification {
  /** `<secret id>.<revision of the secret>.<event type>`: one change makes one of each type. */
  readonly id: string;
  readonly projectId: string;
  readonly eventName: string;
  readonly eventType: EventType;
  readonly secretName: string;
  readonly secretType: SecretType;
  readonly targetId: string;
  readonly targetName: string;
  /** JSON text, as it is delivered. */
  readonly content: string;
  readonly createTimeMs: number;
  readonly status: NotificationStatus;
  /** Deliveries that were tried. */
  readonly attempts: number;
  /** Set only while the status is PENDING. */
  readonly nextAttemptMs: number | undefined;
}

/** What the rules for a notification see. */
export interface NotificationScope {
  readonly current: Notification | undefined;
}

/** How one attempt to deliver ended; `RETRY` is tried again at `nextAttemptMs`. */
export type DeliveryOutcome =
  | { readonly status: 'SUCCESS' | 'FAIL' | 'INVALID' }
  | { readonly status: 'RETRY'; readonly nextAttemptMs: number };

/** Every change of an existing notification, as plain data. */
export type NotificationCommand = {
  readonly aggregate: 'notification';
  readonly ref: { readonly id: string };
  readonly nowMs: number;
} & (
  | {
      readonly kind: 'settle-notification';
      /** As it was when the attempt began: a late response to an earlier attempt changes nothing. */
      readonly attempts: number;
      readonly outcome: DeliveryOutcome;
    }
  | { readonly kind: 'remove-notification' }
);

/** The notification after the change (absent: removed); the same object as before when nothing changed. */
export interface NotificationDecision {
  readonly next: Notification | undefined;
  readonly result: { readonly changed: boolean };
}

/** Decides one command about one notification. One that is gone, settled or too recent is left alone. */
export function decideNotification(
  { current }: NotificationScope,
  command: NotificationCommand,
): NotificationDecision {
  const unchanged: NotificationDecision = { next: current, result: { changed: false } };
  if (current === undefined) return unchanged;
  switch (command.kind) {
    case 'settle-notification': {
      if (current.status !== 'PENDING' || current.attempts !== command.attempts) return unchanged;
      const attempts = current.attempts + 1;
      const { outcome } = command;
      const settled =
        outcome.status === 'RETRY'
          ? { nextAttemptMs: outcome.nextAttemptMs }
          : { status: outcome.status, nextAttemptMs: undefined };
      return { next: { ...current, attempts, ...settled }, result: { changed: true } };
    }
    case 'remove-notification': {
      const isOld = current.createTimeMs < command.nowMs - RECORD_KEPT_MS;
      if (current.status === 'PENDING' || !isOld) return unchanged;
      return { next: undefined, result: { changed: true } };
    }
    default:
      throw new Error(`unknown command ${(command satisfies never as NotificationCommand).kind}`);
  }
}

/** True when the event subscribes to this type. @see CSMS API, CreateSecretEvent: only an enabled event notifies */
export function wants(event: SecretEvent, type: EventType): boolean {
  return event.state === 'ENABLED' && event.types.includes(type);
}

/** The type of a fact for subscribers; undefined: they are not notified of it. */
function eventTypeOf(fact: Fact): EventType | undefined {
  switch (fact.kind) {
    case 'version-added':
      // A rotation notifies when its version comes into use, and a version of a backup is not new.
      return fact.origin === 'caller' ? 'SECRET_VERSION_CREATED' : undefined;
    case 'version-expired':
      return 'SECRET_VERSION_EXPIRED';
    case 'secret-rotated':
      return 'SECRET_ROTATED';
    case 'rotation-failed':
      return 'SECRET_ROTATED_FAILED';
    case 'secret-removed':
      return 'SECRET_DELETED';
    default:
      return undefined;
  }
}

/**
 * The notifications that a change of a secret leads to: one for each fact and each event that subscribes to it. `secret`
 * is the one after the change; a removed one as it last was, with the revision that would have followed.
 */
export function notificationsOf(input: {
  readonly secret: Secret;
  readonly events: readonly SecretEvent[];
  readonly facts: readonly Fact[];
  readonly nowMs: number;
}): Notification[] {
  const { events, facts, nowMs, secret } = input;
  const subscribed = events.filter(({ name }) => secret.eventSubscriptions.includes(name));
  return facts.flatMap((fact) => {
    const eventType = eventTypeOf(fact);
    if (eventType === undefined) return [];
    return subscribed
      .filter((event) => wants(event, eventType))
      .map((event): Notification => {
        return {
          id: `${secret.id}.${secret.revision}.${eventType}`,
          projectId: secret.projectId,
          eventName: event.name,
          eventType,
          secretName: secret.name,
          secretType: secret.secretType,
          targetId: event.target.id,
          targetName: event.target.name,
          content: contentOf(secret, { event, eventType, fact, nowMs }),
          createTimeMs: nowMs,
          status: 'PENDING',
          attempts: 0,
          nextAttemptMs: nowMs,
        };
      });
  });
}

/** The message for the subscriber. It never holds a value. @see CSMS API, ListNotificationRecords, notification_content */
function contentOf(
  secret: Secret,
  told: {
    readonly event: SecretEvent;
    readonly eventType: EventType;
    readonly fact: Fact;
    readonly nowMs: number;
  },
): string {
  const { event, eventType, fact, nowMs } = told;
  const version = 'version' in fact ? fact.version : undefined;
  const expireTimeMs = fact.kind === 'version-expired' ? fact.version.expireTimeMs : undefined;
  return JSON.stringify({
    eventName: event.name,
    eventType,
    eventTime: isoTime(nowMs),
    data: {
      secretId: secret.id,
      secretName: secret.name,
      createTime: isoTime(secret.createTimeMs),
      updateTime: isoTime(secret.updateTimeMs),
      ...(version && { versionId: versionId(version.number) }),
      ...(expireTimeMs !== undefined && { versionExpireTime: isoTime(expireTimeMs) }),
      ...(fact.kind === 'rotation-failed' && { errorCode: fact.code, errorMsg: FAILURE_TEXT }),
    },
  });
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
