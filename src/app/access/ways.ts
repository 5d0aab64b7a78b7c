import type { ActionId } from '../../core/policy/actions.ts';
import type { Way } from '../../core/rights.ts';
import type { GranteeQuery } from '../ports/deps.ts';
import type { Check, Judgement, Target } from './check.ts';
import { grantedSecretIds } from './grants.ts';

/** The way that a judgement leaves, on these secrets or on all; none when it denies. */
export function waysOf(judged: Judgement, secretIds?: readonly string[]): readonly Way[] {
  if (judged.kind === 'denied') return [];
  const rests = judged.kind === 'open' ? judged.rests : [];
  return [secretIds === undefined ? { rests } : { rests, secretIds }];
}

/**
 * The way by grants to an action that they give; none without a grant in force, or when policies deny what it gives.
 * `secret`: the one that is meant; absent: all of the project.
 */
export async function waysByGrant(
  check: Check,
  asked: { readonly action: ActionId; readonly target: Target; readonly secret?: GranteeQuery['secret'] },
): Promise<readonly Way[]> {
  const { deps, projectId, request } = check;
  const judged = check.judgeGranted(asked.action, asked.target);
  if (judged.kind === 'denied') return [];
  const secretIds = await grantedSecretIds(deps, request.caller, { projectId, secret: asked.secret });
  return secretIds.length === 0 ? [] : waysOf(judged, secretIds);
}
