import { invalidParameter, SecretError } from '../errors.ts';
import { TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX } from '../limits.ts';
import { keepSecret, revised, type SecretDecision } from './decision.ts';
import { requireChangeable } from './lifecycle.ts';
import type { SecretAggregate, SecretCommandOf, Tag } from './secrets.ts';

/** The vendor's own expressions, with the flag that they are meant for. @see API page CreateSecretTag */
const KEY = /^((?!\s)(?!_sys_)[\p{L}\p{Z}\p{N}_.:=+\-@]*)(?<!\s)$/u;
const VALUE = /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u;

/** Throws invalid-parameter unless this can be a tag's key. */
export function requireTagKey(key: string, parameter: string): string {
  if (key !== '' && KEY.test(key) && [...key].length <= TAG_KEY_CHARACTERS_MAX) return key;
  throw invalidParameter(
    parameter,
    `must be 1 to ${TAG_KEY_CHARACTERS_MAX} letters, digits, inner blanks or any of _.:=+-@, and not begin with _sys_`,
  );
}

/** Throws invalid-parameter unless this can be a tag's value; it may be empty. */
export function requireTagValue(value: string, parameter: string): string {
  if (VALUE.test(value) && [...value].length <= TAG_VALUE_CHARACTERS_MAX) return value;
  throw invalidParameter(
    parameter,
    `must be at most ${TAG_VALUE_CHARACTERS_MAX} letters, digits, blanks or any of _.:/=+-@`,
  );
}

/** Throws invalid-parameter when a text occurs twice. */
export function requireDistinct(texts: readonly string[], parameter: string): void {
  if (new Set(texts).size !== texts.length) throw invalidParameter(parameter, 'must not be repeated');
}

/**
 * Adds tags, and gives existing ones their new values: all of them, or none.
 * Throws resource-not-found (another secret has taken the name), secret-pending-deletion, secret-not-enabled (frozen),
 * tag-limit. @see API pages CreateSecretTag, BatchCreateOrDeleteTags
 */
export function putTags(current: SecretAggregate, command: SecretCommandOf<'put-tags'>): SecretDecision {
  requireSame(current, command.id);
  requireChangeable(current);
  const tags = new Map(current.tags.map((tag) => [tag.key, tag]));
  const changed = command.tags.filter(({ key, value }) => tags.get(key)?.value !== value);
  for (const tag of changed) tags.set(tag.key, tag);
  // After the limit was lowered, existing tags stay and can change their values.
  if (tags.size > Math.max(command.limits.tags, current.tags.length)) {
    throw new SecretError('tag-limit', `A secret has at most ${command.limits.tags} tags.`);
  }
  return changed.length === 0
    ? keepSecret(current)
    : replaceTags(current, [...tags.values()].sort(byKey), changed);
}

/**
 * Removes tags: all of them, or none. Throws resource-not-found (also for an absent key, if that is to be refused),
 * secret-pending-deletion, secret-not-enabled (frozen).
 * @see API pages DeleteSecretTag, BatchCreateOrDeleteTags
 */
export function removeTags(
  current: SecretAggregate,
  command: SecretCommandOf<'remove-tags'>,
): SecretDecision {
  requireSame(current, command.id);
  requireChangeable(current);
  const keys = new Set(command.keys);
  const kept = current.tags.filter((tag) => !keys.has(tag.key));
  const removed = current.tags.filter((tag) => keys.has(tag.key));
  if (command.absent === 'refuse' && removed.length < keys.size) throw new SecretError('resource-not-found');
  return removed.length === 0 ? keepSecret(current) : replaceTags(current, kept, removed);
}

/** A condition of a search: a tag of that key with one of the values; without values, with any. */
export interface TagCondition {
  readonly key: string;
  readonly values: readonly string[];
}

/** True when a secret's tags meet every condition. */
export function fitsTags(tags: readonly Tag[], conditions: readonly TagCondition[]): boolean {
  return conditions.every(({ key, values }) =>
    tags.some((tag) => tag.key === key && (values.length === 0 || values.includes(tag.value))),
  );
}

function requireSame({ secret }: SecretAggregate, id: string): void {
  if (secret.id !== id) throw new SecretError('resource-not-found');
}

function replaceTags(
  current: SecretAggregate,
  tags: readonly Tag[],
  changed: readonly Tag[],
): SecretDecision {
  return revised({ ...current, tags }, [{ kind: 'tags-changed', keys: changed.map(({ key }) => key) }]);
}

/** By the bytes of the keys, as every engine sorts; UTF-16 has another order. */
function byKey(one: Tag, other: Tag): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}
