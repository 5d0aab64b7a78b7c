/** Concurrent calls, bounded in all and for each project. */
export interface Lanes {
  /** Starts the work of a thing; false when it is already under way, or there is no room, for its project or at all. */
  start(thing: { readonly id: string; readonly projectId: string }, work: () => Promise<unknown>): boolean;
  /** Resolves when one of the calls has ended, at once when there is none. Never rejects. */
  next(): Promise<unknown>;
  /** Resolves when all that is under way has ended. Never rejects. */
  idle(): Promise<unknown>;
  /** True when nothing is under way and no error waits to be taken. */
  isEmpty(): boolean;
  /** What work has thrown since the last call of this. */
  takeError(): unknown;
}

/**
 * Creates lanes for background work that waits for endpoints: slow calls continue while others start, and a project has
 * only a part of the lanes, so no project waits for another's endpoint.
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
