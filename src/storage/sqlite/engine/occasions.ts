import { createBoundedMap } from '../../../std/bounded-map.ts';

/** Projects whose count is kept; a dropped one begins anew. */
const PROJECTS_MAX = 10_000;

/**
 * Returns, for a project, whether it is time to do what need not be done every time: at first, then every so many times.
 */
export function createOccasion(every: number) {
  const counts = createBoundedMap<string, number>(PROJECTS_MAX);
  return (projectId: string): boolean => {
    const count = counts.get(projectId) ?? 0;
    counts.set(projectId, (count + 1) % every);
    return count === 0;
  };
}
