/**
 * To be called between two steps of long work, each of some milliseconds at most. Undefined: continue. A promise: wait
 * for it, so that others come first.
 */
export type Pause = () => Promise<void> | undefined;

/** Shares the thread of requests between projects with long requests. */
export interface Turns {
  pauseOf(projectId: string): Pause;
  /** Runs work of a project when no other such work of it is under way, and few of all projects; they take turns. */
  alone<T>(projectId: string, work: () => Promise<T>): Promise<T>;
}

/** The clock and the event loop; for tests. */
export interface TurnSources {
  /** Milliseconds of a clock that cannot be set. */
  nowMs(): number;
  /** Calls back in the next turn of the event loop. */
  defer(work: () => void): void;
}

/** How much of a turn of the event loop long work may take; one step may come on top. */
export const TURN_MS = 5;
/** Projects that may run work `alone` at one time; each holds what it has read so far. */
export const ALONE_MAX = 4;

const ENGINE: TurnSources = { nowMs: () => performance.now(), defer: (work) => setImmediate(work) };

/**
 * Creates the turns of one thread. In each turn of the event loop at most one waiting request continues, and the projects
 * take turns, however many requests each has: others wait for one step of a request, not for the whole.
 */
export function createTurns(sources: TurnSources = ENGINE): Turns {
  const resting = createLine();
  const places = createLine();
  const alone = new Set<string>();
  let sinceMs: number | undefined;
  let isDeferred = false;

  function deferNext(): void {
    if (isDeferred) return;
    isDeferred = true;
    sources.defer(() => {
      isDeferred = false;
      const resume = resting.next(() => true);
      sinceMs = resume && sources.nowMs();
      if (resume === undefined) return;
      resume();
      deferNext();
    });
  }

  function pause(projectId: string): Promise<void> | undefined {
    deferNext();
    sinceMs ??= sources.nowMs();
    if (sources.nowMs() - sinceMs < TURN_MS) return undefined;
    return resting.wait(projectId);
  }

  function fillPlaces(): void {
    while (alone.size < ALONE_MAX) {
      const start = places.next((projectId) => !alone.has(projectId));
      if (start === undefined) return;
      start();
    }
  }

  return {
    pauseOf: (projectId) => () => pause(projectId),
    async alone(projectId, work) {
      const place = places.wait(projectId, () => alone.add(projectId));
      fillPlaces();
      await place;
      try {
        return await work();
      } finally {
        alone.delete(projectId);
        places.putLast(projectId);
        fillPlaces();
      }
    },
  };
}

/** Waiting requests by project: the project that was served last comes last. */
function createLine() {
  const line = new Map<string, (() => void)[]>();

  function putLast(projectId: string): void {
    const own = line.get(projectId) ?? [];
    line.delete(projectId);
    if (own.length > 0) line.set(projectId, own);
  }

  return {
    wait(projectId: string, onStart?: () => void): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const own = line.get(projectId) ?? [];
      line.set(projectId, own);
      own.push(() => {
        onStart?.();
        resolve();
      });
      return promise;
    },
    next(mayGo: (projectId: string) => boolean): (() => void) | undefined {
      for (const [projectId, own] of line) {
        if (!mayGo(projectId)) continue;
        const first = own.shift();
        putLast(projectId);
        return first;
      }
      return undefined;
    },
    putLast,
  };
}
