import type { Actor } from '../../core/actor.ts';
import type { Attributes, SecretWithTags } from '../../core/attributes.ts';
import type { SigningKey } from '../../core/events/signing-key.ts';
import type { Grantee } from '../../core/identity/grants.ts';
import type { Key, KeyRef } from '../../core/kms/keys.ts';
import type { Limits } from '../../core/limits.ts';
import type { LookUp } from '../../core/permit.ts';
import type { SealedValue, SecretAggregate, ValueKind } from '../../core/secrets/secrets.ts';
import type { Caller, ProvenCaller } from '../caller.ts';
import type { Turns } from '../turns.ts';
import type { Store } from './store.ts';

export type * from '../caller.ts';
export type * from './identity.ts';
export type * from './revocations.ts';
export type * from './store.ts';
export type * from './tasks.ts';

/** Immutable facts that a sealed value is bound to: moved anywhere else, it does not open. */
export interface ValueBinding {
  readonly projectId: string;
  readonly secretId: string;
  readonly secretName: string;
  readonly versionUid: string;
  readonly kind: ValueKind;
}

/** Seals and opens values under KMS keys. Synchronous: a request never waits for a remote call. */
export interface Keyring {
  /** New random material for a key version, wrapped under the key-encryption key. */
  createKeyMaterial(ref: KeyRef, versionNumber: number): Uint8Array;
  /** Seals under the key's newest version, with a fresh data key. */
  seal(key: Key, binding: ValueBinding, value: Uint8Array): SealedValue;
  /** The caller owns the result and zeroes it after use. Any changed byte throws damaged, always with one message. */
  open(key: Key, binding: ValueBinding, sealed: SealedValue): Buffer;
  /** Seals a secret's backup under the key's newest version; `header` is kept beside it and bound in. */
  sealBackup(key: Key, header: string, contents: Uint8Array): SealedValue;
  /** The caller owns the result and zeroes it after use. Any changed byte throws damaged. */
  openBackup(key: Key, header: string, sealed: SealedValue): Buffer;
  /** Drops every key that is cached under this one: to be called when it is no longer in use. */
  forget(ref: KeyRef): void;
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
  /** Unpredictable bytes; the caller owns them. */
  random(bytes: number): Buffer;
}

/** Wall clock. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Whether it stands until someone moves it; absent: it never does. */
  readonly isFrozen?: boolean;
}

/** Identifiers that must not repeat. */
export interface Ids {
  /** Lower-case UUID with dashes. */
  uuid(): string;
  /** 32 random hex digits. */
  uid(): string;
}

/** Randomness that need not be unpredictable: spreads retries. */
export interface Jitter {
  /** At least 0, less than 1. */
  fraction(): number;
}

/** Unpredictable randomness. */
export interface RandomSource {
  /** A whole number from 0 to `bound` - 1, each as likely as the other; 1 <= bound < 2^48. */
  below(bound: number): number;
}

/** Creates and uses the key that signs notifications; the private key never leaves it in plaintext. */
export interface SigningKeys {
  /** A new RSA key with its self-signed certificate. Takes about a tenth of a second, off the event loop. */
  create(nowMs: number): Promise<SigningKey>;
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-8 text, Base64. Throws damaged. */
  sign(key: SigningKey, text: string): string;
  /** 32 hex digits that identify a text: the same every time. */
  digest(text: string): string;
}

/** The operator's log; never values, keys or tokens. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Choices of the operator that use cases depend on. */
export interface Choices {
  readonly limits: Limits;
  /** What happens at one version too many. */
  readonly versionCap: 'prune' | 'reject';
  /** `create`: an unknown key id is created on first use (dev). */
  readonly unknownKey: 'create' | 'refuse';
  /** Region id, as in responses. */
  readonly region: string;
}

/** Who can be granted something: a view of the present identities. */
export interface Grantees {
  /** The name of a domain's user or group; undefined when the domain has none of this id. */
  nameOf(domainId: string, grantee: Grantee): string | undefined;
}

