import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { PRESSURE } from '../wire/limits.ts';

/** Shows when the process is overloaded. */
export interface PressureGauge {
  /** True while new requests should be refused. */
  isHigh(): boolean;
  stop(): void;
}

/** What the gauge reads; for tests. */
export interface PressureSources {
  /** Milliseconds of a monotonic clock. */
  nowMs(): number;
  /** The used part of the heap, or of all memory that the process may have, whichever is fuller; 0 to 1. */
  memoryShare(): number;
}

const PROCESS: PressureSources = {
  nowMs: () => performance.now(),
  memoryShare() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return Math.max(used / limit, process.memoryUsage.rss() / memoryLimit());
  },
};

/** Bytes that the process may have: its container's limit or all of the machine. Buffers are not part of the heap. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Checks twice a second how late its own timer is, which is how long everything else waits too, and how full the heap and
 * the memory are.
 * Pressure is high from the second bad check in a row: a machine that was suspended for a moment has none.
 */
export function createPressureGauge(sources: PressureSources = PROCESS): PressureGauge {
  let badLooks = 0;
  let dueMs = sources.nowMs() + PRESSURE.intervalMs;
  const timer = setInterval(() => {
    const nowMs = sources.nowMs();
    const isBad = nowMs - dueMs > PRESSURE.delayMsMax || sources.memoryShare() > PRESSURE.memoryShareMax;
    badLooks = isBad ? badLooks + 1 : 0;
    dueMs = nowMs + PRESSURE.intervalMs;
  }, PRESSURE.intervalMs);
  timer.unref();
  return { isHigh: () => badLooks >= 2, stop: () => clearInterval(timer) };
}
