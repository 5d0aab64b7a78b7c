import type { Store } from '../../src/app/ports.ts';
import type { SecretAggregate } from '../../src/core/secret.ts';
import { type Memory, pathOf } from './memory-engine.ts';

/** What is asked of events and notifications in memory. */
export function readEvents({ events, notifications, secrets, ...memory }: Memory) {
  const inProject = (projectId: string) =>
    [...events.values()].filter((event) => event.projectId === projectId);
  const all = () => [...notifications.values()];
  const isExpiring = ({ versions }: SecretAggregate) =>
    versions.some(({ expireTimeMs, expiryNotified }) => expireTimeMs !== undefined && !expiryNotified);
  return {
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
    findSigningKey: () => memory.signingKey,
  } satisfies Partial<Store>;
}
