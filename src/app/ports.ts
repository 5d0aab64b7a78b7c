import type { Command, ResultOf } from '../core/commands.ts';
import type { Key, KeyRef } from '../core/key.ts';
import type { Limits } from '../core/limits.ts';
import type {
  SealedValue,
  Secret,
  SecretAggregate,
  SecretRef,
  StagedVersion,
  ValueKind,
} from '../core/secret.ts';

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

/** Which keys a background round has to look at. */
export interface DueKeyQuery {
  readonly due: 'deletion' | 'rotation';
  readonly nowMs: number;
  readonly limit: number;
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

/**
 * The only way to stored state. `change` carries out one command in one durable transaction and resolves after
 * COMMIT; everything else is a read model that sees every change whose answer has been given. Rows are
 * authenticated as they are read: a changed one throws damaged.
 */
export interface Store {
  /** Throws what the rules throw; unavailable (queue full), storage-full, outcome-unknown. */
  change<C extends Command>(command: C): Promise<ResultOf<C>>;
  /** Metadata alone. */
  findSecret(ref: SecretRef): Awaitable<Secret | undefined>;
  /** With versions and stages, without values. */
  findVersions(ref: SecretRef): Awaitable<SecretAggregate | undefined>;
  listSecrets(query: SecretQuery): Awaitable<Secret[]>;
  /** `latest` is the holder of SYSCURRENT. Absent secret or version: undefined, told apart by `findSecret`. */
  findValue(ref: SecretRef, version: number | 'latest'): Awaitable<StoredValue | undefined>;
  findKey(ref: KeyRef): Awaitable<Key | undefined>;
  /** By any of its aliases, with or without `alias/` in front. */
  findKeyByAlias(projectId: string, alias: string): Awaitable<Key | undefined>;
  /** All keys of a project, the oldest first; their number is bounded by the quota. */
  listKeys(projectId: string): Awaitable<Key[]>;
  /** Keys whose deletion is due, or enabled ones whose rotation is. */
  listDueKeys(query: DueKeyQuery): Awaitable<KeyRef[]>;
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

/** What a ciphertext of the key service holds: the caller's own data, or a data key. Neither opens as the other. */
export type CiphertextUse = 'data' | 'data-key';

/** Encrypts and decrypts what callers of the key service bring. The ciphertext names its key and key version. */
export interface DataCipher {
  /** Encrypts under the key's newest version; `aad` is bound, and is the empty text where none was given. */
  encrypt(
    key: Key,
    input: { readonly use: CiphertextUse; readonly plaintext: Uint8Array; readonly aad: string },
  ): Buffer;
  /** The caller owns the result and zeroes it after use. Any changed byte throws ciphertext-invalid. */
  decrypt(
    key: Key,
    input: { readonly use: CiphertextUse; readonly ciphertext: Uint8Array; readonly aad: string },
  ): Buffer;
  /** The id of the key that the ciphertext says it was made with. Throws ciphertext-invalid. */
  keyIdOf(use: CiphertextUse, ciphertext: Uint8Array): string;
  /** Bytes that nobody can foresee; the caller owns them. */
  random(bytes: number): Buffer;
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
  /** Region id, as answers show it. */
  readonly region: string;
}

/** Everything that a use case works with. Chosen once for each request; nothing keeps it in a global. */
export interface Deps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly cipher: DataCipher;
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
