import { invalidParameter, SecretError } from '../errors.ts';
import type { SecretEvent } from '../events/events.ts';
import { notificationsOf } from '../events/notifications.ts';
import { stageMoves } from '../facts.ts';
import type { Limits } from '../limits.ts';
import { SYSCURRENT } from '../names.ts';
import { nextRotationTime, parseRotationPeriod, requireRotationFits } from '../rotation/rotation.ts';
import { keepSecret, type SecretDecision } from './decision.ts';
import {
  cancelDeletion,
  deleteSecret,
  purgeSecret,
  replaceSecret,
  requireChangeable,
  scheduleDeletion,
} from './lifecycle.ts';
import type {
  Secret,
  SecretAggregate,
  SecretCommand,
  SecretCommandOf,
  SecretScope,
  SecretUpdate,
} from './secrets.ts';
import { placeVersionStages, putStage, removeStage, restoreStages } from './stages.ts';
import { putTags, removeTags } from './tags.ts';
import { addVersion, newVersion, notifyExpiry, restoreVersions, setVersionExpiry } from './versions.ts';

/**
 * Decides one command about one secret. Runs inside the write transaction.
 * Throws secret-not-found for every command but create-secret and restore-secret, and what each rule throws.
 */
export function decideSecret(scope: SecretScope, command: SecretCommand): SecretDecision {
  const { current, events } = scope;
  return withNotifications(decideChange(scope, command), { current, events, nowMs: command.nowMs });
}

/** The decision with the notifications that its facts lead to. `events`: those that the secret is subscribed to. */
export function withNotifications(
  decision: SecretDecision,
  scope: {
    readonly current: SecretAggregate | undefined;
    readonly events: readonly SecretEvent[];
    readonly nowMs: number;
  },
): SecretDecision {
  const { facts, next } = decision;
  const { current, events, nowMs } = scope;
  const secret = next?.secret ?? successor(current?.secret);
  if (events.length === 0 || secret === undefined) return decision;
  const notifications = notificationsOf({ secret, events, facts, nowMs });
  if (notifications.length === 0) return decision;
  const notificationIds = notifications.map(({ id }) => id);
  return { ...decision, notifications, result: { ...decision.result, notificationIds } };
}

/** The names of the events that the rules for this command see: those subscribed to before and after. */
export function subscribedNames(
  current: SecretAggregate | undefined,
  command: SecretCommand,
): readonly string[] {
  const present = current?.secret.eventSubscriptions ?? [];
  const chosen = chosenNames(command);
  return chosen.length === 0 ? present : [...new Set([...present, ...chosen])];
}

/** The names of the events that the command subscribes to. */
export function chosenNames(command: SecretCommand): readonly string[] {
  if (command.kind === 'create-secret') return command.draft.eventSubscriptions;
  if (command.kind === 'restore-secret') return command.backup.secret.eventSubscriptions;
  return command.kind === 'update-secret' ? (command.update.eventSubscriptions ?? []) : [];
}

/** A removed secret, under the revision that its removal would have had. */
function successor(secret: Secret | undefined): Secret | undefined {
  return secret && { ...secret, revision: secret.revision + 1 };
}

function decideChange(scope: SecretScope, command: SecretCommand): SecretDecision {
  if (command.kind === 'create-secret') return createSecret(scope, command);
  if (command.kind === 'restore-secret') return restoreSecret(scope, command);
  const { current } = scope;
  if (current === undefined) throw new SecretError('secret-not-found');
  switch (command.kind) {
    case 'update-secret':
      return updateSecret(current, command, scope.events);
    case 'delete-secret':
      return deleteSecret(current, command);
    case 'schedule-deletion':
      return scheduleDeletion(current, command);
    case 'cancel-deletion':
      return cancelDeletion(current, command);
    case 'purge-secret':
      return purgeSecret(current, command);
    case 'add-version':
      return addVersion(current, command);
    case 'set-version-expiry':
      return setVersionExpiry(current, command);
    case 'notify-expiry':
      return notifyExpiry(current, command, scope.events);
    case 'put-stage':
      return putStage(current, command);
    case 'remove-stage':
      return removeStage(current, command);
    case 'put-tags':
      return putTags(current, command);
    case 'remove-tags':
      return removeTags(current, command);
    default:
      throw new Error(`unknown command ${(command satisfies never as SecretCommand).kind}`);
  }
}

/**
 * Creates a secret with version v1, which carries SYSCURRENT. A name stays taken while its secret waits for deletion.
 * Throws secret-exists, secret-limit, invalid-parameter. @see API page CreateSecret
 */