/** Takes one action that was allowed: names, and a URN or `*`. Never throws. */
export type Learn = (allowed: {
  readonly user: string;
  /** Absent outside projects. */
  readonly project: string | undefined;
  readonly action: string;
  readonly resource: string;
}) => void;

/** Which entries of a list the actor sees; the others neither show nor count. */
export interface Sees {
  secret(found: SecretWithTags): boolean;
  /** Whether a list would show a secret that a batch may not delete; absent: it would. */
  listed?(found: SecretWithTags): boolean;
  key(key: Key): boolean;
}

/** Everything that a use case works with. Chosen once for each request; never kept in a global. */
export interface Deps {
  /** Whom the work is done for. */
  readonly actor: Actor;
  /** What the actor sees in lists; absent: everything. */
  readonly sees?: Sees | undefined;
  /**
   * Asks whether the actor has what its operation needs of the key of a secret; absent: it has. Absent attributes: the key
   * does not exist. Throws action-forbidden.
   */
  readonly requireNeeds?: ((key: LookUp, attributes: Attributes | undefined) => void) | undefined;
  /** Notes what was allowed; absent: nobody wants to know. */
  readonly learn?: Learn | undefined;
  readonly store: Store;
  readonly keyring: Keyring;
  readonly cipher: DataCipher;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: RandomSource;
  readonly choices: Choices;
  readonly grantees: Grantees;
  readonly turns: Turns;
  /** A secret from the JSON of a backup, which an older program may have written. Throws damaged. */
  readonly completeBackup: (written: unknown) => SecretAggregate;
  readonly log: Log;
}

/** The part that is the same for all actors. */
export type SharedDeps = Omit<Deps, 'actor'>;

/** What a client has shown in its TLS handshake. */
export interface ClientCertificate {
  /** Why it counts for nothing; undefined: it is from an authority that the operator trusts. */
  readonly fault: string | undefined;
  /** `sha256:<hex>`, and `URI:…`, `DNS:…`, `email:…` for its alternative names. */
  readonly names: readonly string[];
  /** Its validity, epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A request as received: what a signature covers. */
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
  /** What the client has shown on this connection; absent: nothing. */
  readonly certificate?: ClientCertificate | undefined;
}

/** Whom a request claims to be from, by its headers alone. */
export interface Claim {
  readonly world: string;
  readonly userId: string;
  /** False while only a signature over the body can prove it. */
  readonly isProven: boolean;
}

/** Identifies the caller. */
export interface Authenticator {
  /**
   * Synchronous: no input or output, and about ten microseconds. Whether the path and X-Project-Id name one of the
   * caller's projects is left to the HTTP layer.
   * Throws unauthenticated, credentials-unsupported, token-expired; invalid-parameter for a literal `{project_id}`.
   */
  authenticate(request: RawRequest): ProvenCaller;
}

/** A user as others of its domain may see it. */
export interface UserView {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly isDisabled: boolean;
}

/** The users of the identities, as CSMS shows them. */
export interface Users {
  /** A page of the users of the caller's domain, in the order of the identities; `page` counts from 0. */
  list(
    caller: Caller,
    query: {
      /** Part of a name, in any case. */
      readonly search: string | undefined;
      /** Only users of this domain. */
      readonly domainId: string | undefined;
      readonly page: number;
      readonly limit: number;
    },
  ): { readonly total: number; readonly users: readonly UserView[] };
  /** A user of the caller's domain. Throws resource-not-found. */
  show(caller: Caller, userId: string): UserView;
  /**
   * Changes the caller's password, durably; its tokens become invalid. `address` is the peer's.
   * Throws invalid-parameter, throttled, password-fixed (its password cannot be changed here).
   */
  changePassword(
    caller: Caller,
    input: { readonly oldPassword: string; readonly newPassword: string; readonly address: string },
  ): Promise<void>;
}
