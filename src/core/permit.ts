import type { Actor } from './actor.ts';
import type { Command } from './commands.ts';
import type { Key } from './key.ts';
import type { SecretAggregate, Tag } from './secret.ts';
import type { SecretType } from './secret-types.ts';

/** What a policy may ask of a resource beside its name. */
export interface Attributes {
  readonly enterpriseProjectId: string;
  readonly tags: readonly Tag[];
  /** Of a secret. */
  readonly secretType?: SecretType;
  /** Of a key, without `alias/`. */
  readonly aliases?: readonly string[];
}

/**
 * Says whether an actor may carry out a command on the state that it changes, in the transaction, before the rules look at
 * it. Absent attributes: the resource is not there, or nothing of it can be believed. Throws when it may not.
 */
export type Permit = (actor: Actor, command: Command, attributes: Attributes | undefined) => void;

/** The attributes of a secret. Pure. */
export function secretAttributes({ secret, tags }: Pick<SecretAggregate, 'secret' | 'tags'>): Attributes {
  const { enterpriseProjectId, secretType } = secret;
  return { enterpriseProjectId, tags, secretType };
}

/** The attributes of a key. Pure. */
export function keyAttributes({ aliases, enterpriseProjectId, tags }: Key): Attributes {
  return { enterpriseProjectId, tags, aliases: aliases.map(({ alias }) => alias) };
}
