import type { SecretIdRef, Tag } from '../../core/secrets/secrets.ts';
import { change } from '../change.ts';
import { walkFitting } from '../pages.ts';
import type { Deps, FoundSecret, SecretSearch, Walk } from '../ports/deps.ts';
import { loadById } from './secrets.ts';

/** Entries that are read before the consumer has to take them; the last step may bring as many more. */
const SLICE_ENTRIES = 32;

/** A secret's tags, by key. Throws resource-not-found. @see API page ListSecretTags */
export async function listTags(deps: Deps, ref: SecretIdRef): Promise<readonly Tag[]> {
  return (await loadById(deps, ref)).tags;
}

/**
 * Adds tags or changes their values, all or none; keys are distinct.
 * Throws resource-not-found, secret-pending-deletion, tag-limit. @see API pages CreateSecretTag, BatchCreateOrDeleteTags
 */
export async function putTags(deps: Deps, ref: SecretIdRef, tags: readonly Tag[]): Promise<void> {
  await change(deps, { ...(await commandBase(deps, ref)), kind: 'put-tags', tags });
}

/**
 * Removes tags, all or none. Throws resource-not-found, also for an absent key if that is to be refused;
 * secret-pending-deletion. @see API pages DeleteSecretTag, BatchCreateOrDeleteTags
 */
export async function removeTags(
  deps: Deps,
  ref: SecretIdRef,
  input: { readonly keys: readonly string[]; readonly absent: 'refuse' | 'ignore' },
): Promise<void> {
  await change(deps, { ...(await commandBase(deps, ref)), kind: 'remove-tags', ...input });
}

/**
 * The tags of all secrets of a project, by key and value, some at a time: the consumer has to take them before more are
 * read. @see API page ListProjectSecretsTags
 */
export function listProjectTags(deps: Deps, projectId: string): AsyncGenerator<readonly Tag[], undefined> {
  return inSlices(deps, projectId, deps.store.listTags(projectId));
}

/**
 * Finds secrets by tags and parts of their names, some at a time; returns how many there are on all pages. A part without
 * characters matches nothing. @see API page ListResourceInstances
 */
export function searchSecrets(
  deps: Deps,
  search: SecretSearch,
): AsyncGenerator<readonly FoundSecret[], number> {
  const isEmpty = search.nameParts.includes('');
  const walk = isEmpty ? { next: () => FOUND_NOTHING } : searchSeen(deps, search);
  return inSlices(deps, search.projectId, walk);
}

/** For an actor who does not see all secrets, all have to be read, for the total. */
function searchSeen({ sees, store }: Deps, search: SecretSearch): Walk<FoundSecret, number> {
  if (sees === undefined) return store.searchSecrets(search);
  const all = store.searchSecrets({ ...search, offset: 0, limit: Number.MAX_SAFE_INTEGER });
  return walkFitting(all, { ...search, fits: (found) => sees.secret(found) });
}

const FOUND_NOTHING = { done: true, value: 0 } as const;

/**
 * Reads a project's secrets in slices small enough to hold in memory. The project has no other such work under way
 * meanwhile, except between two slices, where the peer may pause as long as it likes.
 */
async function* inSlices<T, R>(
  { turns }: Deps,
  projectId: string,
  walk: Walk<T, R>,
): AsyncGenerator<readonly T[], R> {
  const pause = turns.pauseOf(projectId);
  for (;;) {
    const slice: T[] = [];
    const end = await turns.alone(projectId, async () => {
      while (slice.length < SLICE_ENTRIES) {
        const others = pause();
        if (others !== undefined) await others;
        const step = await walk.next();
        if (step.done) return step;
        slice.push(...step.value);
      }
      return undefined;
    });
    if (slice.length > 0) yield slice;
    if (end !== undefined) return end.value;
  }
}

/** Commands name a secret by project and name; the id shows whether it is still the same one. */
async function commandBase(deps: Deps, { projectId, secretId: id }: SecretIdRef) {
  const { name } = (await loadById(deps, { projectId, secretId: id })).secret;
  return { aggregate: 'secret', ref: { projectId, name }, id } as const;
}
