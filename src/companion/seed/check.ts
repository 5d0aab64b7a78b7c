import type { Limits } from '../../core/limits.ts';
import { parseAddressRules } from '../../webhook/address-rules.ts';
import { readWorldHooks } from '../hooks/world-hooks.ts';
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
  readonly limits: Limits;
  /** What hooks may call. @see the setting CSMS_WEBHOOK_HOSTS */
  readonly webhookHosts: string;
}): Counts {
  const { limits, nowMs, region, webhookHosts } = input;
  const context = { projectId: PROJECT_ID, region, limits, nowMs, policyNames: [] };
  const seed = readSeed(input, context);
  if (seed.hooks !== undefined) readWorldHooks(seed.hooks, parseAddressRules(webhookHosts));
  return planSeed(seed, EMPTY, { ...context, nowMs: seed.clockMs ?? nowMs }).counts;
}
