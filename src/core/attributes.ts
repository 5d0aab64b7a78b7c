import type { Key, KeyAlias } from './kms/keys.ts';
import type { SecretAggregate, Tag } from './secrets/secrets.ts';
import type { SecretType } from './secrets/types.ts';

/** What a policy may consider of a resource besides the last part of its URN. */
export interface PolicyAttributes {
  readonly enterpriseProjectId: string;
  /** Absent in a list that is read without them. */
  readonly tags?: readonly Tag[] | undefined;
  /** Of a secret. */
  readonly secretType?: SecretType;
  /** Of a key, without `alias/`. */
  readonly aliases?: readonly string[];
}

/** What is known of a resource that was found. */
export interface Attributes extends PolicyAttributes {
  readonly id: string;
  /** The last part of its URN: the name of a secret, the id of a key. */
  readonly path: string;
}

/** The attributes of a key that a request would make. */
export function newKeyAttributes(id: string): Attributes {
  return { id, path: id, enterpriseProjectId: '0', tags: [], aliases: [] };
}

/** A secret as a permit sees it. */
export interface SecretWithTags
  extends Pick<SecretAggregate, 'secret'>,
    Partial<Pick<SecretAggregate, 'tags'>> {}

/** The attributes of a secret. */
export function secretAttributes({ secret, tags }: SecretWithTags): Attributes {
  const { enterpriseProjectId, id, name, secretType } = secret;
  return { id, path: name, enterpriseProjectId, tags, secretType };
}

/** The attributes of a key. */
export function keyAttributes({ aliases, enterpriseProjectId, id, tags }: Key): Attributes {
  return { id, path: id, enterpriseProjectId, tags, aliases: aliases.map(bareAlias) };
}

function bareAlias({ alias }: Pick<KeyAlias, 'alias'>): string {
  return alias.replace(/^alias\//, '');
}
