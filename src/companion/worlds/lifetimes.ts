/** When worlds that nobody uses end. One timer serves all of them. */
export interface Lifetimes {
  /** From now on the world ends when it has not been used for `ttlMs` milliseconds. */
  begin(name: string, ttlMs: number): void;
  end(name: string): void;
  /** To be called when a use begins; returns what is to be called when it is over. Without effect on other worlds. */
  use(name: string): () => void;
  /** Nothing ends from then on. */
  stop(): void;
}

interface Life {
  readonly ttlMs: number;
  usedMs: number;
  uses: number;
}

/** Creates lifetimes. `nowMs`: a clock that only rises; `onEnd` is called once for each world that has ended. */
export function createLifetimes(nowMs: () => number, onEnd: (name: string) => void): Lifetimes {
  const lives = new Map<string, Life>();
  let timer: NodeJS.Timeout | undefined;
  /** When the timer fires, by the same clock. */
  let nextMs = Number.POSITIVE_INFINITY;

  function arm(atMs: number): void {
    if (atMs >= nextMs) return;
    clearTimeout(timer);
    nextMs = atMs;
    timer = setTimeout(look, Math.max(1, Math.ceil(atMs - nowMs()))).unref();
  }

  function look(): void {
    nextMs = Number.POSITIVE_INFINITY;
    const now = nowMs();
    for (const [name, { ttlMs, usedMs, uses }] of lives) {
      // What is in use is looked after when that ends.
      if (uses > 0) continue;
      if (usedMs + ttlMs > now) arm(usedMs + ttlMs);
      else {
        lives.delete(name);
        onEnd(name);
      }
    }
  }

  return {
    begin(name, ttlMs) {
      lives.set(name, { ttlMs, usedMs: nowMs(), uses: 0 });
      arm(nowMs() + ttlMs);
    },
    end: (name) => void lives.delete(name),
    use(name) {
      const life = lives.get(name);
      if (life === undefined) return () => undefined;
      life.uses += 1;
      return () => {
        life.uses -= 1;
        life.usedMs = nowMs();
        if (life.uses === 0 && lives.get(name) === life) arm(life.usedMs + life.ttlMs);
      };
    },
    stop() {
      lives.clear();
      clearTimeout(timer);
    },
  };
}
