import type { SecretEvent } from '../events/events.ts';
import type { Limits } from '../limits.ts';
import type { SecretType } from './types.ts';

/** Names one secret: `name` is unique inside the project. */
export interface SecretRef {
  readonly projectId: string;
  readonly name: string;
}

/** Names one secret by its id, as tags and grants do. */
export interface SecretIdRef {
  readonly projectId: string;
  readonly secretId: string;
}

/** @see CSMS API, object Secret, field state. No public call sets DISABLED or FROZEN. */
export type SecretState = 'ENABLED' | 'DISABLED' | 'PENDING_DELETE' | 'FROZEN';

/** How a value was given: as text, or as Base64 of bytes. */
export type ValueKind = 'string' | 'binary';

/** A secret's metadata. Times are epoch milliseconds, UTC. */
export interface Secret {
  /** UUID, lower-case, with dashes. */
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly state: SecretState;
  /** The state that cancelling the deletion restores; set only while the state is PENDING_DELETE. */
  readonly stateBeforeDeletion: SecretState | undefined;
  readonly kmsKeyId: string;
  readonly description: string;
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
  /** Set only while the state is PENDING_DELETE. */
  readonly scheduledDeleteTimeMs: number | undefined;
  readonly secretType: SecretType;
  readonly autoRotation: boolean;
  readonly rotationPeriod: string | undefined;
  readonly rotationConfig: string | undefined;
  readonly rotationFuncUrn: string | undefined;
  readonly rotationTimeMs: number | undefined;
  readonly nextRotationTimeMs: number | undefined;
  readonly eventSubscriptions: readonly string[];
  readonly enterpriseProjectId: string;
  /** Highest version number ever given; never goes down, so numbers are never used twice. */
  readonly lastVersionNumber: number;
  /** Rises by one with every change of the aggregate. */
  readonly revision: number;
}

/** A version's metadata; its sealed value is stored apart. */
export interface Version {
  /** 1, 2, 3 … in order of creation; `v1` on the wire. */
  readonly number: number;
  /** Random 32 hex digits, bound into the sealed value. */
  readonly uid: string;
  readonly kind: ValueKind;
  /** The key that this version was sealed under. */
  readonly kmsKeyId: string;
  readonly createTimeMs: number;
  readonly expireTimeMs: number | undefined;
  /** Whether the present expiry has been notified; setting the time resets it. */
  readonly expiryNotified: boolean;
  /** 0 to 19, unique in the secret, so that one version too many cannot be stored. */
  readonly slot: number;
}

/** A label that marks exactly one version. */
export interface Stage {
  readonly name: string;
  readonly versionNumber: number;
  readonly updateTimeMs: number;
  /** 0 is SYSCURRENT's, 1 SYSPREVIOUS's, the rest are free for others. */
  readonly slot: number;
}

/** A label of a secret; its key is unique in the secret. @see API page CreateSecretTag */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** One secret with all its versions (ascending), stages and tags (by key): exactly what one decision must see. */
export interface SecretAggregate {
  readonly secret: Secret;
  readonly versions: readonly Version[];
  readonly stages: readonly Stage[];
  readonly tags: readonly Tag[];
}

/** What the rules for a secret see. */
export interface SecretScope {
  readonly current: SecretAggregate | undefined;
  /** Secrets that the project holds, for the quota. */
  readonly secretsInProject: number;
  /** The events in `subscribedNames` that exist. */
  readonly events: readonly SecretEvent[];
}

/** An encrypted value: the wrapped data key and the body, both in the envelope's own format. */
export interface SealedValue {
  readonly wrappedKey: Uint8Array;
  readonly body: Uint8Array;
}

/** A value sealed before the transaction, and the facts that were bound into it. */
export interface NewVersion {
  readonly uid: string;
  readonly kind: ValueKind;
  readonly kmsKeyId: string;
  readonly sealed: SealedValue;
  readonly expireTimeMs: number | undefined;
}

