import type { Store } from '../../src/app/ports.ts';
import type { ResultOf } from '../../src/core/commands.ts';
import { decideEvent, type EventCommand, type SecretEvent } from '../../src/core/event.ts';
import {
  decideNotification,
  type Notification,
  type NotificationCommand,
} from '../../src/core/notification.ts';
import type { SecretAggregate } from '../../src/core/secret.ts';
import { decideSigningKey, type SigningKey, type SigningKeyCommand } from '../../src/core/signing-key.ts';

type OwnCommand = EventCommand | NotificationCommand | SigningKeyCommand;

/** The part of the store in memory that holds events and notifications, over the secrets of the same store. */
export interface MemoryEvents {
  readonly events: Map<string, SecretEvent>;
  readonly notifications: Map<string, Notification>;
  change(command: OwnCommand): ResultOf<OwnCommand>;
  readonly reads: Pick<
    Store,
    | 'findEvent'
    | 'listEvents'
    | 'listNotifications'
    | 'findNotification'
    | 'listDueNotifications'
    | 'listOldNotifications'
    | 'listExpiredVersions'
    | 'listExpiringProjects'
    | 'findSigningKey'
  >;
}

export function memoryEvents(secrets: ReadonlyMap<string, SecretAggregate>): MemoryEvents {
  const events = new Map<string, SecretEvent>();
  const notifications = new Map<string, Notification>();
  let signingKey: SigningKey | undefined;
  const pathOf = ({ projectId, name }: { projectId: string; name: string }) => `${projectId}/${name}`;
  const inProject = (projectId: string) =>
    [...events.values()].filter((event) => event.projectId === projectId);

  function changeEvent(command: EventCommand) {
    const path = pathOf(command.ref);
    const subscribers = [...secrets.values()].filter(
      ({ secret }) =>
        secret.projectId === command.ref.projectId && secret.eventSubscriptions.includes(command.ref.name),
    ).length;
    const eventsInProject = inProject(command.ref.projectId).length;
    const { next, result } = decideEvent(
      { current: events.get(path), eventsInProject, subscribers },
      command,
    );
    if (next === undefined) events.delete(path);
    else events.set(path, next);
    return result;
  }

  function changeNotification(command: NotificationCommand) {
    const { id } = command.ref;
    const { next, result } = decideNotification({ current: notifications.get(id) }, command);
    if (next === undefined) notifications.delete(id);
    else notifications.set(id, next);
    return result;
  }

  const all = () => [...notifications.values()];
  const isExpiring = ({ versions }: SecretAggregate) =>
    versions.some(({ expireTimeMs, expiryNotified }) => expireTimeMs !== undefined && !expiryNotified);
  return {
    events,
    notifications,
    change(command) {
      if (command.aggregate === 'event') return changeEvent(command);
      if (command.aggregate === 'notification') return changeNotification(command);
      signingKey = decideSigningKey({ current: signingKey }, command).next;
      return signingKey;
    },
    reads: {
      findEvent: (ref) => events.get(pathOf(ref)),
      listEvents: ({ projectId, limit, afterName }) =>
        inProject(projectId)
          .filter(({ name }) => name > afterName)
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .slice(0, limit),
      findNotification: (id) => notifications.get(id),
      listNotifications: (projectId) =>
        all()
          .filter((one) => one.projectId === projectId && one.status !== 'PENDING')
          .reverse(),
      listDueNotifications: (nowMs, { limit, waitMsMax }) =>
        all()
          .filter(({ nextAttemptMs: at }) => at !== undefined && (at <= nowMs || at > nowMs + waitMsMax))
          .slice(0, limit)
          .map(({ id, projectId }) => ({ id, projectId })),
      listOldNotifications: (beforeMs, limit) =>
        all()
          .filter(({ status, createTimeMs }) => status !== 'PENDING' && createTimeMs < beforeMs)
          .slice(0, limit)
          .map(({ id }) => id),
      listExpiringProjects: (afterProjectId, limit) =>
        [...new Set([...secrets.values()].filter(isExpiring).map(({ secret }) => secret.projectId))]
          .filter((projectId) => projectId > afterProjectId)
          .sort()
          .slice(0, limit),
      listExpiredVersions: ({ projectId, nowMs, after, limit }) =>
        [...secrets.values()]
          .filter(({ secret }) => secret.projectId === projectId)
          .flatMap(({ secret, versions }, index) =>
            versions.map((version) => ({ secret, version, row: index * 100 + version.number })),
          )
          .filter(({ version: { expireTimeMs, expiryNotified }, row }) => {
            if (expireTimeMs === undefined || expiryNotified || expireTimeMs > nowMs) return false;
            return (
              expireTimeMs > after.expireTimeMs || (expireTimeMs === after.expireTimeMs && row > after.row)
            );
          })
          .sort((a, b) => a.version.expireTimeMs! - b.version.expireTimeMs! || a.row - b.row)
          .slice(0, limit)
          .map(({ secret, version, row }) => ({
            ref: { projectId: secret.projectId, name: secret.name },
            id: secret.id,
            versionNumber: version.number,
            eventNames: secret.eventSubscriptions,
            place: { expireTimeMs: version.expireTimeMs!, row },
          })),
      findSigningKey: () => signingKey,
    },
  };
}
