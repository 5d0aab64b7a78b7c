import type { Policy } from '../../auth/identities/identities.ts';
import type { EventDraft } from '../../core/events/events.ts';
import type { KeyDraft, KeyTag } from '../../core/kms/keys.ts';
import type { SecretDraft, SecretState, Tag } from '../../core/secrets/secrets.ts';
import type { SecretValue } from '../../core/secrets/values.ts';
import type { YamlNode } from '../../yaml/yaml-node.ts';

/** What a seed says of one thing, with the places of what it says, for complaints. */
export interface Written {
  readonly node: YamlNode;
  readonly fields: ReadonlyMap<string, YamlNode>;
}

/** A time of a seed. */
export interface SeedTime {
  /** Epoch milliseconds. */
  readonly ms: number;
  /** Counted from when the thing is made: not compared once it is there. */
  readonly isRelative: boolean;
}

/** A key of a seed. */
export interface SeedKey extends Written {
  readonly alias: string;
  readonly id: string;
  readonly isDefault: boolean;
  readonly draft: KeyDraft;
  /** In the order of the seed. */
  readonly tags: readonly KeyTag[];
  /** Beside its own, in byte order. */
  readonly otherAliases: readonly string[];
  readonly rotationDays: number | undefined;
  readonly isEnabled: boolean;
  readonly createTime: SeedTime;
  readonly scheduledDeleteTime: SeedTime | undefined;
}

/** An event of a seed. */
export interface SeedEvent extends Written {
  readonly name: string;
  readonly id: string;
  readonly draft: EventDraft;
  readonly createTime: SeedTime;
  /** Absent: when it was created. */
  readonly updateTime: SeedTime | undefined;
}

/** A version of a secret of a seed. */
export interface SeedVersion extends Written {
  readonly number: number;
  readonly value: SecretValue;
  /** Id or alias; absent: the key of the secret. */
  readonly keyName: string | undefined;
  /** Every stage that it has, built-in ones included. */
  readonly stages: readonly string[];
  readonly createTime: SeedTime;
  readonly expireTime: SeedTime | undefined;
}

/** A secret of a seed. */
export interface SeedSecret extends Written {
  readonly name: string;
  readonly id: string;
  readonly draft: SecretDraft;
  /** Id or alias; absent: the default key. */
  readonly keyName: string | undefined;
  /** Apart from a scheduled deletion. */
  readonly state: Exclude<SecretState, 'PENDING_DELETE'>;
  /** By key, in byte order. */
  readonly tags: readonly Tag[];
  /** At least one, by number. */
  readonly versions: readonly SeedVersion[];
  readonly createTime: SeedTime;
  /** Absent: when the newest of it was created. */
  readonly updateTime: SeedTime | undefined;
  readonly scheduledDeleteTime: SeedTime | undefined;
}

/** A user of a seed; what is absent is generated. */
export interface SeedUser extends Written {
  readonly id: string;
  readonly name: string;
  readonly ak: string | undefined;
  readonly sk: string | undefined;
  readonly password: string | undefined;
  readonly policies: readonly string[];
}

/** What a seed file says, checked as far as it can be by itself. */
export interface Seed {
  /** What the world's clock is set to, epoch milliseconds; absent: it is left as it is. */
  readonly clockMs: number | undefined;
  readonly users: readonly SeedUser[];
  readonly policies: readonly Policy[];
  /** Where the hooks stand. */
  readonly hooks: YamlNode | undefined;
  readonly keys: readonly SeedKey[];
  readonly events: readonly SeedEvent[];
  readonly secrets: readonly SeedSecret[];
}