/** A version together with the names of its stages. */
export interface StagedVersion {
  readonly version: Version;
  readonly stages: readonly string[];
}

/** What a change of a secret returns: its subject as it is afterwards. */
export interface SecretResult {
  readonly secret?: Secret;
  readonly version?: StagedVersion;
  readonly stage?: Stage;
  /** Whether a purge found the secret due. */
  readonly removed?: boolean;
  /** Whether an expiry was due and is notified now. */
  readonly notified?: boolean;
  /** True when rows that fail their check were removed unread, without a notification. */
  readonly wasDamaged?: boolean;
  /** Of the notifications that the change leads to; absent: none. */
  readonly notificationIds?: readonly string[];
}

/** Fields of a secret that its creator chooses, already checked for shape. */
export interface SecretDraft {
  readonly description: string;
  readonly secretType: SecretType;
  readonly autoRotation: boolean;
  readonly rotationPeriod: string | undefined;
  readonly rotationConfig: string | undefined;
  readonly rotationFuncUrn: string | undefined;
  readonly eventSubscriptions: readonly string[];
  readonly enterpriseProjectId: string;
}

/** Fields that an update may change; an absent one stays as it is. */
export interface SecretUpdate {
  readonly kmsKeyId?: string;
  readonly description?: string;
  readonly autoRotation?: boolean;
  readonly rotationPeriod?: string;
  readonly rotationFuncUrn?: string;
  readonly eventSubscriptions?: readonly string[];
}

interface SecretCommandBase {
  readonly aggregate: 'secret';
  readonly ref: SecretRef;
  /** The time of the request, epoch milliseconds. */
  readonly nowMs: number;
}

/** Every change of a secret, as plain data: it crosses a thread, and a failing history can be replayed. */
export type SecretCommand = SecretCommandBase &
  (
    | {
        readonly kind: 'create-secret';
        readonly id: string;
        readonly draft: SecretDraft;
        readonly version: NewVersion;
        readonly limits: Limits;
      }
    | {
        readonly kind: 'restore-secret';
        readonly backup: SecretAggregate;
        /** The values of the backup's versions, in their order, sealed anew under one key. */
        readonly versions: readonly NewVersion[];
        /** Higher than any that this id has had: notifications are named by id and revision. */
        readonly firstRevision: number;
        readonly limits: Limits;
      }
    | { readonly kind: 'update-secret'; readonly update: SecretUpdate }
    | {
        readonly kind: 'delete-secret';
        /** Absent: the secret that has the name, whatever its id. */
        readonly id?: string;
      }
    | { readonly kind: 'schedule-deletion'; readonly recoveryWindowDays: number }
    | { readonly kind: 'cancel-deletion' }
    | { readonly kind: 'purge-secret'; readonly id: string }
    | {
        readonly kind: 'add-version';
        readonly id: string;
        readonly version: NewVersion;
        /** Absent: SYSCURRENT. */
        readonly stages: readonly string[] | undefined;
        readonly limits: Limits;
        readonly versionCap: 'prune' | 'reject';
      }
    | { readonly kind: 'set-version-expiry'; readonly versionNumber: number; readonly expireTimeMs: number }
    | { readonly kind: 'notify-expiry'; readonly id: string; readonly versionNumber: number }
    | {
        readonly kind: 'put-stage';
        readonly name: string;
        readonly versionNumber: number;
        readonly limits: Limits;
      }
    | { readonly kind: 'remove-stage'; readonly name: string }
    | {
        readonly kind: 'put-tags';
        readonly id: string;
        /** Keys are distinct. */
        readonly tags: readonly Tag[];
        readonly limits: Limits;
      }
    | {
        readonly kind: 'remove-tags';
        readonly id: string;
        readonly keys: readonly string[];
        /** What to do about an absent key. */
        readonly absent: 'refuse' | 'ignore';
      }
  );

/** One command by its kind. */
export type SecretCommandOf<K extends SecretCommand['kind']> = Extract<SecretCommand, { kind: K }>;
