import type { Awaitable } from '../app/ports/deps.ts';
import type { ClockDecision } from '../core/clock.ts';
import type { EventDecision, EventRef, SecretEvent } from '../core/events/events.ts';
import type { Notification, NotificationDecision } from '../core/events/notifications.ts';
import type { SigningKey, SigningKeyDecision } from '../core/events/signing-key.ts';
import type { DamagedGrant, Grant, GrantRef } from '../core/identity/grants.ts';
import type { Key, KeyDecision, KeyRef } from '../core/kms/keys.ts';
import type { Task, TaskDecision } from '../core/rotation/tasks.ts';
import type { CheckerConfig, CheckerDecision } from '../core/secrets/checker.ts';
import type { SecretDecision } from '../core/secrets/decision.ts';
import type { Secret, SecretAggregate, SecretRef } from '../core/secrets/secrets.ts';

/** A secret as an engine loads it, with whatever the engine needs to save it again. */
export interface Loaded {
  readonly aggregate: SecretAggregate;
}

/** Saves what the rules decided about one thing. `current`: the thing as it was loaded. */
type Save<T, D> = (current: T | undefined, decision: D) => Awaitable<void>;

/**
 * What a database does inside one write transaction, and no rule: rows are authenticated when they are loaded (throws
 * damaged), and what was decided is written. Each may answer at once or later.
 */
export interface Engine<L extends Loaded> {
  readonly secrets: {
    load(ref: SecretRef): Awaitable<L | undefined>;
    loadById(projectId: string, secretId: string): Awaitable<L | undefined>;
    /** Its own row alone. */
    loadSecret(ref: SecretRef): Awaitable<Secret | undefined>;
    /** Never too few up to `limit`, whatever a counter says. */
    countInProject(projectId: string, limit: number): Awaitable<number>;
    /** With the notifications that it leads to. */
    save(loaded: L | undefined, decision: SecretDecision): Awaitable<void>;
    /** Removes what hangs on the name, unread. Throws secret-not-found. */
    removeDamaged(ref: SecretRef): Awaitable<void>;
  };
  readonly events: {
    find(ref: EventRef): Awaitable<SecretEvent | undefined>;
    countInProject(projectId: string): Awaitable<number>;
    countSubscribers(ref: EventRef): Awaitable<number>;
    save: Save<SecretEvent, EventDecision>;
    /** Removes the row, unread. */
    remove(ref: EventRef): Awaitable<void>;
  };
  readonly tasks: {
    find(id: string): Awaitable<Task | undefined>;
    findLatest(secretId: string): Awaitable<Task | undefined>;
    save: Save<Task, TaskDecision>;
    /** Removes the damaged ones that are in the way of the secret's next one. */
    clearDamaged(secretId: string): Awaitable<void>;
  };
  readonly grants: {
    /** Those that pass their check, and the others told of. */
    listSound(ref: GrantRef, tell: (grant: DamagedGrant) => void): Awaitable<readonly Grant[]>;
    save(loaded: L, before: readonly Grant[], after: readonly Grant[]): Awaitable<void>;
    /** Removes the rows of the secret's grants that have this id, unread. */
    remove(ref: GrantRef, id: string): Awaitable<void>;
  };
  readonly keys: {
    find(ref: KeyRef): Awaitable<Key | undefined>;
    findByAlias(projectId: string, alias: string): Awaitable<Key | undefined>;
    countInProject(projectId: string): Awaitable<number>;
    save: Save<Key, KeyDecision>;
  };
  readonly notifications: {
    find(id: string): Awaitable<Notification | undefined>;
    save: Save<Notification, NotificationDecision>;
  };
  readonly checkers: {
    find(projectId: string): Awaitable<CheckerConfig | undefined>;
    save: Save<CheckerConfig, CheckerDecision>;
  };
  readonly signingKey: {
    find(): Awaitable<SigningKey | undefined>;
    save: Save<SigningKey, SigningKeyDecision>;
  };
  readonly clock: { save(decision: ClockDecision): Awaitable<void> };
  /** Is told of damaged rows that were passed over or replaced. */
  onDamage(place: string): void;
}
