import { SecretError } from './errors.ts';
import type { SecretEvent } from './events/events.ts';
import type { Key, KeyRef } from './kms/keys.ts';
import type { Limits } from './limits.ts';
import type { AddedValue } from './secrets/decision.ts';
import type { SecretAggregate } from './secrets/secrets.ts';

/** A whole secret, with the sealed values of its versions. */
export interface WholeSecret {
  readonly aggregate: SecretAggregate;
  readonly added: readonly AddedValue[];
}

/**
 * Puts whole keys, events and secrets of a project, in place of what has their names: all or none, and nobody is notified.
 * It makes a server's contents what someone has written down; no caller of the API can ask for it.
 */
export interface ContentsCommand {
  readonly aggregate: 'contents';
  readonly kind: 'put-contents';
  readonly ref: { readonly projectId: string };
  /** Whether everything else goes, of every project. */
  readonly isReset: boolean;
  /** A key that is there keeps its material. */
  readonly keys: readonly Key[];
  /** Keys that go. */
  readonly leavingKeyIds: readonly string[];
  readonly events: readonly SecretEvent[];
  readonly secrets: readonly WholeSecret[];
  readonly limits: Limits;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** What the rules for contents see; nothing, where all of it goes. */
export interface ContentsScope {
  /** Those of the command's keys that are there. */
  readonly keys: readonly Key[];
  /** The ids of the keys that the command's secrets are sealed under, and that are there. */
  readonly usedKeyIds: readonly string[];
  /** The names of the events that the command's secrets subscribe to, and that are there. */
  readonly eventNames: readonly string[];
  readonly events: Room;
  readonly secrets: Room;
}

/** How many of a kind a project has, and how many of these the command replaces. */
export interface Room {
  readonly present: number;
  readonly replaced: number;
}

/** The keys as they are stored; the rest of the command is stored as it is. */
export interface ContentsDecision {
  readonly keys: readonly Key[];
  readonly result: { readonly keys: readonly KeyRef[] };
}

/**
 * Decides what is put. Throws seal-outdated (what the values were sealed under, or an event that they need, is another one
 * by now, or gone), secret-limit, event-limit.
 */
export function decideContents(scope: ContentsScope, command: ContentsCommand): ContentsDecision {
  const { events, limits, secrets } = command;
  const keys = command.keys.map((key) => withPresentMaterial(key, scope.keys));
  const keyIds = new Set([...scope.usedKeyIds, ...keys.map(({ id }) => id)]);
  const names = new Set([...scope.eventNames, ...events.map(({ name }) => name)]);
  for (const { aggregate } of secrets) {
    const isWhole =
      aggregate.versions.every(({ kmsKeyId }) => keyIds.has(kmsKeyId)) &&
      aggregate.secret.eventSubscriptions.every((name) => names.has(name));
    if (!isWhole) throw new SecretError('seal-outdated');
  }
  if (!hasRoom(scope.secrets, secrets.length, limits.secrets))
    throw new SecretError('secret-limit', `A project has at most ${limits.secrets} secrets.`);
  if (!hasRoom(scope.events, events.length, limits.events))
    throw new SecretError('event-limit', `A project has at most ${limits.events} events.`);
  return { keys, result: { keys: keys.map(({ id, projectId }) => ({ id, projectId })) } };
}

/** After the limit was lowered, what is there stays and can be replaced. */
function hasRoom({ present, replaced }: Room, put: number, limit: number): boolean {
  return put === replaced || present - replaced + put <= limit;
}

/** The key with the material that is stored, which other values are sealed under; its own must be the same. */
function withPresentMaterial(key: Key, present: readonly Key[]): Key {
  const stored = present.find(({ id }) => id === key.id);
  if (stored === undefined) return key;
  const isSame = key.versions.every(({ wrapped }, index) => {
    const other = stored.versions[index]?.wrapped;
    return other !== undefined && Buffer.compare(wrapped, other) === 0;
  });
  if (!isSame) throw new SecretError('seal-outdated');
  return { ...key, versions: stored.versions, revision: stored.revision + 1 };
}
