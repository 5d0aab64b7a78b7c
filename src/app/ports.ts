import type { Command, ResultOf } from '../core/commands.ts';
import type { EventRef, SecretEvent } from '../core/event.ts';
import type { Key, KeyRef } from '../core/key.ts';
import type { Limits } from '../core/limits.ts';
import type { Notification } from '../core/notification.ts';
import type {
  SealedValue,
  Secret,
  SecretAggregate,
  SecretRef,
  StagedVersion,
  ValueKind,
} from '../core/secret.ts';
import type { SigningKey } from '../core/signing-key.ts';
import type { TaskStore } from './task-store.ts';

/** A value, or the promise of one: an embedded engine answers at once, a remote one does not. */
export type Awaitable<T> = T | Promise<T>;

/** Who is calling, after authentication. */
export interface Caller {
  readonly domainId: string;
  readonly userId: string;
  readonly userName: string;
  /** Projects that the credentials reach. */
  readonly projectIds: ReadonlySet<string>;
  readonly method: 'signature' | 'token';
  /** Access key id of a signed request; for logs. */
  readonly accessKeyId: string | undefined;
}

/** A version with everything needed to open its value. */
export interface StoredValue extends StagedVersion {
  readonly secret: Secret;
  /** The key that the version was sealed under; absent when it has been destroyed. */
  readonly key: Key | undefined;
  readonly sealed: SealedValue;
}

/** A secret whose scheduled deletion has come. */
export interface DueSecret {
  readonly ref: SecretRef;
  readonly id: string;
}

/** A page of secrets, ordered by name in byte order. */
export interface SecretQuery {
  readonly projectId: string;
  readonly limit: number;
  /** Exclusive; need not exist any more. */
  readonly afterName?: string;
  /** Only secrets subscribed to this event. */
  readonly eventName?: string;
}

/** A page of events, ordered by name in byte order. */
export interface EventQuery {
  readonly projectId: string;
  readonly limit: number;
  /** Exclusive; need not exist any more. The empty string comes before all names. */
  readonly afterName: string;
}

/** Where a list of expired versions goes on; both figures 0: at its start. */
export interface ExpiryPlace {
  readonly expireTimeMs: number;
  /** The engine's own. */
  readonly row: number;
}

/** A version whose expiry has come and was not told. */
export interface ExpiredVersion {
  readonly ref: SecretRef;
  readonly id: string;
  readonly versionNumber: number;
  /** What the secret is subscribed to. */
  readonly eventNames: readonly string[];
  readonly place: ExpiryPlace;
}

/** What background work on notifications looks for. */
export interface NotificationStore {
  /** Ids of notifications whose next attempt has come, or lies more than `waitMsMax` away (the clock was set back). */
  listDueNotifications(
    nowMs: number,
    page: { readonly limit: number; readonly waitMsMax: number },
  ): Awaitable<string[]>;
  findNotification(id: string): Awaitable<Notification | undefined>;
  /** Ids of records made before then. */
  listOldNotifications(beforeMs: number, limit: number): Awaitable<string[]>;
  /** Versions of all projects that expired up to `nowMs`, by time. */
  listExpiredVersions(nowMs: number, after: ExpiryPlace, limit: number): Awaitable<ExpiredVersion[]>;
  /** The key that signs notifications; absent until it was needed. */
  findSigningKey(): Awaitable<SigningKey | undefined>;
}

/**
 * The only way to stored state. `change` carries out one command in one durable transaction and resolves after
 * COMMIT; everything else is a read model that sees every change whose answer has been given. Rows are
 * authenticated as they are read: a changed one throws damaged.
 */
