/** Waits that all end when the server stops. */
export interface Delays {
  /** Calls `next` after so many milliseconds, at once for none, or as soon as `end` has been called. */
  before(ms: number, next: () => void): void;
  /** Ends all waits, those to come included. */
  end(): void;
}

/** Creates waits by the machine's time. A wait is a timer: it keeps nothing else from running. */
export function createDelays(): Delays {
  const waiting = new Map<NodeJS.Timeout, () => void>();
  let hasEnded = false;
  return {
    before(ms, next) {
      if (ms === 0 || hasEnded) {
        next();
        return;
      }
      const timer = setTimeout(() => {
        waiting.delete(timer);
        next();
      }, ms);
      waiting.set(timer, next);
    },
    end() {
      hasEnded = true;
      const left = [...waiting];
      waiting.clear();
      for (const [timer, next] of left) {
        clearTimeout(timer);
        next();
      }
    },
  };
}
