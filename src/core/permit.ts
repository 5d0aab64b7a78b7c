import type { Actor } from './actor.ts';
import type { Command } from './commands.ts';
import type { SecretError } from './errors.ts';
import type { Key } from './kms/keys.ts';
import type { SecretAggregate, Tag } from './secrets/secrets.ts';
import type { SecretType } from './secrets/types.ts';

/** What a policy may consider of a resource besides its name. */
export interface Attributes {
  readonly enterpriseProjectId: string;
  /** Absent in a list that is read without them. */
  readonly tags?: readonly Tag[] | undefined;
  /** Of a secret. */
  readonly secretType?: SecretType;
  /** Of a key, without `alias/`. */
  readonly aliases?: readonly string[];
}

/** Looking up one secret, one of its versions, or one key. */
export interface LookUp {
  readonly aggregate: 'secret' | 'key';
  readonly kind: 'look-up';
  /** As the caller names it and, once found, what it is. */
  readonly ref: {
    readonly projectId: string;
    readonly name?: string | undefined;
    readonly id?: string | undefined;
    readonly alias?: string | undefined;
  };
  /** The wanted version; its number once found. */
  readonly version?: number | 'latest' | undefined;
}

/**
 * Returns why an actor may not have what it wants; undefined: it may. Called for a command in the transaction, before the
 * rules decide; for a look-up with what was found, before it is returned; and without either once the actor and its
 * operation are known. Absent attributes: the resource does not exist, or is damaged.
 */
export type Permit = (
  actor: Actor,
  wanted: Command | LookUp | undefined,
  attributes: Attributes | undefined,
) => SecretError | undefined;

/** A secret as a permit sees it. */
export interface SecretWithTags
  extends Pick<SecretAggregate, 'secret'>,
    Partial<Pick<SecretAggregate, 'tags'>> {}

/** The attributes of a secret. */
export function secretAttributes({ secret, tags }: SecretWithTags): Attributes {
  const { enterpriseProjectId, secretType } = secret;
  return { enterpriseProjectId, tags, secretType };
}

/** The attributes of a key. */
export function keyAttributes({ aliases, enterpriseProjectId, tags }: Key): Attributes {
  return { enterpriseProjectId, tags, aliases: aliases.map(({ alias }) => alias) };
}