export interface Store extends NotificationStore, TaskStore {
  /** Throws what the rules throw; unavailable (queue full), storage-full, outcome-unknown. */
  change<C extends Command>(command: C): Promise<ResultOf<C>>;
  /** Metadata alone. */
  findSecret(ref: SecretRef): Awaitable<Secret | undefined>;
  /**
   * What was last known of a secret, without looking: for callers whose command checks it again. Undefined: look.
   */
  recallSecret(ref: SecretRef): Secret | undefined;
  /** With versions and stages, without values. */
  findVersions(ref: SecretRef): Awaitable<SecretAggregate | undefined>;
  listSecrets(query: SecretQuery): Awaitable<Secret[]>;
  /** `latest` is the holder of SYSCURRENT. Absent secret or version: undefined, told apart by `findSecret`. */
  findValue(ref: SecretRef, version: number | 'latest'): Awaitable<StoredValue | undefined>;
  findKey(ref: KeyRef): Awaitable<Key | undefined>;
  findKeyByAlias(projectId: string, alias: string): Awaitable<Key | undefined>;
  findEvent(ref: EventRef): Awaitable<SecretEvent | undefined>;
  listEvents(query: EventQuery): Awaitable<SecretEvent[]>;
  /** Final ones, newest first, at most 1,000. */
  listNotifications(projectId: string): Awaitable<Notification[]>;
  /** Secrets whose scheduled deletion is due at `nowMs`, at most `limit`. */
  listDueSecrets(nowMs: number, limit: number): Awaitable<DueSecret[]>;
  /** False while changes are refused (disk full, writer gone). */
  isWritable(): boolean;
  close(): Promise<void>;
}

/** Immutable facts that a sealed value is bound to: moved anywhere else, it does not open. */
export interface ValueBinding {
  readonly projectId: string;
  readonly secretId: string;
  readonly secretName: string;
  readonly versionUid: string;
  readonly kind: ValueKind;
}

/** Seals and opens values under KMS keys. Synchronous: no remote call is ever on the way of a request. */
export interface Keyring {
  /** New random material for a key version, wrapped under the key-encryption key. */
  createKeyMaterial(ref: KeyRef, versionNumber: number): Uint8Array;
  /** Seals under the key's newest version, with a fresh data key. */
  seal(key: Key, binding: ValueBinding, value: Uint8Array): SealedValue;
  /** The caller owns the result and zeroes it after use. Any changed byte throws damaged, always with one message. */
  open(key: Key, binding: ValueBinding, sealed: SealedValue): Buffer;
}

/** Wall clock. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
}

/** Identifiers that must not repeat. */
export interface Ids {
  /** Lower-case UUID with dashes. */
  uuid(): string;
  /** 32 random hex digits. */
  uid(): string;
}

/** Chance that need not be unpredictable: spreads retries. */
export interface Random {
  /** From 0 up to but without 1. */
  fraction(): number;
}

/** Makes and uses the key that signs notifications; the private key is never outside of it in clear. */
export interface SigningKeys {
  /** A new RSA key with its self-signed certificate. Takes about a tenth of a second, off the event loop. */
  create(nowMs: number): Promise<SigningKey>;
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-8 text, Base64. Throws damaged. */
  sign(key: SigningKey, text: string): string;
  /** 32 hex digits that stand for one text: the same every time. */
  digest(text: string): string;
}

/** What an operator is told while the server runs; never values, keys or tokens. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Choices of the operator that use cases depend on. */
export interface Policy {
  readonly limits: Limits;
  /** What happens at one version too many. */
  readonly versionCap: 'prune' | 'reject';
  /** `create`: a key id that nobody has made comes into being on first use (dev). */
  readonly unknownKey: 'create' | 'refuse';
}

/** Everything that a use case works with. Chosen once for each request; nothing keeps it in a global. */
export interface Deps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly policy: Policy;
  readonly log: Log;
}

/** A request as it came over the wire: what a signature covers. */
export interface RawRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** Finds out who is calling. */
export interface Authenticator {
  /** Throws unauthenticated, credentials-unsupported, token-expired. Synchronous: nothing leaves the process. */
  authenticate(request: RawRequest): Caller;
}

/** A body in the identity service's own wire form. */
export type IdentityBody = object;

/** The slice of the identity service that clients need. */
export interface IdentityService {
  /** Checks a password. `address` is the peer's. Throws login-invalid, login-refused, throttled. */
  createTokenFor(input: {
    readonly body: unknown;
    readonly address: string;
    readonly noCatalog: boolean;
  }): Promise<{ readonly token: string; readonly body: IdentityBody }>;
  /** What a token says. Throws unauthenticated, token-expired. */
  showToken(input: { readonly token: string; readonly noCatalog: boolean }): IdentityBody;
  /** The caller itself, unless `name` is another's. */
  listUsers(caller: Caller, query?: { readonly name?: string | undefined }): IdentityBody;
  /** The caller's projects. */
  listProjects(caller: Caller, query?: { readonly name?: string | undefined }): IdentityBody;
  /** The caller's own domain. */
  listDomains(caller: Caller): IdentityBody;
}
