import type { Key } from '../../core/kms/keys.ts';
import { type KeyTagCondition, matchesKey } from '../../core/kms/tags.ts';
import type { Deps } from '../ports/deps.ts';
import { listKeys } from './keys.ts';

/** Which keys to find: those with every tag and every text in their alias. */
export interface KeySearch {
  readonly projectId: string;
  readonly tags: readonly KeyTagCondition[];
  readonly names: readonly string[];
  readonly limit: number;
  readonly offset: number;
}

/** Keys by their tags and aliases, in order of creation, and their total. @see KMS API, ListKmsByTags */
export function findKeysByTags(
  deps: Deps,
  search: KeySearch,
): Promise<{ readonly keys: readonly Key[]; readonly total: number }> {
  return listKeys(deps, { ...search, matches: (key) => matchesKey(key, search) });
}

/** Every tag key of a project with the values it has, both in byte order. @see KMS API, ListKmsTags */
export async function listProjectTags(deps: Deps, projectId: string): Promise<KeyTagCondition[]> {
  const values = new Map<string, Set<string>>();
  for (const { tags } of await deps.store.listKeys(projectId)) {
    for (const { key, value } of tags) values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  return [...values]
    .map(([key, found]) => ({ key, values: [...found].sort() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
