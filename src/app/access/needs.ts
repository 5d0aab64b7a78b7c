import type { ActionId } from '../../core/policy/actions.ts';
import type { Right } from '../../core/rights.ts';
import { aliasIn } from '../kms/keys.ts';
import type { Check, Judgement, Target } from './check.ts';
import { GRANTED, GRANTED_ON_KEY } from './grants.ts';
import { secretOf } from './one.ts';
import { waysByGrant, waysOf } from './ways.ts';

/**
 * What the caller’s policies leave open about the actions on a key that its own `action` needs. Undefined: nothing, since
 * they allow them on every key.
 */
export function rightsToKey(
  check: Check,
  action: ActionId,
  needs: readonly ActionId[],
): readonly Right[] | undefined | Promise<readonly Right[]> {
  const { deps, request } = check;
  const requestAlias = aliasIn(request.kmsKeyId ?? '');
  const target: Target = { path: undefined, facts: { requestAlias }, unknown: [] };
  const judged = needs.map((need) => [need, check.judge(need, target)] as const);
  const open = deps.learn === undefined ? judged.filter(([, { kind }]) => kind !== 'allowed') : judged;
  if (open.length === 0) return undefined;
  return Promise.all(open.map(([need, judgement]) => rightToKey(check, { action, need, target, judgement })));
}

async function rightToKey(
  check: Check,
  asked: {
    readonly action: ActionId;
    readonly need: ActionId;
    readonly target: Target;
    readonly judgement: Judgement;
  },
): Promise<Right> {
  const { action, judgement, need, target } = asked;
  const isExplicit = judgement.kind === 'denied' && judgement.isExplicit;
  const isGrantable = judgement.kind !== 'allowed' && need === GRANTED_ON_KEY && GRANTED.has(action);
  const granted = isGrantable
    ? await waysByGrant(check, { action: need, target, secret: secretOf(check) })
    : [];
  return {
    action: need,
    urn: check.urnOf(need, ''),
    named: check.request.kmsKeyId ?? '*',
    ways: [...waysOf(judgement), ...granted],
    isExplicit,
    isPathHidden: target.facts.requestAlias !== undefined,
  };
}
