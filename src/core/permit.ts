import type { Actor } from './actor.ts';
import type { Command } from './commands.ts';
import type { Key } from './kms/keys.ts';
import type { SecretAggregate, Tag } from './secrets/secrets.ts';
import type { SecretType } from './secrets/types.ts';

/** What a policy may look at in a resource beside its name. */
export interface Attributes {
  readonly enterpriseProjectId: string;
  readonly tags: readonly Tag[];
  /** Of a secret. */
  readonly secretType?: SecretType;
  /** Of a key, without `alias/`. */
  readonly aliases?: readonly string[];
}

/**
 * Throws when the actor may not carry out the command; asked in the transaction, before the rules decide. Absent
 * attributes: the resource does not exist, or is damaged.
 */
export type Permit = (actor: Actor, command: Command, attributes: Attributes | undefined) => void;

/** The attributes of a secret. */
export function secretAttributes({ secret, tags }: Pick<SecretAggregate, 'secret' | 'tags'>): Attributes {
  const { enterpriseProjectId, secretType } = secret;
  return { enterpriseProjectId, tags, secretType };
}

/** The attributes of a key. */
export function keyAttributes({ aliases, enterpriseProjectId, tags }: Key): Attributes {
  return { enterpriseProjectId, tags, aliases: aliases.map(({ alias }) => alias) };
}
