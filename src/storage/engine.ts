import type { Awaitable } from '../app/ports/deps.ts';
import type { EventRef } from '../core/events/events.ts';
import type { Notification, NotificationDecision } from '../core/events/notifications.ts';
import type { DamagedGrant, Grant } from '../core/identity/grants.ts';
import type { Key, KeyDecision, KeyRef } from '../core/kms/keys.ts';
import type { Task, TaskDecision } from '../core/rotation/tasks.ts';
import type { SecretDecision } from '../core/secrets/decision.ts';
import type { Secret, SecretAggregate, SecretIdRef, SecretRef } from '../core/secrets/secrets.ts';
import type { Table } from './columns/fields.ts';

/** A secret as an engine loads it, with what the engine needs to save it again. */
export interface Loaded {
  readonly aggregate: SecretAggregate;
}

/** Rows of one table that are authenticated alone, by the values of its key. */
export interface Wholes<T> {
  /** Throws damaged. */
  find(...key: readonly string[]): Awaitable<T | undefined>;
  /** Writes the difference between what was loaded and what is to be stored; absent: nothing. */
  save(current: T | undefined, next: T | undefined): Awaitable<void>;
  /** Replaces an existing row. */
  put(next: T): Awaitable<void>;
  /** Removes the row, unread. */
  remove(...key: readonly string[]): Awaitable<void>;
}

/** Saves what the rules decided about one thing. `current`: the thing as it was loaded. */
type Save<T, D> = (current: T | undefined, decision: D) => Awaitable<void>;

/**
 * What a database does inside one write transaction, without any rule: rows are authenticated when they are loaded
 * (throws damaged), and what was decided is written. Each result may come at once or later.
 */
export interface Engine<L extends Loaded> {
  readonly secrets: {
    load(ref: SecretRef): Awaitable<L | undefined>;
    loadById(projectId: string, secretId: string): Awaitable<L | undefined>;
    /** Its own row alone. */
    loadSecret(ref: SecretRef): Awaitable<Secret | undefined>;
    /** Never too low up to `limit`, whatever a counter says. */
    countInProject(projectId: string, limit: number): Awaitable<number>;
    /** With the notifications that it leads to. */
    save(loaded: L | undefined, decision: SecretDecision): Awaitable<void>;
    /** Removes the secret and all that belongs to it, unread. Throws secret-not-found. */
    removeDamaged(ref: SecretRef): Awaitable<void>;
  };
  readonly events: {
    countInProject(projectId: string): Awaitable<number>;
    countSubscribers(ref: EventRef): Awaitable<number>;
  };
  readonly tasks: {
    findLatest(secretId: string): Awaitable<Task | undefined>;
    /** Keeps the number of a project's tasks bounded. */
    save: Save<Task, TaskDecision>;
    /** Removes the damaged ones that block the secret's next one. */
    clearDamaged(secretId: string): Awaitable<void>;
  };
  readonly grants: {
    /** Those that pass their check; `tell` is called for the others. */
    listIntact(ref: SecretIdRef, tell: (grant: DamagedGrant) => void): Awaitable<readonly Grant[]>;
    save(loaded: L, before: readonly Grant[], after: readonly Grant[]): Awaitable<void>;
    /** Removes the rows of the secret's grants that have this id, unread. */
    remove(ref: SecretIdRef, id: string): Awaitable<void>;
  };
  readonly keys: {
    find(ref: KeyRef): Awaitable<Key | undefined>;
    findByAlias(projectId: string, alias: string): Awaitable<Key | undefined>;
    countInProject(projectId: string): Awaitable<number>;
    save: Save<Key, KeyDecision>;
  };
  /** Keeps the number of a project's notifications bounded. */
  readonly notifications: { readonly save: Save<Notification, NotificationDecision> };
  readonly revocations: { countOfUser(userId: string): Awaitable<number> };
  /** Removes, unread, all that the commands of all projects have stored, tasks and notifications included. */
  clear(): Awaitable<void>;
  /** For kinds that need only their table. */
  rows<T>(table: Table<T>): Wholes<T>;
  /** Called for damaged rows that were skipped or replaced. */
  onDamage(address: string): void;
}
