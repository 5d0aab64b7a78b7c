import type { KeyAlias } from '../../core/kms/keys.ts';
import type { Page } from '../pages.ts';
import type { Deps } from '../ports/deps.ts';
import { required } from '../required.ts';
import { changeKey, type KeyTarget, keysOf, showKey } from './keys.ts';

/** An alias and the key that it leads to. */
export interface AliasOfKey extends KeyAlias {
  readonly keyId: string;
}

/**
 * Adds an alias to a key. Throws key-not-found, key-id-invalid, key-default, key-pending-deletion, key-alias-exists,
 * key-alias-limit, invalid-parameter. @see KMS API, CreateAlias
 */
export async function addAlias(deps: Deps, target: KeyTarget, alias: string): Promise<AliasOfKey> {
  const key = await changeKey(deps, target, { kind: 'add-alias', alias });
  const added = required(key.aliases.find((known) => known.alias === alias));
  return { ...added, keyId: key.id };
}

/** Which aliases a page shows. */
export interface AliasQuery {
  readonly projectId: string;
  /** Absent: those of all keys. */
  readonly keyId: string | undefined;
  readonly limit: number;
  /** Exclusive; need not exist any more. */
  readonly afterAlias: string;
}

/** A page of aliases, in byte order. Throws key-not-found, key-id-invalid. @see KMS API, ListAliases */
export async function listAliases(deps: Deps, query: AliasQuery): Promise<Page<AliasOfKey>> {
  const { projectId, keyId, limit, afterAlias } = query;
  const keys =
    keyId === undefined ? await keysOf(deps, projectId) : [await showKey(deps, { projectId, keyId })];
  const following = keys
    .flatMap((key) => key.aliases.map((alias) => ({ ...alias, keyId: key.id })))
    .filter(({ alias }) => alias > afterAlias)
    .sort((a, b) => (a.alias < b.alias ? -1 : 1));
  return { entries: following.slice(0, limit), hasMore: following.length > limit };
}
