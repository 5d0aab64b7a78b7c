import type { Actor } from '../../core/actor.ts';
import type { ClockRecord } from '../../core/clock.ts';
import type { Command, ResultOf } from '../../core/commands.ts';
import type { EventRef, SecretEvent } from '../../core/events/events.ts';
import type { Notification } from '../../core/events/notifications.ts';
import type { SigningKey } from '../../core/events/signing-key.ts';
import type { Grant, Grantee } from '../../core/identity/grants.ts';
import type { Key, KeyRef } from '../../core/kms/keys.ts';
import type { CheckerConfig } from '../../core/secrets/checker.ts';
import type {
  SealedValue,
  Secret,
  SecretAggregate,
  SecretIdRef,
  SecretRef,
  StagedVersion,
  Tag,
} from '../../core/secrets/secrets.ts';
import type { TagCondition } from '../../core/secrets/tags.ts';
import type { StorageStatus } from '../health/storage-status.ts';
import type { RevocationStore } from './revocations.ts';
import type { Awaitable, DueKind, DueSecret, TaskStore } from './tasks.ts';

/** A version with everything needed to open its value. */
export interface StoredValue extends StagedVersion, FoundSecret {
  /** The key that the version was sealed under; absent when it has been destroyed. */
  readonly key: Key | undefined;
  readonly sealed: SealedValue;
}

/** Names one version. */
export interface VersionRef {
  readonly ref: SecretRef;
  readonly number: number;
}

/** A secret with everything needed to open all its values, as they were at one moment. */
export interface SecretWithValues {
  readonly aggregate: SecretAggregate;
  /** In the order of the aggregate's versions. */
  readonly values: readonly StoredValue[];
}

/** Called when changes, of whichever caller, have been confirmed, or when the status has changed. */
export type OnNews = (news: 'changes' | 'status') => void;

/** Which keys a background round has to check. */
export interface DueKeyQuery {
  readonly due: 'deletion' | 'rotation';
  readonly nowMs: number;
  readonly limit: number;
}

/** A project that has secrets, and how many. */
export interface ProjectCount {
  readonly projectId: string;
  readonly secrets: number;
}

/** A page of secrets, ordered by name in byte order. */
export interface SecretQuery {
  readonly projectId: string;
  readonly limit: number;
  /** Exclusive; need not exist any more. */
  readonly afterName?: string;
  /** Only secrets subscribed to this event. */
  readonly eventName?: string;
  /** Only secrets with a rotation configuration. */
  readonly rotatedOnly?: boolean;
  /** Called with the name of each secret on the page that fails its check and is therefore left out. */
  onDamaged?(name: string): void;
}

/** Grants of one grantee on secrets of a project, or on one of them. */
export interface GranteeQuery {
  readonly projectId: string;
  readonly grantee: Grantee;
  /** Absent: all. */
  readonly secret?: { readonly name: string } | { readonly id: string } | undefined;
}

/** What a secret must have to be found; every condition must hold. */
export interface SecretSearch {
  readonly projectId: string;
  readonly tags: readonly TagCondition[];
  /** Each is a part of the name, case-sensitive. */
  readonly nameParts: readonly string[];
  /** 0: only the total is wanted. */
  readonly limit: number;
  readonly offset: number;
}

/** A secret as a search shows it. */
export type FoundSecret = Pick<SecretAggregate, 'secret' | 'tags'>;

/**
 * A long read that is continued step by step, each of a few milliseconds. Each step sees the state of its own moment, and
 * may find nothing. It can be abandoned at any step.
 */
export interface Walk<T, R = undefined> {
  next(): Awaitable<IteratorResult<readonly T[], R>>;
}

/** A page of events, ordered by name in byte order. */
export interface EventQuery {
  readonly projectId: string;
  readonly limit: number;
  /** Exclusive; need not exist any more. The empty string comes before all names. */
  readonly afterName: string;
}

/** Where a list of expired versions continues; both figures 0: at its start. */
export interface ExpiryCursor {
  readonly expireTimeMs: number;
  /** The engine's own. */
  readonly row: number;
}

/** A page of the expired versions of a project. */
export interface ExpiredQuery {
  readonly projectId: string;
  readonly nowMs: number;
  readonly after: ExpiryCursor;
  readonly limit: number;
}

/** A version whose expiry has come and was not notified. */
export interface ExpiredVersion {
  readonly ref: SecretRef;
  readonly id: string;
  readonly versionNumber: number;
  /** The events that the secret is subscribed to. */
  readonly eventNames: readonly string[];
  readonly cursor: ExpiryCursor;
}

/** How much there is, over all projects. */
export interface StoreCounts {
  /** Those with a scheduled deletion included. */
  readonly secrets: number;
  /** Notifications that wait for an attempt, at most PENDING_COUNT_MAX. */
  readonly notificationsPending: number;
}

/** A notification that is to be delivered. */
export interface DueNotification {
  readonly id: string;
  readonly projectId: string;
}

/**
 * The only way to stored state. `change` carries out one command in one durable transaction and resolves after COMMIT;
 * everything else is a read model that sees every confirmed change. Rows are authenticated as they are read: a changed
 * one throws damaged, and is left out of a list, which is logged.
 */
