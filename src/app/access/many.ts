import type { ActionId } from '../../core/policy/actions.ts';
import type { Right } from '../../core/rights.ts';
import type { Check, Target } from './check.ts';
import { GRANTED } from './grants.ts';
import { waysByGrant, waysOf } from './ways.ts';

/** Nothing is known of what differs by row or item; where an item is a version, it is the latest. */
const EACH: Target = Object.freeze({ path: undefined, facts: { versionId: 'latest' }, unknown: [] });

/** Decides whether a list or a batch may be begun. Returns what has to be settled for each. Throws action-forbidden. */
export async function rightToBegin(check: Check, action: ActionId): Promise<Right | undefined> {
  const right = await rightToEach(check, action);
  const isGranted = right?.ways.some(({ secretIds }) => secretIds !== undefined) === true;
  if (isGranted || check.mayBegin(action, EACH)) return right;
  throw check.refusal(action, '*', right?.isExplicit === true);
}

/** What has to be settled for each row or item; undefined: nothing, since all are allowed. */
export async function rightToEach(check: Check, action: ActionId): Promise<Right | undefined> {
  const judged = check.judge(action, EACH);
  const isLearning = check.deps.learn !== undefined;
  if (judged.kind === 'allowed' && !isLearning) return undefined;
  const isExplicit = judged.kind === 'denied' && judged.isExplicit;
  const isGrantable = judged.kind !== 'allowed' && !isExplicit && GRANTED.has(action);
  const granted = isGrantable ? await waysByGrant(check, { action, target: EACH }) : [];
  return { action, urn: check.urnOf(action, ''), ways: [...waysOf(judged), ...granted], isExplicit };
}
