import { readFileSync } from 'node:fs';

/** What else a server has open: its database, its log, what it calls. */
const OTHERS = 128;
const OPEN_FILES = /^Max open files\s+(\d+)/m;

/**
 * How many connections the operating system lets this process have, with some descriptors left for all else; at least one.
 * Infinite where it does not say. Beyond its own limit it would refuse newcomers, and no idle connection made room for them.
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