function createSecret(scope: SecretScope, command: SecretCommandOf<'create-secret'>): SecretDecision {
  const { draft, limits, nowMs, ref, version } = command;
  requireRoom(scope, limits);
  requireRotationFits(draft);
  requireEvents(draft.eventSubscriptions, scope.events);
  const first = newVersion(version, { number: 1, createTimeMs: nowMs, slot: 0 });
  const secret: Secret = {
    ...draft,
    id: command.id,
    projectId: ref.projectId,
    name: ref.name,
    state: 'ENABLED',
    stateBeforeDeletion: undefined,
    kmsKeyId: version.kmsKeyId,
    createTimeMs: nowMs,
    updateTimeMs: nowMs,
    scheduledDeleteTimeMs: undefined,
    rotationTimeMs: undefined,
    nextRotationTimeMs: nextRotationTime(draft, nowMs),
    lastVersionNumber: 1,
    revision: 1,
  };
  const stages = placeVersionStages([], { names: [SYSCURRENT], versionNumber: 1, nowMs }, limits);
  return {
    next: { secret, versions: [first], stages, tags: [] },
    added: [{ versionNumber: 1, sealed: version.sealed }],
    facts: [{ kind: 'version-added', version: first, origin: 'caller' }, ...stageMoves([], stages)],
    result: { secret },
  };
}

/**
 * Restores a secret from its backup: id, version numbers, stages and times are kept, the values are sealed anew.
 * Automatic rotation that is overdue counts from now.
 * Throws secret-exists, secret-limit, version-limit, stage-limit, invalid-parameter.
 * @see API operation UploadSecretBlob; docs/behaviour/blobs.md
 */
function restoreSecret(scope: SecretScope, command: SecretCommandOf<'restore-secret'>): SecretDecision {
  const { backup, limits, nowMs } = command;
  requireRoom(scope, limits);
  const restored = restoreVersions(command);
  const { secret } = backup;
  requireEvents(secret.eventSubscriptions, scope.events);
  const { nextRotationTimeMs } = secret;
  const isOverdue = nextRotationTimeMs !== undefined && nextRotationTimeMs <= nowMs;
  const next: SecretAggregate = {
    ...backup,
    secret: {
      ...secret,
      ...command.ref,
      kmsKeyId: restored.kmsKeyId,
      nextRotationTimeMs: isOverdue ? nextRotationTime(secret, nowMs) : nextRotationTimeMs,
      revision: command.firstRevision,
    },
    versions: restored.versions,
    stages: restoreStages(backup.stages, limits),
  };
  const facts = [
    ...next.versions.map((version) => ({ kind: 'version-added', version, origin: 'backup' }) as const),
    ...stageMoves([], next.stages),
  ];
  return { next, added: restored.added, facts, result: { secret: next.secret } };
}

const UPDATABLE = [
  'kmsKeyId',
  'description',
  'autoRotation',
  'rotationPeriod',
  'rotationFuncUrn',
  'eventSubscriptions',
] as const satisfies readonly (keyof SecretUpdate)[];

function requireRoom(scope: SecretScope, limits: Limits): void {
  if (scope.current !== undefined) throw new SecretError('secret-exists');
  if (scope.secretsInProject >= limits.secrets) {
    throw new SecretError('secret-limit', `A project has at most ${limits.secrets} secrets.`);
  }
}

/**
 * Changes metadata; an absent field stays as it is, and a new key is used by later versions only.
 * Throws secret-pending-deletion, secret-not-enabled (frozen), invalid-parameter. @see API page UpdateSecret
 */
function updateSecret(
  current: SecretAggregate,
  command: SecretCommandOf<'update-secret'>,
  events: readonly SecretEvent[],
): SecretDecision {
  requireChangeable(current);
  const { update, nowMs } = command;
  if (Object.keys(update).length === 0) return keepSecret(current);
  const changed: Secret = { ...current.secret, ...update, updateTimeMs: nowMs };
  requireRotationFits(changed);
  requireEvents(update.eventSubscriptions ?? [], events);
  const nextRotationTimeMs = rescheduled(current.secret, changed, nowMs);
  // A list always counts as changed: arrays are compared by identity.
  const fields = UPDATABLE.filter((name) => changed[name] !== current.secret[name]);
  return replaceSecret(current, { ...changed, nextRotationTimeMs }, [{ kind: 'secret-changed', fields }]);
}

/** Counts from the last rotation, or from when rotation was switched on; a repeated update postpones nothing. */
function rescheduled(before: Secret, after: Secret, nowMs: number): number | undefined {
  if (before.autoRotation && after.autoRotation && periodMs(before) === periodMs(after)) {
    return before.nextRotationTimeMs;
  }
  return nextRotationTime(after, before.rotationTimeMs ?? nowMs);
}

function periodMs({ rotationPeriod }: Secret): number | undefined {
  return rotationPeriod === undefined ? undefined : parseRotationPeriod(rotationPeriod);
}

function requireEvents(names: readonly string[], events: readonly SecretEvent[]): void {
  const isKnown = (name: string) => events.some((event) => event.name === name);
  if (names.every(isKnown)) return;
  throw invalidParameter('event_subscriptions', 'names an event that does not exist');
}
