import { createBoundedMap } from '../../../std/bounded-map.ts';

/** Whether it is time, for a project, to do what need not be done every time. */
export type Occasion = (projectId: string) => boolean;

/** Projects whose count is kept; a dropped one begins anew. */
const PROJECTS_MAX = 10_000;

/** True the first time, and then every so many times. */
export function createOccasion(every: number): Occasion {
  const counts = createBoundedMap<string, number>(PROJECTS_MAX);
  return (projectId) => {
    const count = counts.get(projectId) ?? 0;
    counts.set(projectId, (count + 1) % every);
    return count === 0;
  };
}
