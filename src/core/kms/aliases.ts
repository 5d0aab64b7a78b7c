import { invalidParameter, SecretError } from '../errors.ts';
import { KEY_ALIASES_MAX } from '../limits.ts';
import {
  type Key,
  type KeyCommandOf,
  type KeyDecision,
  type KeyScope,
  keepKey,
  replaceKey,
  requireChangeableKey,
} from './keys.ts';

/** Letters, digits, `:`, `/`, `_`, `-`. @see KMS API, CreateKey, key_alias */
export const KEY_ALIAS_PATTERN = '^[a-zA-Z0-9:/_-]{1,255}$';

/** What may precede an alias that names a key. @see KMS API, DecryptDatakey, key_id */
const ALIAS_PREFIX = 'alias/';
/** Aliases with this ending belong to keys that services create for themselves. @see KMS API, CreateKey, key_alias */
const DEFAULT_SUFFIX = '/default';

/** The two spellings of one alias: without and with `alias/` in front. They cannot belong to different keys. */
export function aliasSpellings(alias: string): readonly [bare: string, prefixed: string] {
  const bare = alias.startsWith(ALIAS_PREFIX) ? alias.slice(ALIAS_PREFIX.length) : alias;
  return [bare, `${ALIAS_PREFIX}${bare}`];
}

/**
 * Throws invalid-parameter for an alias that only a default key may have, or that is nothing but the prefix. The shape
 * has been checked before.
 */
export function requireOwnAlias(alias: string, parameter: 'key_alias' | 'alias'): void {
  const [bare] = aliasSpellings(alias);
  if (bare === '') throw invalidParameter(parameter, 'must have a name behind "alias/"');
  if (alias.endsWith(DEFAULT_SUFFIX)) {
    throw invalidParameter(parameter, 'must not end in "/default": such keys are made by services');
  }
}

/** Throws key-alias-exists when another key, or this one, has the wanted alias. */
export function requireFreeAlias(scope: Pick<KeyScope, 'aliasHolder'>): void {
  if (scope.aliasHolder !== undefined) throw new SecretError('key-alias-exists');
}

type PresentScope = KeyScope & { readonly current: Key };

/**
 * Replaces the key's own alias.
 * Throws key-default, key-pending-deletion, key-alias-exists, invalid-parameter. @see KMS API, UpdateKeyAlias
 */
export function renameKey(scope: PresentScope, command: KeyCommandOf<'rename-key'>): KeyDecision {
  const { current } = scope;
  const { alias, nowMs } = command;
  requireChangeableKey(current);
  requireOwnAlias(alias, 'key_alias');
  if (alias === current.alias) return keepKey(current);
  // With and without the prefix it is the same alias, so a key may change from one spelling to the other.
  const isRespelt = aliasSpellings(alias)[0] === aliasSpellings(current.alias)[0];
  if (!isRespelt) requireFreeAlias(scope);
  const others = current.aliases.filter((other) => other.alias !== current.alias);
  const own = current.aliases.find((other) => other.alias === current.alias);
  const renamed = { alias, createTimeMs: own?.createTimeMs ?? nowMs, updateTimeMs: nowMs };
  return replaceKey(current, { alias, aliases: inOrder([...others, renamed]) });
}

/**
 * Adds an alias beside the key's own.
 * Throws key-default, key-pending-deletion, key-alias-exists, key-alias-limit, invalid-parameter. @see KMS API,
 * CreateAlias
 */
export function addAlias(scope: PresentScope, command: KeyCommandOf<'add-alias'>): KeyDecision {
  const { current } = scope;
  const { alias, nowMs } = command;
  requireChangeableKey(current);
  requireOwnAlias(alias, 'alias');
  requireFreeAlias(scope);
  if (current.aliases.length >= KEY_ALIASES_MAX) {
    throw new SecretError('key-alias-limit', `A key has at most ${KEY_ALIASES_MAX} aliases.`);
  }
  const added = { alias, createTimeMs: nowMs, updateTimeMs: nowMs };
  return replaceKey(current, { aliases: inOrder([...current.aliases, added]) });
}

/**
 * Removes aliases, all of them or none. The key's own can only be replaced.
 * Throws key-default, key-pending-deletion, key-alias-not-found, invalid-parameter. @see KMS API, DeleteAlias
 */
export function removeAliases(current: Key, command: KeyCommandOf<'remove-aliases'>): KeyDecision {
  requireChangeableKey(current);
  const wanted = new Set(command.aliases);
  for (const alias of wanted) {
    if (alias === current.alias) {
      throw invalidParameter('aliases', 'names the key’s own alias, which update-key-alias can replace');
    }
    if (!current.aliases.some((present) => present.alias === alias))
      throw new SecretError('key-alias-not-found');
  }
  return replaceKey(current, { aliases: current.aliases.filter(({ alias }) => !wanted.has(alias)) });
}

function inOrder<T extends { readonly alias: string }>(aliases: readonly T[]): T[] {
  return aliases.toSorted((a, b) => (a.alias < b.alias ? -1 : 1));
}
