import type { Store, Walk } from '../../src/app/ports/deps.ts';

/** A walk that finds these in one step. */
export function walkOf<T, R>(entries: readonly T[], end: R): Walk<T, R> {
  const steps: IteratorResult<readonly T[], R>[] = [{ done: false, value: entries }];
  return { next: () => steps.shift() ?? { done: true, value: end } };
}

/** Goes a walk to its end, with a pause in front of each step; answers all that it finds. */
export async function walked<T, R>(
  walk: Walk<T, R>,
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<{ readonly entries: T[]; readonly end: R }> {
  const entries: T[] = [];
  for (;;) {
    await pause();
    const { done, value } = await walk.next();
    if (done) return { entries, end: value };
    entries.push(...value);
  }
}

/** Every tag of a project, from the store. */
export async function tagsOfProject(store: Store, projectId: string) {
  return (await walked(store.listTags(projectId))).entries;
}

/** All that a search of the store finds. */
export async function searched(store: Store, query: Parameters<Store['searchSecrets']>[0]) {
  const { end: total, entries: secrets } = await walked(store.searchSecrets(query));
  return { total, secrets };
}