export interface Store extends TaskStore, RevocationStore {
  /**
   * For `app/change.ts`. Throws what the rules throw; unavailable (queue full), storage-full, outcome-unknown.
   */
  change<C extends Command>(command: C, actor: Actor): Promise<ResultOf<C>>;
  /** Metadata alone. */
  findSecret(ref: SecretRef): Awaitable<Secret | undefined>;
  /**
   * For sealing a value, whose command checks again: the secret, or an enabled one that it was last known as. What has
   * turned out to be `outdated` is not returned again.
   */
  findForSealing(ref: SecretRef, outdated: Secret | undefined): Awaitable<Secret | undefined>;
  /** With versions, stages and tags, without values. */
  findVersions(ref: SecretRef): Awaitable<SecretAggregate | undefined>;
  /** As `findVersions`, by id. */
  findSecretById(projectId: string, secretId: string): Awaitable<SecretAggregate | undefined>;
  listSecrets(query: SecretQuery): Awaitable<Secret[]>;
  /** `latest` is the holder of SYSCURRENT. Absent secret or version: undefined; `findSecret` says which. */
  findValue(ref: SecretRef, version: number | 'latest'): Awaitable<StoredValue | undefined>;
  /** Everything about a secret at one moment, for a backup. */
  findContents(ref: SecretRef): Awaitable<SecretWithValues | undefined>;
  /** Every distinct tag of a project's secrets, by key and value. */
  listTags(projectId: string): Walk<Tag>;
  /** A page of a search, ordered by name in byte order; it returns how many there are on all pages. */
  searchSecrets(query: SecretSearch): Walk<FoundSecret, number>;
  /** Every grant on a secret, oldest first, expired ones included; empty when there is no such secret. */
  listGrants(ref: SecretIdRef): Awaitable<Grant[]>;
  /** Expired ones included. */
  listGrantsOf(query: GranteeQuery): Awaitable<Grant[]>;
  findKey(ref: KeyRef): Awaitable<Key | undefined>;
  /** By any of its aliases, with or without `alias/` in front. */
  findKeyByAlias(projectId: string, alias: string): Awaitable<Key | undefined>;
  /** All keys of a project, the oldest first; their number is bounded by the quota. */
  listKeys(projectId: string): Awaitable<Key[]>;
  /** Keys whose deletion is due, or enabled ones whose rotation is; the projects take turns. */
  listDueKeys(query: DueKeyQuery): Awaitable<KeyRef[]>;
  /** Absent: the project has never made a choice. */
  findChecker(projectId: string): Awaitable<CheckerConfig | undefined>;
  /** What earlier runs of the server recorded about the clock. */
  findClock(): Awaitable<ClockRecord | undefined>;
  findEvent(ref: EventRef): Awaitable<SecretEvent | undefined>;
  listEvents(query: EventQuery): Awaitable<SecretEvent[]>;
  /**
   * Notifications whose next attempt is due, or more than `waitMsMax` away (the clock was set back): those of a project
   * by time; the projects take turns.
   */
  listDueNotifications(
    nowMs: number,
    page: { readonly limit: number; readonly waitMsMax: number },
  ): Awaitable<DueNotification[]>;
  findNotification(id: string): Awaitable<Notification | undefined>;
  /** Ids of records created before then. */
  listOldNotifications(beforeMs: number, limit: number): Awaitable<string[]>;
  /** The key that signs notifications; absent until it is first needed. */
  findSigningKey(): Awaitable<SigningKey | undefined>;
  /** Final ones, newest first, at most 1,000. */
  listNotifications(projectId: string): Awaitable<Notification[]>;
  /**
   * The first moment after `afterMs` at which something of that kind is due; undefined: never. 0, with very many
   * projects: there may be one, so read the list.
   */
  findNextDue(kind: DueKind, afterMs: number): Awaitable<number | undefined>;
  /** Projects with versions whose expiry, past or future, was not notified; by id. */
  listExpiringProjects(afterProjectId: string, limit: number): Awaitable<string[]>;
  /** Versions of a project that expired up to `nowMs`, by time. */
  listExpiredVersions(query: ExpiredQuery): Awaitable<ExpiredVersion[]>;
  /** Secrets whose scheduled deletion is due at `nowMs`, at most `limit`; the projects take turns. */
  listDueSecrets(nowMs: number, limit: number): Awaitable<DueSecret[]>;
  /**
   * The versions in the `count` newest rows, and as many others, chosen at random. A version may have the rows of the one
   * that made room for it.
   */
  sampleVersions(count: number): Awaitable<VersionRef[]>;
  /** Over all projects; cheap. */
  countAll(): Awaitable<StoreCounts>;
  /** How many secrets each project has; projects without one are left out. */
  countByProject(): Awaitable<ProjectCount[]>;
  /** Each listener is called from then on. */
  onNews(listener: OnNews): void;
  /** What the store knows about its files, and whether changes are refused. Cheap. */
  storageStatus(): StorageStatus;
  close(): Promise<void>;
}
