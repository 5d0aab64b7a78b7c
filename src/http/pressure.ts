import { getHeapStatistics } from 'node:v8';
import { PRESSURE } from './limits.ts';

/** Tells when the process has more to do than it can. */
export interface PressureGauge {
  /** True while new requests should be sent away. */
  isHigh(): boolean;
  stop(): void;
}

/** What the gauge looks at; for tests. */
export interface PressureSources {
  /** Milliseconds of a clock that nobody sets. */
  nowMs(): number;
  /** Used part of the heap that the process may have, 0 to 1. */
  heapShare(): number;
}

const PROCESS: PressureSources = {
  nowMs: () => performance.now(),
  heapShare() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return used / limit;
  },
};

/**
 * Looks twice a second how late its own timer is, which is how long everything else waits too, and how full the heap is.
 * Pressure is high from the second bad look in a row: a machine that stood still for a moment has none.
 * @see reliability.md 5.2, D-33
 */
export function createPressureGauge(sources: PressureSources = PROCESS): PressureGauge {
  let badLooks = 0;
  let dueMs = sources.nowMs() + PRESSURE.intervalMs;
  const timer = setInterval(() => {
    const nowMs = sources.nowMs();
    const isBad = nowMs - dueMs > PRESSURE.delayMsMax || sources.heapShare() > PRESSURE.heapShareMax;
    badLooks = isBad ? badLooks + 1 : 0;
    dueMs = nowMs + PRESSURE.intervalMs;
  }, PRESSURE.intervalMs);
  timer.unref();
  return { isHigh: () => badLooks >= 2, stop: () => clearInterval(timer) };
}
