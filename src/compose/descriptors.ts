import { readFileSync } from 'node:fs';

/** Descriptors for everything else: the database, the log, outbound calls. */
const OTHERS = 128;
const OPEN_FILES = /^Max open files\s+(\d+)/m;

/**
 * How many connections the operating system allows this process, with some descriptors left for everything else; at least
 * one. Infinite where it does not say. At its own limit it would refuse newcomers, while idle connections could make room
 * for them.
 */
export function connectionsAllowed(limits: string = readLimits()): number {
  const [, count] = OPEN_FILES.exec(limits) ?? [];
  return count === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Number(count) - OTHERS);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    // Not Linux.
    return '';
  }
}
