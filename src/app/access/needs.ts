import type { ActionId } from '../../core/policy/actions.ts';
import type { Right, Way } from '../../core/rights.ts';
import { aliasIn } from '../kms/keys.ts';
import type { Check, Judgement, Target } from './check.ts';
import { GRANTED, GRANTED_ON_KEY, grantedSecretIds } from './grants.ts';
import { secretOf } from './one.ts';

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
  const ways: Way[] =
    judgement.kind === 'denied' ? [] : [{ rests: judgement.kind === 'open' ? judgement.rests : [] }];
  if (judgement.kind !== 'allowed' && need === GRANTED_ON_KEY && GRANTED.has(action)) {
    const granted = check.judgeGranted(need, target);
    const { deps, projectId, request } = check;
    const secret = secretOf(check);
    const secretIds =
      granted.kind === 'denied' ? [] : await grantedSecretIds(deps, request.caller, { projectId, secret });
    if (secretIds.length > 0) ways.push({ rests: granted.kind === 'open' ? granted.rests : [], secretIds });
  }
  return {
    action: need,
    urn: check.urnOf(need, ''),
    named: check.request.kmsKeyId ?? '*',
    ways,
    isExplicit,
    isPathHidden: target.facts.requestAlias !== undefined,
  };
}
