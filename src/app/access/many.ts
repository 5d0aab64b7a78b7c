import type { ActionId } from '../../core/policy/actions.ts';
import type { Right, Way } from '../../core/rights.ts';
import type { Check, Target } from './check.ts';
import { GRANTED, grantedSecretIds } from './grants.ts';

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
  const ways: Way[] = judged.kind === 'denied' ? [] : [{ rests: judged.kind === 'open' ? judged.rests : [] }];
  const isExplicit = judged.kind === 'denied' && judged.isExplicit;
  if (judged.kind !== 'allowed' && !isExplicit && GRANTED.has(action)) {
    const granted = await wayByGrant(check, action);
    if (granted !== undefined) ways.push(granted);
  }
  return { action, urn: check.urnOf(action, ''), ways, isExplicit };
}

async function wayByGrant(check: Check, action: ActionId): Promise<Way | undefined> {
  const judged = check.judgeGranted(action, EACH);
  if (judged.kind === 'denied') return undefined;
  const { deps, projectId, request } = check;
  const secretIds = await grantedSecretIds(deps, request.caller, { projectId });
  if (secretIds.length === 0) return undefined;
  return { rests: judged.kind === 'open' ? judged.rests : [], secretIds };
}
