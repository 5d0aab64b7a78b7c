import { DEFAULT_LIMITS, type Limits } from '../../core/limits.ts';
import type { Counts } from './comparison.ts';
import { planSeed } from './plan.ts';
import { EMPTY } from './present.ts';
import { readSeed } from './reading.ts';

/** Any project: what a seed says depends on none. */
const PROJECT_ID = '0'.repeat(32);

/**
 * Checks a seed without a server, as if it were for an empty one, and returns what would be created there. Throws
 * FileError (`file:line: key: reason`), never with a value.
 */
export function checkSeed(input: {
  readonly file: string;
  readonly text: string;
  readonly region: string;
  readonly nowMs: number;
  /** Absent: those of the service. */
  readonly limits?: Limits;
}): Counts {
  const { limits = DEFAULT_LIMITS, nowMs, region } = input;
  const context = { projectId: PROJECT_ID, region, limits, nowMs, policyNames: [] };
  const seed = readSeed(input, context);
  return planSeed(seed, EMPTY, { ...context, nowMs: seed.clockMs ?? nowMs }).counts;
}
