/** Calls that are under way beside each other, some of each project at most. */
export interface Lanes {
  /** Starts the work of a thing; false when it is under way already, or its project or all of them have no room. */
  start(thing: { readonly id: string; readonly projectId: string }, work: () => Promise<unknown>): boolean;
  /** Resolves when one of those under way has ended, at once when none is. Never rejects. */
  next(): Promise<unknown>;
  /** Resolves when all that is under way has ended. Never rejects. */
  idle(): Promise<unknown>;
  /** True when nothing is under way, and none of what ended has thrown what was not asked for. */
  isEmpty(): boolean;
  /** What the work threw since the last time that it was asked for. */
  takeError(): unknown;
}

/**
 * Makes lanes for background work that waits for others: slow ones continue beside what comes next, and a project that has a
 * slow one has a part of the lanes only, so nobody waits for another's endpoint.
 */
export function createLanes(room: { readonly all: number; readonly project: number }): Lanes {
  const driven = new Map<string, { readonly projectId: string; readonly end: Promise<unknown> }>();
  let failure: unknown;

  function hasRoom(projectId: string): boolean {
    const own = [...driven.values()].filter((one) => one.projectId === projectId);
    return driven.size < room.all && own.length < room.project;
  }

  return {
    start({ id, projectId }, work) {
      if (driven.has(id) || !hasRoom(projectId)) return false;
      const end = work()
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => driven.delete(id));
      driven.set(id, { projectId, end });
      return true;
    },
    next: async () =>
      driven.size === 0 ? undefined : Promise.race([...driven.values()].map(({ end }) => end)),
    idle: () => Promise.all([...driven.values()].map(({ end }) => end)),
    isEmpty: () => driven.size === 0 && failure === undefined,
    takeError() {
      const taken = failure;
      failure = undefined;
      return taken;
    },
  };
}
