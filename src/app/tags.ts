import { SecretError } from '../core/errors.ts';
import type { SecretAggregate, Tag } from '../core/secret.ts';
import type { Deps, SearchedSecrets, SecretSearch } from './ports.ts';

/** Names a secret by its id, as the operations on tags do. */
export interface SecretIdRef {
  readonly projectId: string;
  readonly secretId: string;
}

/** The values that a project's secrets have under one key. */
export interface TagValues {
  readonly key: string;
  readonly values: readonly string[];
}

/** The secret of that id, with its contents. Throws resource-not-found. */
export async function loadById(deps: Deps, ref: SecretIdRef): Promise<SecretAggregate> {
  const found = await deps.store.findSecretById(ref.projectId, ref.secretId);
  if (found === undefined) throw new SecretError('resource-not-found');
  return found;
}

/** A secret's tags, by key. Throws resource-not-found. @see API page ListSecretTags */
export async function listTags(deps: Deps, ref: SecretIdRef): Promise<readonly Tag[]> {
  return (await loadById(deps, ref)).tags;
}

/**
 * Adds tags or changes their values, all or none; keys are distinct.
 * Throws resource-not-found, secret-pending-deletion, tag-limit. @see API pages CreateSecretTag, BatchCreateOrDeleteTags
 */
export async function putTags(deps: Deps, ref: SecretIdRef, tags: readonly Tag[]): Promise<void> {
  await deps.store.change({
    ...(await commandBase(deps, ref)),
    kind: 'put-tags',
    tags,
    limits: deps.policy.limits,
  });
}

/**
 * Takes tags away, all or none. Throws resource-not-found, also for a key that is not there if that is to be refused;
 * secret-pending-deletion. @see API pages DeleteSecretTag, BatchCreateOrDeleteTags
 */
export async function removeTags(
  deps: Deps,
  ref: SecretIdRef,
  input: { readonly keys: readonly string[]; readonly absent: 'refuse' | 'ignore' },
): Promise<void> {
  await deps.store.change({ ...(await commandBase(deps, ref)), kind: 'remove-tags', ...input });
}

/** The tags of all secrets of a project, by key, each with its values in order. @see API page ListProjectSecretsTags */
export async function listProjectTags(deps: Deps, projectId: string): Promise<TagValues[]> {
  const { store, turns } = deps;
  const pause = turns.pauseOf(projectId);
  const pairs = await turns.alone(projectId, async () => store.listTags(projectId, pause));
  const all: { readonly key: string; readonly values: string[] }[] = [];
  for (const { key, value } of pairs) {
    const last = all.at(-1);
    if (last?.key === key) last.values.push(value);
    else all.push({ key, values: [value] });
  }
  return all;
}

/**
 * Finds secrets by tags and parts of their names. A part without characters matches nothing.
 * @see API page ListResourceInstances
 */
export async function searchSecrets(deps: Deps, search: SecretSearch): Promise<SearchedSecrets> {
  if (search.nameParts.includes('')) return { total: 0, secrets: [] };
  const { store, turns } = deps;
  const pause = turns.pauseOf(search.projectId);
  return turns.alone(search.projectId, async () => store.searchSecrets(search, pause));
}

/** Commands name a secret by project and name; the id tells whether it is still the same one. */
async function commandBase(deps: Deps, { projectId, secretId: id }: SecretIdRef) {
  const { name } = (await loadById(deps, { projectId, secretId: id })).secret;
  return { aggregate: 'secret', ref: { projectId, name }, id, nowMs: deps.clock.nowMs() } as const;
}
