import { SecretError } from '../errors.ts';
import { KEY_TAGS_MAX } from '../limits.ts';
import { requireDistinct } from '../secrets/tags.ts';
import {
  type Key,
  type KeyCommandOf,
  type KeyDecision,
  keepKey,
  replaceKey,
  requireChangeableKey,
} from './keys.ts';

/** What neither part of a tag may hold: ASCII 0 to 31, `*`, `<`, `>`, `\`, `=`. @see KMS API, object TagItem */
const TAG_TEXT = '[^\\u0000-\\u001f*<>\\\\=]';
/** 1 to 36 characters. @see KMS API, object TagItem, key */
export const KEY_TAG_KEY_PATTERN = `^${TAG_TEXT}{1,36}$`;
/** 0 to 43 characters. @see KMS API, object TagItem, value */
export const KEY_TAG_VALUE_PATTERN = `^${TAG_TEXT}{0,43}$`;

/**
 * Sets tags, all of them or none; an existing tag gets the new value.
 * Throws key-default, key-pending-deletion, key-tag-limit, invalid-parameter (tags). @see KMS API, BatchCreateKmsTags
 */
export function putTags(current: Key, command: KeyCommandOf<'put-tags'>): KeyDecision {
  requireChangeableKey(current);
  requireDistinct(
    command.tags.map(({ key }) => key),
    'tags',
  );
  const wanted = new Map(command.tags.map((tag) => [tag.key, tag]));
  const kept = current.tags.map((tag) => {
    const given = wanted.get(tag.key) ?? tag;
    return given.value === tag.value ? tag : given;
  });
  const present = new Set(current.tags.map(({ key }) => key));
  const added = command.tags.filter(({ key }) => !present.has(key));
  if (kept.length + added.length > KEY_TAGS_MAX) {
    throw new SecretError('key-tag-limit', `A key has at most ${KEY_TAGS_MAX} tags.`);
  }
  return replaceKey(current, { tags: [...kept, ...added] });
}

/** Removes one tag. Throws key-default, key-pending-deletion, key-tag-not-found. @see KMS API, DeleteTag */
export function removeTag(current: Key, { tagKey }: KeyCommandOf<'remove-tag'>): KeyDecision {
  requireChangeableKey(current);
  const tags = current.tags.filter(({ key }) => key !== tagKey);
  if (tags.length === current.tags.length) throw new SecretError('key-tag-not-found');
  return replaceKey(current, { tags });
}

/**
 * Removes tags by their keys; absent ones are skipped.
 * Throws key-default, key-pending-deletion, invalid-parameter (tags). @see KMS API, BatchCreateKmsTags
 */
export function removeTags(current: Key, { tagKeys }: KeyCommandOf<'remove-tags'>): KeyDecision {
  requireChangeableKey(current);
  requireDistinct(tagKeys, 'tags');
  const tags = current.tags.filter(({ key }) => !tagKeys.includes(key));
  return tags.length === current.tags.length ? keepKey(current) : replaceKey(current, { tags });
}

/** One condition on a key's tags: one of the values, or any value where none is given. */
export interface KeyTagCondition {
  readonly key: string;
  readonly values: readonly string[];
}

/** True when the key has every wanted tag and its own alias contains every text. */
export function matchesKey(
  key: Key,
  wanted: { readonly tags: readonly KeyTagCondition[]; readonly names: readonly string[] },
): boolean {
  const byKey = new Map(key.tags.map((tag) => [tag.key, tag.value]));
  const hasTags = wanted.tags.every(({ key: name, values }) => {
    const value = byKey.get(name);
    return value !== undefined && (values.length === 0 || values.includes(value));
  });
  return hasTags && wanted.names.every((text) => key.alias.includes(text));
}
